// The JSON in front of a safetensors file, read and checked without touching the data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/dtype.h"
#include "voxloom/safetensors.h"
#include "voxloom/tensor.h"

namespace voxloom {

struct SafetensorsEntry {
  std::string name;
  std::string type;            // as written: "F32"
  std::optional<DType> dtype;  // none: a type that Tensor does not hold
  Shape shape;
  std::uint64_t begin = 0, end = 0;  // within the data
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // ascending offsets
  MetadataMap metadata;
};

// What other writers and readers of the format agree on.
inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

// FormatError unless the entries are well formed and cover `data_bytes` exactly. `file` is for
// messages.
[[nodiscard]] SafetensorsHeader parse_safetensors_header(std::string_view json,
                                                         std::uint64_t data_bytes,
                                                         std::string_view file);

// The first eight bytes and the JSON, padded so that the data starts at a multiple of eight; the
// entries' offsets are filled in, in their order.
[[nodiscard]] std::string format_safetensors_header(std::vector<SafetensorsEntry>& entries,
                                                    const MetadataMap& metadata);

[[nodiscard]] std::string_view safetensors_type(DType dtype);

[[noreturn]] void throw_safetensors(std::string_view file, const std::string& message);

}  // namespace voxloom
