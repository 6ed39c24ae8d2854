// safetensors: named arrays in one file.
//
//   u64, little endian: N | N bytes of JSON | data
//   {"name": {"dtype": "F32", "shape": [3,4], "data_offsets": [begin, end]}, ...,
//    "__metadata__": {"key": "value", ...}}
//
// Offsets count from the start of the data; the arrays cover it without gap or overlap. Bytes are
// little endian and row-major. A reader never allocates more than the file's own size for the data.
// Errors: FormatError with the file, the array or the offset, and the reason; writing throws
// std::invalid_argument for misuse and std::system_error when the file cannot be written.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/tensor.h"

namespace VOXLOOM_API voxloom {

using TensorMap = std::map<std::string, Tensor>;
using MetadataMap = std::map<std::string, std::string>;

struct Safetensors {
  TensorMap tensors;
  MetadataMap metadata;
  // Arrays of an element type that Tensor does not hold (F8_E4M3, BOOL, ...): name -> type. They are
  // no error until somebody asks for them.
  std::map<std::string, std::string> unreadable;

  // FormatError when there is no such array, or when it is one of the unreadable ones.
  [[nodiscard]] const Tensor& at(const std::string& name) const;
};

[[nodiscard]] Safetensors read_safetensors(const std::filesystem::path& file);
// `name` stands for the file in messages.
[[nodiscard]] Safetensors parse_safetensors(std::span<const std::byte> bytes,
                                            std::string_view name = "safetensors");

// Larger element types first, then by name: every array is aligned to its element. The file appears
// whole or not at all: it is written under a temporary name beside `file`, then renamed.
void write_safetensors(const std::filesystem::path& file, const TensorMap& tensors,
                       const MetadataMap& metadata = {});
[[nodiscard]] std::vector<std::byte> format_safetensors(const TensorMap& tensors,
                                                        const MetadataMap& metadata = {});

}  // namespace voxloom
