// What a shared library shows: a public header opens `namespace VOXLOOM_API voxloom`, and everything
// else is compiled hidden.
#pragma once

#if defined(__GNUC__)
#define VOXLOOM_API [[gnu::visibility("default")]]
#else
#define VOXLOOM_API
#endif
