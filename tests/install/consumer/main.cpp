#include <voxloom/version.h>

#include <cstdio>

int main() { std::puts(voxloom::version()); }
