// Any bytes either read, and then write and read back the same, or throw FormatError.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "voxloom/error.h"
#include "voxloom/safetensors.h"

namespace {

bool same(const voxloom::TensorMap& a, const voxloom::TensorMap& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second.shape() != tensor.shape() ||
        other->second.dtype() != tensor.dtype() ||
        !std::equal(tensor.raw(), tensor.raw() + tensor.bytes(), other->second.raw())) {
      return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const voxloom::Safetensors file =
        voxloom::parse_safetensors(std::as_bytes(std::span(data, size)));
    const auto written = voxloom::format_safetensors(file.tensors, file.metadata);
    const voxloom::Safetensors again = voxloom::parse_safetensors(written);
    if (!same(file.tensors, again.tensors) || file.metadata != again.metadata) std::abort();
  } catch (const voxloom::FormatError&) {
  }
  return 0;
}
