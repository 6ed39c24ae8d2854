// Buffer: bytes that somebody keeps alive. A tensor is a shape on a buffer. The bytes are the
// library's own, or borrowed from a caller whose `owner` is let go when the last tensor on them is.
#pragma once

#include <cstddef>
#include <memory>

#include "voxloom/device.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

struct Buffer {
  std::byte* data = nullptr;  // an address on `device`
  std::size_t bytes = 0;
  Device device = {};
  std::shared_ptr<const void> owner = {};  // null: an undefined buffer
  bool is_writable = true;
  bool is_borrowed =
      false;  // others may look at the bytes: nothing is written over for its own use

  [[nodiscard]] bool defined() const { return owner != nullptr; }
  // Nobody else looks at the bytes.
  [[nodiscard]] bool is_unique() const {
    return owner.use_count() == 1 && is_writable && !is_borrowed;
  }
};

// `bytes` uninitialised bytes on a device; on the CPU from the current pool (memory.h), 64-byte aligned.
// ResourceError when there are none left; std::invalid_argument for a device that this process has not.
[[nodiscard]] Buffer allocate(std::size_t bytes, Device device = {});

// Copies between devices, or on one; the sizes are equal.
void copy(const Buffer& from, const Buffer& to);

}  // namespace voxloom
