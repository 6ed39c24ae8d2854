// A first look at text columns: how many rows there are, what the columns are called, and each one's type, so
// that every piece has the same: uint8, int32, int64 or uint64 where all values are such integers, else
// float64. Positions are float64.
// A column holds text where a cell of it is no number, and no number stands outside of quotes; and where numbers stand
// in quotes throughout, though positions do not, and the column's name is none that the library knows.
#pragma once

#include <optional>
#include <string>

#include "io/text_rows.h"

namespace voxloom::io {

struct ColumnSurvey {
  bool integers = true;      // all of them are whole numbers ...
  bool digits = true;        // ... and written without a point or an exponent
  double low = 0, high = 0;  // 0 included
  bool constant = true;
  std::optional<double> first = {};
  bool fits_signed = true, fits_unsigned = true;  // 64 bits hold them
  bool is_rounded = false;  // float64 does not hold all whole numbers as they are written
  std::int64_t numbers = 0, quoted_numbers = 0;
  // Of the first cell that is no number, if there is one.
  std::int64_t text_line = 0;
  std::string first_text = {};

  bool has_words = false;  // not only nothing between two separators
  std::int64_t longest_word = 0;
  bool is_latin1 = false;  // a word is not UTF-8

  void add(std::string_view text, double value);
  void add_word(std::string_view text);
  [[nodiscard]] bool is_text() const { return text_line > 0; }
  [[nodiscard]] ColumnType type() const;  // of numbers
  [[nodiscard]] bool is_byte() const { return !is_text() && type() == ColumnType::u8; }
};

struct TextSurvey {
  std::vector<ColumnSurvey> columns = {};
  std::int64_t rows = 0;
  double normal_error = 0;  // of columns 3 to 5: how far the squared length is from 1, at most
};

struct TextDialect {
  bool needs_count =
      false;  // the first line says how many rows follow, and there may be several such parts
  // Names for columns that the file does not name.
  std::vector<std::string> (*names)(const TextSurvey& survey, const Bytes& bytes);
};

[[nodiscard]] TextLayout survey_text(const Bytes& bytes, const ReadOptions& options,
                                     const TextDialect& dialect);

}  // namespace voxloom::io
