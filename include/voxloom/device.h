// Where a tensor's elements live. The CPU is one device; others are a kind and a number.
#pragma once

#include <cstdint>
#include <string>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

enum class DeviceKind : std::uint8_t {
  cpu,
  cuda,
  other  // a backend of the program's own
};

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  std::int32_t index = 0;

  [[nodiscard]] bool is_host() const { return kind == DeviceKind::cpu; }
  friend bool operator==(const Device&, const Device&) = default;
};

[[nodiscard]] std::string to_string(const Device& device);  // "cpu", "cuda:0"

}  // namespace voxloom
