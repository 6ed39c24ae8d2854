// Errors. Misuse of an operation throws std::invalid_argument; the two types below say what else can
// go wrong. Every message starts with the operation's name in brackets and tells what was expected
// and what came. The library never prints, aborts or exits.
#pragma once

#include <stdexcept>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

// Bad data in a file: truncated, oversized, lying, or of the wrong kind.
class FormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// More memory, rows or map entries than the machine or the library's 32-bit rows can hold.
class ResourceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace voxloom
