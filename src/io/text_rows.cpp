#include "io/text_rows.h"

#include <deque>

#include "io/column_type.h"
#include "io/failure.h"
#include "io/words.h"

namespace voxloom::io {
namespace {

// Where the words of a column go.
class WordSink {
 public:
  explicit WordSink(Column& column)
      : column_(column), codes_(std::get<std::vector<WordCode>>(column.values)) {}
  void put(std::string_view text, std::size_t index) {
    codes_[index] =
        character_count(text) ? coder_.code_of(text) : coder_.code_of(from_latin1(text));
  }
  void finish() {
    if (coder_.size() > 0) column_.words = coder_.take();
  }

 private:
  Column& column_;
  std::vector<WordCode>& codes_;
  WordCoder coder_;
};

using Store = Number (*)(std::string_view text, void* values, std::size_t index);

Store store_for(ColumnType type) {
  if (type == ColumnType::text) {
    return [](std::string_view text, void* sink, std::size_t index) {
      static_cast<WordSink*>(sink)->put(text, index);
      return Number::good;
    };
  }
  return visit_column_type(type, []<typename T>() -> Store {
    return [](std::string_view text, void* values, std::size_t index) {
      return parse_number(text, static_cast<T*>(values)[index]);
    };
  });
}

void* data_of(Column& column) {
  return std::visit([](auto& values) -> void* { return values.data(); }, column.values);
}

class TextSource final : public PointSource {
 public:
  TextSource(Bytes bytes, TextLayout layout)
      : PointSource(layout.fields, layout.count),
        file_(bytes->name()),
        layout_(std::move(layout)),
        lines_(std::move(bytes), layout_.begin, layout_.lines_before) {
    set_left_out(std::move(layout_.left_out));
    for (const Field& field : fields_) stores_.push_back(store_for(field.type));
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> columns = make_columns(count);
    std::vector<void*> data;
    std::deque<WordSink> sinks;
    for (Column& column : columns) {
      data.push_back(column.is_text() ? &sinks.emplace_back(column) : data_of(column));
    }
    for (std::int64_t row = 0; row < count; ++row) read_row(next_row(), data, row);
    for (WordSink& sink : sinks) sink.finish();
    return columns;
  }

 private:
  std::string_view next_row() {
    std::string_view line;
    while (lines_.next(line)) {
      if (trimmed(line).empty() || (layout_.comments && is_comment(line))) continue;
      if (layout_.counts && parse_count(trimmed(line))) continue;
      ++rows_;
      return line;
    }
    fail_line(file_, lines_.number(), "the file ends after {} of the {} points that it promises",
              rows_, size_);
  }

  std::string_view next_cell(Cells& cells) const {
    std::string_view text;
    if (!cells.next(text)) {
      fail_line(file_, lines_.number(), "the row is too short: {} columns expected",
                layout_.cells.size());
    }
    return text;
  }

  void skip_list(Cells& cells) const {
    const std::string_view text = next_cell(cells);
    const std::optional<std::int64_t> length = parse_count(text);
    if (!length) fail_line(file_, lines_.number(), "{} is not a list's length", excerpt(text));
    for (std::int64_t i = 0; i < *length; ++i) static_cast<void>(next_cell(cells));
  }

  void store(const Cell& cell, std::string_view text, void* values, std::int64_t row) const {
    const Field& field = fields_[cell.field];
    const auto index = static_cast<std::size_t>(row * field.components + cell.component);
    const Number number = stores_[cell.field](text, values, index);
    if (number == Number::good) return;
    fail_line(file_, lines_.number(), "{} {} {}, the type of column {}", excerpt(text),
              number == Number::malformed ? "is no" : "does not fit", name_of(field.type),
              excerpt(field.name));
  }

  void read_row(std::string_view line, const std::vector<void*>& data, std::int64_t row) const {
    Cells cells(line, layout_.separator);
    std::string meant;
    for (const Cell& cell : layout_.cells) {
      if (cell.kind == Cell::Kind::list) {
        skip_list(cells);
        continue;
      }
      std::string_view text = next_cell(cells);
      if (cells.has_doubled()) text = meant = undoubled(text);
      if (cell.kind == Cell::Kind::value) store(cell, text, data[cell.field], row);
    }
    std::string_view text;
    if (cells.next(text)) {
      fail_line(file_, lines_.number(), "the row is too long: {} columns expected, then comes {}",
                layout_.cells.size(), excerpt(text));
    }
  }

  std::string file_;
  TextLayout layout_;
  LineReader lines_;
  std::vector<Store> stores_;
  std::int64_t rows_ = 0;
};

}  // namespace

bool is_comment(std::string_view line) {
  const std::string_view text = trimmed(line);
  return text.starts_with('#') || text.starts_with("//");
}

std::vector<Cell> plain_cells(const std::vector<Field>& fields) {
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    for (std::int64_t c = 0; c < fields[i].components; ++c) {
      cells.push_back({.kind = Cell::Kind::value, .field = i, .component = c});
    }
  }
  return cells;
}

Points open_text_rows(Bytes bytes, TextLayout layout) {
  // A cell is at least a digit, if a number is read of it, and a separator; the last row may lack its end of line.
  std::int64_t shortest = 0;
  for (const Cell& cell : layout.cells) {
    const bool is_number =
        cell.kind == Cell::Kind::list ||
        (cell.kind == Cell::Kind::value && layout.fields[cell.field].type != ColumnType::text);
    shortest += is_number ? 2 : 1;
  }
  const std::int64_t there = bytes->size() - layout.begin;
  if (shortest == 0 || layout.count > (there + 1) / shortest) {
    fail_byte(bytes->name(), layout.begin,
              "the header promises {} points of {} numbers, but only {} bytes follow", layout.count,
              layout.cells.size(), there);
  }
  return std::make_unique<TextSource>(std::move(bytes), std::move(layout));
}

}  // namespace voxloom::io
