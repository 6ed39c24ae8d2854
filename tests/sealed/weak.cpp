// A leak as it happens in practice: an inline function that both a kernel and the rest use. The
// linker keeps one copy, perhaps the one compiled for AVX-512.
[[gnu::noinline]] inline float leak(float x) { return x * x; }

float kernel(float x) { return leak(x); }
