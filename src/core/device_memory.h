// The memory of devices other than the CPU: a backend registers itself as the one who has it.
#pragma once

#include <cstddef>

#include "voxloom/buffer.h"

namespace voxloom {

class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  [[nodiscard]] virtual Buffer allocate(std::size_t bytes, Device device) = 0;
  // One side at least is a device of this kind, the other this kind or the CPU.
  virtual void copy(const Buffer& from, const Buffer& to) = 0;
};

// Null takes it back. Not while tensors of this kind are made.
void register_device_memory(DeviceKind kind, DeviceMemory* memory);

}  // namespace voxloom
