// Points as rows of cells: PLY and PCD in ascii, and bare text columns, which alone may hold words.
#pragma once

#include "io/lines.h"
#include "io/point_source.h"

namespace voxloom::io {

// What one cell of a row is for.
struct Cell {
  enum class Kind : std::uint8_t { value, skip, list };  // list: a count and that many cells
  Kind kind = Kind::value;
  std::size_t field = 0;       // value: its field ...
  std::int64_t component = 0;  // ... and component
};

struct TextLayout {
  std::int64_t begin = 0;         // byte offset of the first row
  std::int64_t lines_before = 0;  // for line numbers in messages
  std::int64_t count = 0;
  char separator = ' ';
  bool comments = false;  // rows that start with '#' or "//" are passed over
  bool counts = false;    // and lone numbers
  std::vector<Field> fields = {};
  std::vector<Cell> cells = {};
  std::vector<std::string> left_out = {};  // columns that are no fields
};

// Cells in the order of the fields, one per component.
[[nodiscard]] std::vector<Cell> plain_cells(const std::vector<Field>& fields);

// FormatError at once when the file is too short for all the rows, and later for a bad row. Empty
// lines are passed over.
[[nodiscard]] Points open_text_rows(Bytes bytes, TextLayout layout);

[[nodiscard]] bool is_comment(std::string_view line);  // of text columns

}  // namespace voxloom::io
