#include "bench/npy.h"

#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>

#include "voxloom/error.h"

namespace voxloom::bench {
namespace {

class NpyReader {
 public:
  NpyReader(std::span<const std::byte> bytes, std::string_view name)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name_(name) {}

  std::vector<Coordinate> read() const {
    using namespace std::string_view_literals;
    check(text_.starts_with("\x93NUMPY"sv) && text_.size() >= 10, "is no .npy file");
    const int major = static_cast<unsigned char>(text_[6]);
    check(major >= 1 && major <= 3, "has an unknown version");
    const std::size_t length_size = major == 1 ? 2 : 4;
    check(text_.size() >= 8 + length_size, "ends within its header");
    const std::size_t data_at = 8 + length_size + little_endian(text_.substr(8, length_size));
    check(data_at <= text_.size(), "ends within its header");
    const std::string_view header = text_.substr(8 + length_size, data_at - 8 - length_size);
    check(value_of(header, "'descr'").starts_with("'<i4'"), "does not hold int32");
    check(value_of(header, "'fortran_order'").starts_with("False"), "is in Fortran order");
    return rows_of(text_.substr(data_at), row_count(value_of(header, "'shape'")));
  }

 private:
  void check(bool holds, std::string_view what) const {
    if (!holds) throw FormatError(fmt::format("[scene] '{}' {}", name_, what));
  }

  static std::size_t little_endian(std::string_view bytes) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= std::size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return value;
  }

  // What stands behind "key: ".
  static std::string_view value_of(std::string_view header, std::string_view key) {
    const std::size_t at = header.find(key);
    if (at == std::string_view::npos) return {};
    const std::size_t first = header.find_first_not_of(": ", at + key.size());
    return first == std::string_view::npos ? std::string_view() : header.substr(first);
  }

  // N of "(N, 4)".
  std::size_t row_count(std::string_view shape) const {
    std::size_t rows = 0;
    check(shape.starts_with('('), "has no shape");
    const auto [end, error] = std::from_chars(shape.data() + 1, shape.data() + shape.size(), rows);
    const std::string_view rest = shape.substr(static_cast<std::size_t>(end - shape.data()));
    check(error == std::errc() && (rest.starts_with(", 4)") || rest.starts_with(",4)")),
          "does not have the shape (N, 4)");
    return rows;
  }

  std::vector<Coordinate> rows_of(std::string_view data, std::size_t count) const {
    check(data.size() % sizeof(Coordinate) == 0 && data.size() / sizeof(Coordinate) == count,
          "does not have the length that its shape says");
    std::vector<Coordinate> rows(count);
    if (count > 0) std::memcpy(rows.data(), data.data(), data.size());
    return rows;
  }

  std::string_view text_;
  std::string_view name_;
};

}  // namespace

std::vector<Coordinate> parse_npy(std::span<const std::byte> bytes, std::string_view name) {
  return NpyReader(bytes, name).read();
}

}  // namespace voxloom::bench
