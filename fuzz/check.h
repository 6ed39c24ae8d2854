// What a fuzzer found is a crash.
#pragma once

#include <cstdlib>

namespace voxloom::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace voxloom::fuzz
