#include <voxloom/version.h>

#include <cstdio>

static_assert(VOXLOOM_VERSION_MAJOR == 0 && VOXLOOM_VERSION_MINOR >= 1);

int main() { std::puts(voxloom::version()); }
