#include "io/records.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "io/column_type.h"
#include "io/failure.h"

namespace voxloom::io {
namespace {

std::vector<Field> fields_of(const RecordLayout& layout) {
  std::vector<Field> fields;
  for (const PlacedField& placed : layout.fields) fields.push_back(placed.field);
  return fields;
}

template <typename T>
T swapped_load(const std::byte* from) {
  std::array<std::byte, sizeof(T)> bytes;
  std::reverse_copy(from, from + sizeof(T), bytes.begin());
  return std::bit_cast<T>(bytes);
}

template <typename T>
void decode(const std::byte* from, const RecordLayout& layout, std::span<T> to,
            std::int64_t components) {
  const auto element = static_cast<std::int64_t>(sizeof(T));
  if (!layout.swapped && layout.stride == components * element) {
    if (!to.empty()) std::memcpy(to.data(), from, to.size_bytes());
    return;
  }
  const std::int64_t rows = static_cast<std::int64_t>(to.size()) / components;
  T* out = to.data();
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::byte* at = from + row * layout.stride;
    for (std::int64_t c = 0; c < components; ++c, at += element) {
      if (layout.swapped) {
        *out++ = swapped_load<T>(at);
      } else {
        std::memcpy(out++, at, sizeof(T));
      }
    }
  }
}

class RecordSource final : public PointSource {
 public:
  RecordSource(Bytes bytes, const RecordLayout& layout)
      : PointSource(fields_of(layout), layout.count), bytes_(std::move(bytes)), layout_(layout) {}

  std::vector<Column> read(std::int64_t count) override {
    // The window stays in the second-level cache while each field is picked out of it.
    constexpr std::int64_t kWindow = 1 << 18;
    std::vector<Column> columns = make_columns(count);
    const std::int64_t block = std::max<std::int64_t>(1, kWindow / layout_.stride);
    std::vector<std::byte> window(
        static_cast<std::size_t>(std::min(block, count) * layout_.stride));
    for (std::int64_t first = 0; first < count; first += block) {
      const std::int64_t rows = std::min(block, count - first);
      const std::span<std::byte> records =
          std::span(window).first(static_cast<std::size_t>(rows * layout_.stride));
      bytes_->read(layout_.begin + next_ * layout_.stride, records);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        decode_field(records, layout_, layout_.fields[i], columns[i], first, rows);
      }
      next_ += rows;
    }
    return columns;
  }

  void skip(std::int64_t count) override { next_ += count; }

  std::string where(std::int64_t point) const override {
    return fmt::format("byte {} (point {})", layout_.begin + point * layout_.stride, point);
  }

 private:
  Bytes bytes_;
  RecordLayout layout_;
  std::int64_t next_ = 0;
};

}  // namespace

void decode_field(std::span<const std::byte> records, const RecordLayout& layout,
                  const PlacedField& field, Column& column, std::int64_t first, std::int64_t rows) {
  const std::int64_t components = column.components;
  visit_numbers(column, [&](auto& values) {
    const auto to = std::span(values).subspan(static_cast<std::size_t>(first * components),
                                              static_cast<std::size_t>(rows * components));
    decode(records.data() + field.offset, layout, to, components);
  });
}

void note_behind(const RecordLayout& layout, std::int64_t there, const OnNote& note) {
  if (!note || layout.stride <= 0 || layout.count >= there / layout.stride) return;
  const std::int64_t behind = there - layout.count * layout.stride;
  note(fmt::format("{} bytes behind the {} points that the header promises are not read", behind,
                   layout.count));
}

Points open_records(Bytes bytes, const RecordLayout& layout) {
  const std::int64_t there = bytes->size() - layout.begin;
  if (there < 0 || layout.stride <= 0 || layout.count > there / layout.stride) {
    fail_byte(bytes->name(), layout.begin,
              "the header promises {} points of {} bytes, but {} bytes follow", layout.count,
              layout.stride, std::max<std::int64_t>(there, 0));
  }
  return std::make_unique<RecordSource>(std::move(bytes), layout);
}

}  // namespace voxloom::io
