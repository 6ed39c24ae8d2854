#include "voxloom/buffer.h"

#include <array>
#include <atomic>
#include <cstring>

#include "core/device_memory.h"
#include "core/error.h"
#include "voxloom/memory.h"

namespace voxloom {
namespace {

std::array<std::atomic<DeviceMemory*>, 3> memories = {};

}  // namespace

std::string to_string(const Device& device) {
  switch (device.kind) {
    case DeviceKind::cpu: return "cpu";
    case DeviceKind::cuda: return fmt::format("cuda:{}", device.index);
    case DeviceKind::other: break;
  }
  return fmt::format("other:{}", device.index);
}

DeviceMemory& device_memory(Device device) {
  const auto kind = static_cast<std::size_t>(device.kind);  // a caller's number, for all we know
  DeviceMemory* memory = kind < memories.size() ? memories[kind].load() : nullptr;
  require(memory != nullptr, "device", "this program has no device '{}'", to_string(device));
  return *memory;
}

void register_device_memory(DeviceKind kind, DeviceMemory* memory) {
  require(kind != DeviceKind::cpu, "device", "the CPU's memory is the library's own");
  memories[static_cast<std::size_t>(kind)].store(memory);
}

Buffer allocate(std::size_t bytes, Device device) {
  if (!device.is_host()) return device_memory(device).allocate(bytes, device);
  std::shared_ptr<std::byte> data = allocate_bytes(bytes);
  std::byte* address = data.get();
  return {.data = address, .bytes = bytes, .device = {}, .owner = std::move(data)};
}

void copy(const Buffer& from, const Buffer& to) {
  require(from.bytes == to.bytes && to.is_writable, "copy", "{} bytes do not go into {} {}",
          from.bytes, to.bytes, to.is_writable ? "bytes" : "read-only bytes");
  if (from.bytes == 0) return;
  if (!from.device.is_host()) return device_memory(from.device).copy(from, to);
  if (!to.device.is_host()) return device_memory(to.device).copy(from, to);
  std::memcpy(to.data, from.data, from.bytes);
}

}  // namespace voxloom
