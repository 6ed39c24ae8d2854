#include "io/byte_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "io/failure.h"

namespace voxloom::io {
namespace {

namespace fs = std::filesystem;

class FileBytes final : public ByteSource {
 public:
  FileBytes(int descriptor, FileName name, std::int64_t size)
      : ByteSource(std::move(name), size), descriptor_(descriptor) {}
  ~FileBytes() override { ::close(descriptor_); }

 private:
  void read_checked(std::int64_t offset, std::span<std::byte> out) override {
    while (!out.empty()) {
      const ssize_t got = ::pread(descriptor_, out.data(), out.size(), offset);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_byte(file(), offset, "{}", std::generic_category().message(errno));
      if (got == 0) fail_byte(file(), offset, "the file became shorter while it was read");
      out = out.subspan(static_cast<std::size_t>(got));
      offset += got;
    }
  }

  int descriptor_;
};

class MemoryBytes final : public ByteSource {
 public:
  MemoryBytes(std::span<const std::byte> bytes, FileName name)
      : ByteSource(std::move(name), static_cast<std::int64_t>(bytes.size())), bytes_(bytes) {}
  MemoryBytes(std::vector<std::byte> bytes, FileName name)
      : ByteSource(std::move(name), static_cast<std::int64_t>(bytes.size())),
        owned_(std::move(bytes)),
        bytes_(owned_) {}

 private:
  void read_checked(std::int64_t offset, std::span<std::byte> out) override {
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }

  std::vector<std::byte> owned_;
  std::span<const std::byte> bytes_;
};

class PartBytes final : public ByteSource {
 public:
  PartBytes(Bytes whole, std::int64_t begin, std::int64_t size, std::string_view name)
      : ByteSource({whole->file().op, std::string(name)}, size),
        whole_(std::move(whole)),
        begin_(begin) {}

 private:
  void read_checked(std::int64_t offset, std::span<std::byte> out) override {
    whole_->read(begin_ + offset, out);
  }

  Bytes whole_;
  std::int64_t begin_;
};

}  // namespace

void ByteSource::read(std::int64_t offset, std::span<std::byte> out) {
  const auto count = static_cast<std::int64_t>(out.size());
  if (offset < 0 || offset > size_ || count > size_ - offset) {
    fail_byte(file(), std::max<std::int64_t>(offset, 0),
              "{} bytes expected, but the file ends at {}", count, size_);
  }
  if (count > 0) read_checked(offset, out);
}

Bytes open_file(const fs::path& path, std::string_view op) {
  FileName name{op, path.string()};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) fail_file(name, "there is no such file");
  if (!fs::is_regular_file(status)) fail_file(name, "is not a regular file");
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_file(name, "{}", std::generic_category().message(errno));
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  return std::make_shared<FileBytes>(descriptor, std::move(name), size);
}

Bytes over_memory(std::span<const std::byte> bytes, FileName name) {
  return std::make_shared<MemoryBytes>(bytes, std::move(name));
}

Bytes own_memory(std::vector<std::byte> bytes, FileName name) {
  return std::make_shared<MemoryBytes>(std::move(bytes), std::move(name));
}

Bytes part_of(Bytes whole, std::int64_t begin, std::int64_t size, std::string_view name) {
  if (begin < 0 || size < 0 || begin > whole->size() || size > whole->size() - begin) {
    fail_byte(whole->file(), begin, "{} bytes expected, but the file ends at {}", size,
              whole->size());
  }
  return std::make_shared<PartBytes>(std::move(whole), begin, size, name);
}

std::span<const std::byte> Cursor::take(std::int64_t count) {
  constexpr std::int64_t kWindow = 1 << 16;
  const std::int64_t window_end = window_begin_ + static_cast<std::int64_t>(window_.size());
  if (offset_ < window_begin_ || offset_ + count > window_end) {
    window_.resize(static_cast<std::size_t>(std::clamp(remaining(), count, kWindow)));
    source_->read(offset_, window_);
    window_begin_ = offset_;
  }
  const auto at = static_cast<std::size_t>(offset_ - window_begin_);
  offset_ += count;
  return std::span<const std::byte>(window_).subspan(at, static_cast<std::size_t>(count));
}

void Cursor::skip(std::int64_t count) {
  if (count < 0 || count > remaining()) {
    fail_byte(source_->file(), offset_, "{} bytes expected, but the file ends at {}", count,
              source_->size());
  }
  offset_ += count;
}

}  // namespace voxloom::io
