// The memory of devices other than the CPU: a backend registers itself as the one who has it.
#pragma once

#include <cstddef>

#include "voxloom/buffer.h"
#include "voxloom/dtype.h"

namespace voxloom {

class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  [[nodiscard]] virtual Buffer allocate(std::size_t bytes, Device device) = 0;
  // One side at least is a device of this kind, the other this kind or the CPU.
  virtual void copy(const Buffer& from, const Buffer& to) = 0;
  // Every element `value`, rounded to the dtype. An element that is no float type is only ever 0.
  virtual void fill(const Buffer& to, DType dtype, float value) = 0;
  // Float types, element by element through float32; as many elements on both sides, of one device.
  virtual void convert(const Buffer& from, DType from_dtype, const Buffer& to, DType to_dtype) = 0;
};

// std::invalid_argument when this program has none for the device, which is not the CPU.
[[nodiscard]] DeviceMemory& device_memory(Device device);

// Null takes it back. Not while tensors of this kind are made.
void register_device_memory(DeviceKind kind, DeviceMemory* memory);

}  // namespace voxloom
