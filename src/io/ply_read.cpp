// PLY: the vertex element becomes points. Elements before it are stepped over; what follows it is
// not looked at. Lists inside of a vertex are stepped over too: a column has one value per point.
#include <algorithm>

#include "io/column_type.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/lines.h"
#include "io/ply_header.h"
#include "io/records.h"
#include "io/text_rows.h"

namespace voxloom::io {
namespace {

std::int64_t load_count(std::span<const std::byte> bytes, ColumnType type, bool swapped) {
  const RecordLayout layout{.stride = byte_size(type), .swapped = swapped};
  Column column = make_column("count", type, 1);
  decode_field(bytes, layout, {{.name = "count", .type = type}, 0}, column, 0, 1);
  return static_cast<std::int64_t>(column.as_double(0));
}

// Steps over one list in a binary file.
void skip_list(Cursor& cursor, const PlyProperty& list, bool swapped, const std::string& file) {
  const std::int64_t at = cursor.offset();
  const std::int64_t length =
      load_count(cursor.take(byte_size(list.count_type)), list.count_type, swapped);
  if (length < 0 || length > cursor.remaining() / byte_size(list.type)) {
    fail_byte(file, at, "a list {} has {} entries, but {} bytes follow", excerpt(list.name), length,
              cursor.remaining());
  }
  cursor.skip(length * byte_size(list.type));
}

void check_rows(const PlyElement& element, std::int64_t offset, const Bytes& bytes) {
  const std::int64_t size = element.row_size();
  const std::int64_t there = bytes->size() - offset;
  if (size > 0 && element.count > there / size) {
    fail_byte(bytes->name(), offset,
              "the header promises {} rows of element {} with at least {} bytes each, but {} bytes "
              "follow",
              element.count, excerpt(element.name), size, there);
  }
}

// Points whose records differ in length, because there are lists in them.
class UnevenSource final : public PointSource {
 public:
  UnevenSource(const Bytes& bytes, const PlyElement& vertex, std::int64_t begin, bool swapped)
      : PointSource({}, vertex.count),
        file_(bytes->name()),
        properties_(vertex.properties),
        cursor_(bytes, begin),
        swapped_(swapped) {
    for (const PlyProperty& p : properties_) {
      if (!p.is_list) fields_.push_back({.name = p.name, .type = p.type});
    }
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> columns = make_columns(count);
    for (std::int64_t row = 0; row < count; ++row) {
      std::size_t column = 0;
      for (const PlyProperty& p : properties_) {
        if (p.is_list) {
          skip_list(cursor_, p, swapped_, file_);
          continue;
        }
        const RecordLayout layout{.stride = byte_size(p.type), .swapped = swapped_};
        decode_field(cursor_.take(layout.stride), layout, {fields_[column], 0}, columns[column],
                     row, 1);
        ++column;
      }
    }
    return columns;
  }

 private:
  std::string file_;
  std::vector<PlyProperty> properties_;
  Cursor cursor_;
  bool swapped_;
};

// The offset behind an element of a binary file.
std::int64_t step_over(const PlyElement& element, std::int64_t offset, bool swapped,
                       const Bytes& bytes) {
  check_rows(element, offset, bytes);
  if (!element.has_lists()) return offset + element.count * element.row_size();
  Cursor cursor(bytes, offset);
  for (std::int64_t row = 0; row < element.count; ++row) {
    for (const PlyProperty& p : element.properties) {
      if (p.is_list) {
        skip_list(cursor, p, swapped, bytes->name());
      } else {
        cursor.skip(byte_size(p.type));
      }
    }
  }
  return cursor.offset();
}

Points open_binary(const Bytes& bytes, const PlyHeader& header, std::size_t vertex) {
  const bool swapped = header.encoding == Encoding::big_endian;
  RecordLayout layout{.begin = header.size, .swapped = swapped};
  for (std::size_t i = 0; i < vertex; ++i) {
    layout.begin = step_over(header.elements[i], layout.begin, swapped, bytes);
  }
  const PlyElement& element = header.elements[vertex];
  check_rows(element, layout.begin, bytes);
  if (element.has_lists()) {
    return std::make_unique<UnevenSource>(bytes, element, layout.begin, swapped);
  }
  for (const PlyProperty& p : element.properties) {
    layout.fields.push_back({{.name = p.name, .type = p.type}, layout.stride});
    layout.stride += byte_size(p.type);
  }
  layout.count = element.count;
  return open_records(bytes, layout);
}

void step_over_lines(LineReader& lines, const PlyElement& element, const std::string& file) {
  std::string_view line;
  for (std::int64_t row = 0; row < element.count && !element.properties.empty();) {
    if (!lines.next(line)) {
      fail_line(file, lines.number(), "the file ends after {} of the {} rows of element {}", row,
                element.count, excerpt(element.name));
    }
    if (!trimmed(line).empty()) ++row;
  }
}

Points open_ascii(const Bytes& bytes, const PlyHeader& header, std::size_t vertex) {
  LineReader lines(bytes, header.size, header.lines);
  for (std::size_t i = 0; i < vertex; ++i)
    step_over_lines(lines, header.elements[i], bytes->name());
  TextLayout layout{.begin = lines.offset(), .lines_before = lines.number()};
  layout.count = header.elements[vertex].count;
  for (const PlyProperty& p : header.elements[vertex].properties) {
    if (p.is_list) {
      layout.cells.push_back({.kind = Cell::Kind::list});
      continue;
    }
    layout.cells.push_back({.kind = Cell::Kind::value, .field = layout.fields.size()});
    layout.fields.push_back({.name = p.name, .type = p.type});
  }
  return open_text_rows(bytes, std::move(layout));
}

}  // namespace

Points open_ply(const Bytes& bytes, const ReadOptions&) {
  const PlyHeader header = read_ply_header(bytes);
  const auto vertex = std::ranges::find(header.elements, "vertex", &PlyElement::name);
  if (vertex == header.elements.end()) {
    fail_line(bytes->name(), header.lines, "the header has no element 'vertex'");
  }
  if (vertex->properties.empty()) {
    fail_line(bytes->name(), header.lines, "the element 'vertex' has no properties");
  }
  const auto index = static_cast<std::size_t>(vertex - header.elements.begin());
  return header.encoding == Encoding::ascii ? open_ascii(bytes, header, index)
                                            : open_binary(bytes, header, index);
}

}  // namespace voxloom::io
