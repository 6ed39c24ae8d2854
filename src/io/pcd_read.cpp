// PCD: see pcd_header.h for the format. A field rgb or rgba packs four bytes, blue first, into one
// float32 or integer; it is read as the columns red, green, blue (and alpha).
#include <algorithm>
#include <bit>
#include <cmath>

#include "io/column_type.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/lzf.h"
#include "io/pcd_header.h"
#include "io/records.h"
#include "io/text_rows.h"

namespace voxloom::io {
namespace {

bool is_packed_colour(const Field& field) {
  return (field.name == "rgb" || field.name == "rgba") && field.components == 1 &&
         byte_size(field.type) == 4;
}

std::vector<std::string> channels_of(const Field& field) {
  // From the lowest byte up.
  if (field.name == "rgba") return {"blue", "green", "red", "alpha"};
  return {"blue", "green", "red"};
}

// As text, the opaque colours that are no number have all become "nan": which they were is lost.
class ColourSource final : public PointSource {
 public:
  ColourSource(Points packed, bool is_text, OnNote on_note)
      : PointSource({}, packed->size()),
        packed_(std::move(packed)),
        is_text_(is_text),
        on_note_(std::move(on_note)) {
    viewpoint_ = packed_->viewpoint();
    for (const Field& field : packed_->fields()) {
      if (!is_packed_colour(field)) {
        fields_.push_back(field);
        continue;
      }
      std::vector<std::string> names = channels_of(field);
      std::swap(names[0], names[2]);  // red, green, blue is what everybody expects
      for (const std::string& name : names) {
        fields_.push_back({.name = name, .type = ColumnType::u8});
      }
    }
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> columns;
    for (Column& column : packed_->read(count)) {
      const Field field{column.name, column.type(), column.components};
      if (is_packed_colour(field)) {
        unpack(column, columns, field);
      } else {
        columns.push_back(std::move(column));
      }
    }
    return columns;
  }

  std::string where(std::int64_t point) const override { return packed_->where(point); }

 private:
  // The bits of a colour; of one whose bits are lost, 0.
  template <typename T>
  std::uint32_t bits_of(T value) {
    if constexpr (std::is_floating_point_v<T>) {
      if (is_text_ && std::isnan(value)) {
        if (on_note_) on_note_("colours that are nan in the text are read as black");
        on_note_ = {};  // once
        return 0;
      }
    }
    if constexpr (sizeof(T) == sizeof(std::uint32_t)) return std::bit_cast<std::uint32_t>(value);
    return 0;
  }

  void unpack(const Column& packed, std::vector<Column>& columns, const Field& field) {
    const std::size_t first = columns.size();
    const std::vector<std::string> names = channels_of(field);
    for (std::size_t channel = 0; channel < names.size(); ++channel) {
      columns.push_back(make_column(names[channel], ColumnType::u8, packed.points()));
      auto& out = std::get<std::vector<std::uint8_t>>(columns.back().values);
      visit_numbers(packed, [&](const auto& values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
          out[i] = static_cast<std::uint8_t>(bits_of(values[i]) >> (8 * channel));
        }
      });
    }
    std::swap(columns[first], columns[first + 2]);
  }

  Points packed_;
  bool is_text_;
  OnNote on_note_;
};

Points open_ascii(const Bytes& bytes, const PcdHeader& header) {
  TextLayout layout{.begin = header.size, .lines_before = header.lines, .count = header.points};
  for (const Field& field : header.fields) {
    const bool padding = is_padding(field);
    for (std::int64_t c = 0; c < field.components; ++c) {
      layout.cells.push_back({.kind = padding ? Cell::Kind::skip : Cell::Kind::value,
                              .field = layout.fields.size(),
                              .component = c});
    }
    if (!padding) layout.fields.push_back(field);
  }
  return open_text_rows(bytes, std::move(layout));
}

Points open_binary(const Bytes& bytes, const PcdHeader& header, const OnNote& note) {
  RecordLayout layout{.begin = header.size, .count = header.points};
  for (const Field& field : header.fields) {
    if (!is_padding(field)) layout.fields.push_back({field, layout.stride});
    layout.stride += byte_size(field.type) * field.components;
  }
  note_behind(layout, bytes->size() - layout.begin, note);
  return open_records(bytes, layout);
}

std::vector<std::byte> unpack(const Bytes& bytes, const PcdHeader& header, std::int64_t expected,
                              std::int64_t max_unpacked_bytes) {
  std::array<std::byte, 8> sizes;
  bytes->read(header.size, sizes);
  const std::int64_t packed = load<std::uint32_t>(sizes, 0);
  const std::int64_t unpacked = load<std::uint32_t>(sizes, 4);
  const std::int64_t begin = header.size + 8;
  if (packed > bytes->size() - begin) {
    fail_byte(bytes->name(), header.size, "{} packed bytes are promised, but {} follow", packed,
              bytes->size() - begin);
  }
  if (unpacked != expected) {
    fail_byte(bytes->name(), header.size + 4, "{} points take {} bytes, the packed data hold {}",
              header.points, expected, unpacked);
  }
  if (unpacked > max_unpacked_bytes || unpacked > packed * kLzfMaxRatio) {
    fail_byte(bytes->name(), header.size + 4, "{} packed bytes cannot unpack to {} (limit {})",
              packed, unpacked, max_unpacked_bytes);
  }
  std::vector<std::byte> data(static_cast<std::size_t>(packed));
  bytes->read(begin, data);
  return unpack_lzf(data, unpacked, bytes->name(), begin);
}

Points open_compressed(const Bytes& bytes, const PcdHeader& header,
                       std::int64_t max_unpacked_bytes) {
  std::int64_t point_size = 0;
  for (const Field& field : header.fields) point_size += byte_size(field.type) * field.components;
  if (header.points > (std::int64_t{1} << 32) / point_size) {
    fail_line(bytes->name(), header.lines, "{} points of {} bytes are more than packed data hold",
              header.points, point_size);
  }
  // An empty cloud may end with its header.
  const Bytes data = own_memory(
      header.points == 0 ? std::vector<std::byte>()
                         : unpack(bytes, header, header.points * point_size, max_unpacked_bytes),
      bytes->name());
  std::vector<Points> parts;
  std::int64_t begin = 0;
  for (const Field& field : header.fields) {
    const std::int64_t stride = byte_size(field.type) * field.components;
    if (!is_padding(field)) {
      parts.push_back(open_records(
          data,
          {.begin = begin, .stride = stride, .count = header.points, .fields = {{field, 0}}}));
    }
    begin += stride * header.points;
  }
  if (parts.empty()) fail_line(bytes->name(), header.lines, "all the FIELDS are padding");
  return join(std::move(parts));
}

Points open_data(const Bytes& bytes, const PcdHeader& header, const ReadOptions& options) {
  switch (header.data) {
    case PcdData::ascii: return open_ascii(bytes, header);
    case PcdData::binary: return open_binary(bytes, header, options.on_note);
    case PcdData::compressed: break;
  }
  return open_compressed(bytes, header, options.max_unpacked_bytes);
}

}  // namespace

Points open_pcd(const Bytes& bytes, const ReadOptions& options) {
  const PcdHeader header = read_pcd_header(bytes);
  Points points = open_data(bytes, header, options);
  points->set_viewpoint(header.viewpoint);
  if (std::ranges::none_of(points->fields(), is_packed_colour)) return points;
  return std::make_unique<ColourSource>(std::move(points), header.data == PcdData::ascii,
                                        options.on_note);
}

}  // namespace voxloom::io
