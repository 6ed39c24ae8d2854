// Bare text columns, one point a line:
//
//   # anything                   a comment; also // anything; empty lines are passed over
//   x,y,z,intensity,label        names: optional; also as the last comment before the points
//   1.5,2,0.25,17,3              separated by ',' or ';', or else by blanks and tabs
//
// The file is read twice. The first pass counts rows and finds each column's type, so that every
// piece has the same: uint8 or int32 where all values are such integers, else float64. Positions are
// float64. Without names the first three columns are x, y and z.
#include <algorithm>
#include <cmath>

#include "io/failure.h"
#include "io/formats.h"
#include "io/text_rows.h"

namespace voxloom::io {
namespace {

struct ColumnSurvey {
  bool integers = true;
  double low = 0, high = 0;

  void add(double value) {
    integers = integers && value == std::trunc(value);
    low = std::min(low, value);
    high = std::max(high, value);
  }
  [[nodiscard]] ColumnType type() const {
    if (integers && low >= 0 && high <= 255) return ColumnType::u8;
    if (integers && low >= -2147483648.0 && high <= 2147483647.0) return ColumnType::i32;
    return ColumnType::f64;
  }
};

using Names = std::vector<std::string>;

char detect_separator(std::string_view line) {
  if (line.find(',') != std::string_view::npos) return ',';
  if (line.find(';') != std::string_view::npos) return ';';
  return ' ';
}

std::string unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

Names names_in(std::string_view line) {
  while (!line.empty() && (line.front() == '#' || line.front() == '/')) line.remove_prefix(1);
  Names names;
  for (const std::string_view cell : split(line, detect_separator(line))) {
    names.push_back(unquoted(cell));
  }
  return names;
}

bool is_number(std::string_view text) {
  double value = 0;
  return parse_number(text, value) != Number::malformed;
}

// What the usual headerless files hold.
Names default_names(const std::vector<ColumnSurvey>& columns) {
  const std::size_t count = columns.size();
  const bool colours = count >= 6 && std::all_of(columns.end() - 3, columns.end(), [](auto& c) {
                         return c.type() == ColumnType::u8;
                       });
  if (count == 4) return {"x", "y", "z", "intensity"};
  if (count == 6 && colours) return {"x", "y", "z", "red", "green", "blue"};
  if (count == 6) return {"x", "y", "z", "nx", "ny", "nz"};
  if (count == 7 && colours) return {"x", "y", "z", "intensity", "red", "green", "blue"};
  Names names = {"x", "y", "z"};
  for (std::size_t i = 3; i < count; ++i) names.push_back(fmt::format("column_{}", i));
  return names;
}

class Survey {
 public:
  explicit Survey(const Bytes& bytes) : file_(bytes->name()), lines_(bytes) {}

  TextLayout run() {
    TextLayout layout;
    std::string_view line;
    while (lines_.next(line)) {
      if (line.find('\0') != std::string_view::npos) fail("holds a zero byte: not a text file?");
      if (trimmed(line).empty()) continue;
      if (is_comment(line)) {
        if (rows_ == 0 && names_.empty()) comment_names_ = names_in(line);
        continue;
      }
      if (rows_ == 0 && names_.empty() && is_header(line)) {
        names_ = names_in(line);
        layout.begin = lines_.offset();
        layout.lines_before = lines_.number();
        continue;
      }
      add_row(line);
    }
    return finish(std::move(layout));
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    fail_line(file_, lines_.number(), text, std::forward<Args>(args)...);
  }

  // Names stand where no cell is a number; a row with a broken number is a broken row.
  static bool is_header(std::string_view line) {
    return std::ranges::none_of(split(line, detect_separator(line)), is_number);
  }

  void add_row(std::string_view line) {
    if (rows_ == 0) {
      separator_ = detect_separator(line);
      columns_.resize(split(line, separator_).size());
      if (columns_.size() < 3)
        fail("{} columns: at least x, y and z are expected", columns_.size());
    }
    Cells cells(line, separator_);
    std::string_view text;
    std::size_t count = 0;
    for (; cells.next(text); ++count) {
      if (count == columns_.size()) fail("more than {} columns", columns_.size());
      add_cell(text, count);
    }
    if (count < columns_.size()) fail("{} columns, {} are expected", count, columns_.size());
    ++rows_;
  }

  void add_cell(std::string_view text, std::size_t column) {
    double value = 0;
    const Number number = parse_number(text, value);
    if (number == Number::malformed) {
      fail("column {}: {} is not a number", column + 1, excerpt(text));
    }
    if (number == Number::out_of_range) {
      fail("column {}: {} does not fit float64", column + 1, excerpt(text));
    }
    columns_[column].add(value);
  }

  Names choose_names() const {
    if (!names_.empty() && rows_ > 0 && names_.size() != columns_.size()) {
      fail_file(file_, "the first line names {} columns, the rows have {}", names_.size(),
                columns_.size());
    }
    if (!names_.empty()) return names_;
    const bool named = comment_names_.size() == columns_.size() &&
                       std::ranges::any_of(comment_names_, [](const std::string& name) {
                         return lower(name) == "x";
                       });
    return named ? comment_names_ : default_names(columns_);
  }

  TextLayout finish(TextLayout layout) {
    const Names names = choose_names();
    if (rows_ == 0 && names_.empty()) fail_file(file_, "holds no points");
    columns_.resize(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string name = lower(names[i]);
      const bool axis = name == "x" || name == "y" || name == "z";
      layout.fields.push_back(
          {.name = names[i], .type = axis ? ColumnType::f64 : columns_[i].type()});
    }
    layout.cells = plain_cells(layout.fields);
    layout.count = rows_;
    layout.separator = separator_;
    layout.comments = true;
    return layout;
  }

  std::string file_;
  LineReader lines_;
  Names names_, comment_names_;
  std::vector<ColumnSurvey> columns_;
  std::int64_t rows_ = 0;
  char separator_ = ' ';
};

}  // namespace

Points open_text(const Bytes& bytes, const ReadOptions&) {
  return open_text_rows(bytes, Survey(bytes).run());
}

}  // namespace voxloom::io
