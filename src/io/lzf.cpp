#include "io/lzf.h"

#include "io/failure.h"

namespace voxloom::io {
namespace {

class Unpacker {
 public:
  Unpacker(std::span<const std::byte> packed, std::int64_t size, std::string_view file,
           std::int64_t offset)
      : packed_(packed), file_(file), offset_(offset), out_(static_cast<std::size_t>(size)) {}

  std::vector<std::byte> run() {
    while (in_ < packed_.size()) {
      const std::size_t control = next();
      if (control < 32) {
        literals(control + 1);
      } else {
        copy(control);
      }
    }
    if (done_ != out_.size()) {
      fail("the packed data unpack to {} bytes, {} were promised", done_, out_.size());
    }
    return std::move(out_);
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    fail_byte(file_, offset_ + static_cast<std::int64_t>(in_), text, std::forward<Args>(args)...);
  }

  std::size_t next() {
    if (in_ == packed_.size()) fail("the packed data end inside of a copy");
    return std::to_integer<std::size_t>(packed_[in_++]);
  }

  void require_room(std::size_t length) const {
    if (length > out_.size() - done_) {
      fail("the packed data unpack to more than the promised {} bytes", out_.size());
    }
  }

  void literals(std::size_t length) {
    if (length > packed_.size() - in_) fail("the packed data end inside of literal bytes");
    require_room(length);
    for (std::size_t i = 0; i < length; ++i) out_[done_++] = packed_[in_++];
  }

  void copy(std::size_t control) {
    std::size_t length = control >> 5U;
    if (length == 7) length += next();
    length += 2;
    const std::size_t back = ((control & 31U) << 8U | next()) + 1;
    if (back > done_) fail("the packed data copy from {} bytes before the start", back - done_);
    require_room(length);
    // Byte by byte: a copy may overlap itself, which repeats a pattern.
    for (std::size_t i = 0; i < length; ++i, ++done_) out_[done_] = out_[done_ - back];
  }

  std::span<const std::byte> packed_;
  std::string_view file_;
  std::int64_t offset_;
  std::vector<std::byte> out_;
  std::size_t in_ = 0, done_ = 0;
};

}  // namespace

std::vector<std::byte> unpack_lzf(std::span<const std::byte> packed, std::int64_t size,
                                  std::string_view file, std::int64_t offset) {
  return Unpacker(packed, size, file, offset).run();
}

}  // namespace voxloom::io
