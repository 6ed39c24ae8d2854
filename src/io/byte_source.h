// Where the bytes of a file come from. Nothing outside [0, size) is ever read: a range that is not
// there is a FormatError. Messages start with the operation that the bytes are read for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/failure.h"

namespace voxloom::io {

class ByteSource {
 public:
  ByteSource(FileName name, std::int64_t size) : name_(std::move(name)), size_(size) {}
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  [[nodiscard]] const std::string& name() const { return name_.name; }  // for messages
  [[nodiscard]] const FileName& file() const { return name_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  void read(std::int64_t offset, std::span<std::byte> out);

 private:
  virtual void read_checked(std::int64_t offset, std::span<std::byte> out) = 0;

  FileName name_;
  std::int64_t size_;
};

using Bytes = std::shared_ptr<ByteSource>;  // several columns may lie in one file

[[nodiscard]] Bytes open_file(const std::filesystem::path& path, std::string_view op = kReadScan);
[[nodiscard]] Bytes over_memory(std::span<const std::byte> bytes, FileName name);
[[nodiscard]] Bytes own_memory(std::vector<std::byte> bytes, FileName name);
// `size` bytes from `begin` on; they must be there. Its operation is that of the whole.
[[nodiscard]] Bytes part_of(Bytes whole, std::int64_t begin, std::int64_t size,
                            std::string_view name);

// A little-endian value out of raw bytes. The caller has checked the range.
template <typename T>
[[nodiscard]] T load(std::span<const std::byte> bytes, std::int64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// Reads front to back through a window, for data whose records differ in length.
class Cursor {
 public:
  Cursor(Bytes source, std::int64_t offset) : source_(std::move(source)), offset_(offset) {}

  [[nodiscard]] std::int64_t offset() const { return offset_; }
  [[nodiscard]] std::int64_t remaining() const { return source_->size() - offset_; }
  // The next `count` bytes (at most 64 KiB); valid until the next call.
  [[nodiscard]] std::span<const std::byte> take(std::int64_t count);
  void skip(std::int64_t count);

 private:
  Bytes source_;
  std::int64_t offset_;
  std::int64_t window_begin_ = 0;
  std::vector<std::byte> window_;
};

}  // namespace voxloom::io
