#include "cpu/scratch.h"

#include <memory>

#include "voxloom/memory.h"

namespace voxloom::cpu {
namespace {

struct Buffer {
  std::shared_ptr<std::byte> bytes;
  std::int64_t floats = 0;
};
thread_local Buffer buffer;

}  // namespace

std::span<float> thread_scratch(std::int64_t count) {
  if (buffer.floats < count) {
    buffer = {};
    buffer.bytes = allocate_system_bytes(static_cast<std::size_t>(count) * sizeof(float));
    buffer.floats = count;
  }
  return {reinterpret_cast<float*>(buffer.bytes.get()), static_cast<std::size_t>(count)};
}

}  // namespace voxloom::cpu
