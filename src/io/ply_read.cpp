// PLY: the vertex element becomes points. Elements before it are stepped over; what follows it is
// not looked at. Lists inside of a vertex that are equally long for all points are columns of several values
// (PCL writes such fields so); others are stepped over.
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

// Steps over one list in a binary file; returns its length.
std::int64_t skip_list(Cursor& cursor, const PlyProperty& list, bool swapped,
                       const std::string& file) {
  const std::int64_t at = cursor.offset();
  const std::int64_t length =
      load_count(cursor.take(byte_size(list.count_type)), list.count_type, swapped);
  if (length < 0 || length > cursor.remaining() / byte_size(list.type)) {
    fail_byte(file, at, "a list {} has {} entries, but {} bytes follow", excerpt(list.name), length,
              cursor.remaining());
  }
  cursor.skip(length * byte_size(list.type));
  return length;
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
          static_cast<void>(skip_list(cursor_, p, swapped_, file_));
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
        static_cast<void>(skip_list(cursor, p, swapped, bytes->name()));
      } else {
        cursor.skip(byte_size(p.type));
      }
    }
  }
  return cursor.offset();
}

// The lengths of a vertex's lists, when they are the same for all points; 0 for what is no list.
class EvenLists {
 public:
  explicit EvenLists(const PlyElement& vertex)
      : vertex_(vertex), lengths_(vertex.properties.size()) {}

  void look_at(Cursor cursor, bool swapped, const std::string& file) {
    for (std::int64_t row = 0; row < vertex_.count; ++row) {
      for (std::size_t i = 0; i < lengths_.size(); ++i) {
        const PlyProperty& p = vertex_.properties[i];
        if (p.is_list) {
          take(i, row, skip_list(cursor, p, swapped, file));
        } else {
          cursor.skip(byte_size(p.type));
        }
      }
      if (!even_) return;
    }
  }

  // Rows that are wrong are left for the reader to complain of.
  void look_at(LineReader lines) {
    std::string_view line;
    for (std::int64_t row = 0; row < vertex_.count && even_ && lines.next(line);) {
      if (trimmed(line).empty()) continue;
      Cells cells(line, ' ');
      std::string_view cell;
      for (std::size_t i = 0; i < lengths_.size(); ++i) {
        even_ = even_ && cells.next(cell);
        if (!vertex_.properties[i].is_list) continue;
        const std::optional<std::int64_t> length = parse_count(cell);
        take(i, row, length.value_or(-1));
        for (std::int64_t k = 0; even_ && k < *length; ++k) even_ = cells.next(cell);
      }
      ++row;
    }
  }

  // Whether the lists can be columns.
  [[nodiscard]] bool are_even() const { return even_ && vertex_.count > 0; }
  [[nodiscard]] std::int64_t length(std::size_t property) const { return lengths_[property]; }

 private:
  void take(std::size_t i, std::int64_t row, std::int64_t length) {
    constexpr std::int64_t kMost = 65536;  // of all of a point's lists
    if (row == 0) {
      lengths_[i] = length;
      total_ += std::clamp<std::int64_t>(length, 0, kMost + 1);
    }
    even_ = even_ && length == lengths_[i] && length > 0 && total_ <= kMost;
  }

  const PlyElement& vertex_;
  std::vector<std::int64_t> lengths_;
  std::int64_t total_ = 0;
  bool even_ = true;
};

void note_lists(const PlyElement& vertex, const ReadOptions& options) {
  if (!options.on_note) return;
  for (const PlyProperty& p : vertex.properties) {
    if (p.is_list)
      options.on_note(fmt::format("the lists {} differ in length: left out", excerpt(p.name)));
  }
}

Points open_binary(const Bytes& bytes, const PlyHeader& header, std::size_t vertex,
                   const ReadOptions& options) {
  const bool swapped = header.encoding == Encoding::big_endian;
  RecordLayout layout{.begin = header.size, .swapped = swapped};
  for (std::size_t i = 0; i < vertex; ++i) {
    layout.begin = step_over(header.elements[i], layout.begin, swapped, bytes);
  }
  const PlyElement& element = header.elements[vertex];
  check_rows(element, layout.begin, bytes);
  EvenLists lists(element);
  if (element.has_lists()) {
    lists.look_at(Cursor(bytes, layout.begin), swapped, bytes->name());
    if (!lists.are_even()) {
      note_lists(element, options);
      return std::make_unique<UnevenSource>(bytes, element, layout.begin, swapped);
    }
  }
  for (std::size_t i = 0; i < element.properties.size(); ++i) {
    const PlyProperty& p = element.properties[i];
    if (p.is_list) layout.stride += byte_size(p.count_type);
    const std::int64_t components = p.is_list ? lists.length(i) : 1;
    layout.fields.push_back({{p.name, p.type, components}, layout.stride});
    layout.stride += byte_size(p.type) * components;
  }
  layout.count = element.count;
  if (vertex + 1 == header.elements.size()) {
    note_behind(layout, bytes->size() - layout.begin, options.on_note);
  }
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

void note_elements(const PlyHeader& header, const ReadOptions& options) {
  std::string others;
  for (const PlyElement& element : header.elements) {
    if (element.name == "vertex" || element.count == 0) continue;
    others += (others.empty() ? "" : ", ") + fmt::format("{} ({})", element.name, element.count);
  }
  if (!others.empty() && options.on_note) {
    options.on_note(fmt::format("elements that are no vertices are left out: {}", excerpt(others)));
  }
}

Points open_ascii(const Bytes& bytes, const PlyHeader& header, std::size_t vertex,
                  const ReadOptions& options) {
  LineReader lines(bytes, header.size, header.lines);
  for (std::size_t i = 0; i < vertex; ++i)
    step_over_lines(lines, header.elements[i], bytes->name());
  TextLayout layout{.begin = lines.offset(), .lines_before = lines.number()};
  const PlyElement& element = header.elements[vertex];
  layout.count = element.count;
  EvenLists lists(element);
  if (element.has_lists()) lists.look_at(lines);
  if (element.has_lists() && !lists.are_even()) note_lists(element, options);
  for (std::size_t i = 0; i < element.properties.size(); ++i) {
    const PlyProperty& p = element.properties[i];
    if (p.is_list && !lists.are_even()) {
      layout.cells.push_back({.kind = Cell::Kind::list});
      continue;
    }
    if (p.is_list) layout.cells.push_back({.kind = Cell::Kind::skip});
    const std::int64_t components = p.is_list ? lists.length(i) : 1;
    for (std::int64_t c = 0; c < components; ++c) {
      layout.cells.push_back(
          {.kind = Cell::Kind::value, .field = layout.fields.size(), .component = c});
    }
    layout.fields.push_back({p.name, p.type, components});
  }
  return open_text_rows(bytes, std::move(layout));
}

}  // namespace

Points open_ply(const Bytes& bytes, const ReadOptions& options) {
  const PlyHeader header = read_ply_header(bytes);
  const auto vertex = std::ranges::find(header.elements, "vertex", &PlyElement::name);
  if (vertex == header.elements.end()) {
    fail_line(bytes->name(), header.lines, "the header has no element 'vertex'");
  }
  if (vertex->properties.empty()) {
    fail_line(bytes->name(), header.lines, "the element 'vertex' has no properties");
  }
  note_elements(header, options);
  const auto index = static_cast<std::size_t>(vertex - header.elements.begin());
  Points points = header.encoding == Encoding::ascii ? open_ascii(bytes, header, index, options)
                                                     : open_binary(bytes, header, index, options);
  points->set_comments(header.comments);
  if (header.comments_left_out > 0 && options.on_note) {
    options.on_note(
        fmt::format("{} comments of the header are left out: they are longer than 256 bytes, or "
                    "beyond the first 4096",
                    header.comments_left_out));
  }
  return points;
}

}  // namespace voxloom::io
