// Any bytes either read as a checkpoint, the same twice, or throw one of the two errors that are meant for it.
// Whatever they read as is looked at by what tells libraries apart.
#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>

#include "check.h"
#include "voxloom/checkpoint.h"
#include "voxloom/error.h"
#include "voxloom/import_network.h"

namespace voxloom::fuzz {
namespace {

using checkpoint::Checkpoint;
using checkpoint::library_of;
using checkpoint::parse_checkpoint;

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::equal(a.raw(), a.raw() + a.bytes(), b.raw());
}

void check(std::span<const std::byte> bytes) {
  Checkpoint file;
  try {
    file = parse_checkpoint(bytes);
  } catch (const FormatError&) {
    return;
  } catch (const ResourceError&) {
    return;
  }
  const Checkpoint again = parse_checkpoint(bytes);
  require(file.tensors.size() == again.tensors.size() && file.unwrapped == again.unwrapped &&
          file.others == again.others);
  for (const auto& [name, tensor] : file.tensors) {
    require(again.tensors.contains(name) && same(tensor, again.tensors.at(name)));
    require(!file.others.contains(name));
  }
  try {
    static_cast<void>(library_of(file.tensors));
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace
}  // namespace voxloom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  voxloom::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
