// A kernel that calls out: what it calls may be compiled for anything, or throw.
float leak(float x);

float kernel(float x) { return leak(x) * 2.0F; }
