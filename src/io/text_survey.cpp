#include "io/text_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "io/aliases.h"
#include "io/failure.h"
#include "io/words.h"

namespace voxloom::io {
namespace {

using Names = std::vector<std::string>;

bool is_between_cells(char c) { return is_blank(c) || c == ',' || c == ';'; }

std::string without_quoted(std::string_view line) {
  std::string bare;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool begins = i == 0 || is_between_cells(line[i - 1]);
    const std::size_t size = begins ? quoted_size(line.substr(i)) : std::string_view::npos;
    if (size == std::string_view::npos) {
      bare += line[i];
    } else {
      i += size - 1;
    }
  }
  return bare;
}

char detect_separator(std::string_view line, bool by_tabs) {
  if (by_tabs && line.find('\t') != std::string_view::npos) return '\t';
  const std::string bare = without_quoted(line);
  if (bare.find(',') != std::string::npos) return ',';
  return bare.find(';') != std::string::npos ? ';' : ' ';
}

Names names_in(std::string_view line, bool by_tabs) {
  line = trimmed(line);
  while (!line.empty() && (line.front() == '#' || line.front() == '/')) line.remove_prefix(1);
  Names names;
  for (const std::string_view cell : split(line, detect_separator(line, by_tabs)))
    names.emplace_back(cell);
  return names;
}

bool is_number(std::string_view text) {
  double value = 0;
  return parse_number(text, value) != Number::malformed;
}

bool names_positions(const Names& names) {
  std::array<bool, 3> there{};
  for (const std::string& name : names) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::string wanted(1, static_cast<char>('x' + axis));
      there.at(axis) = there.at(axis) || canonical_name(name) == wanted;
    }
  }
  return there[0] && there[1] && there[2];
}

// Whether float64 makes the number from what it keeps of it.
template <typename T>
bool holds(double value, T number) {
  const T most = std::numeric_limits<T>::max();
  return value < static_cast<double>(most) && static_cast<T>(value) == number;
}

bool is_axis(const std::string& name) {
  const std::string canonical = canonical_name(name);
  return canonical == "x" || canonical == "y" || canonical == "z";
}

// Text has no types: as bytes, shares that all happen to be 0 or 1 would be 1 of 255, and what full intensities of
// small whole numbers are follows from their values, as it does for 16 bits.
ColumnType text_type_of(const std::string& name, const ColumnSurvey& survey) {
  constexpr auto kColours = std::to_array<std::string_view>({"red", "green", "blue", "alpha"});
  const std::string canonical = canonical_name(name);
  if (is_axis(name)) return ColumnType::f64;
  const bool is_intensity = canonical == "intensity";
  const bool is_share = survey.low >= 0 && survey.high <= 1;
  const bool is_colour = std::ranges::find(kColours, canonical) != kColours.end();
  if (is_share && (is_intensity || (is_colour && !survey.digits))) return ColumnType::f64;
  return is_intensity && survey.is_byte() ? ColumnType::u16 : survey.type();
}

constexpr std::size_t kMostText = 64;  // of a cell that is kept for messages

class Surveyor {
 public:
  Surveyor(const Bytes& bytes, const ReadOptions& options, const TextDialect& dialect)
      : bytes_(bytes),
        options_(options),
        dialect_(dialect),
        lines_(bytes),
        by_tabs_(lower(bytes->name()).ends_with(".tsv")) {}

  TextLayout run() {
    std::string_view line;
    while (lines_.next(line)) {
      if (line.find('\0') != std::string_view::npos) fail("holds a zero byte: not a text file?");
      if (trimmed(line).empty()) continue;
      if (is_comment(line)) {
        if (found_.rows == 0 && names_.empty()) comment_names_ = names_in(line, by_tabs_);
      } else if (!take_count(line) && !take_names(line)) {
        if (dialect_.needs_count && promised_ <= found_.rows) fail_count();
        add_row(line);
      }
    }
    if (promised_ >= 0 && promised_ != found_.rows) {
      fail("{} points are promised, {} rows follow", promised_, found_.rows);
    }
    return finish();
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    fail_line(bytes_->name(), lines_.number(), text, std::forward<Args>(args)...);
  }

  [[noreturn]] void fail_count() const {
    if (promised_ >= 0) fail("more rows than the {} that are promised", promised_);
    fail("the number of points is expected in the first line");
  }

  // A lone number before the first row says how many rows there are.
  bool take_count(std::string_view line) {
    const std::optional<std::int64_t> count = parse_count(trimmed(line));
    if (!count) return false;
    const bool again = dialect_.needs_count && promised_ == found_.rows;
    if (promised_ >= 0 && !again) return false;
    if (found_.rows > 0 && !again) return false;
    if (*count > bytes_->size())
      fail("{} points are promised in a file of {} bytes", *count, bytes_->size());
    promised_ = std::max<std::int64_t>(promised_, 0) + *count;
    return true;
  }

  // Names stand where the positions are named, or where no cell is a number: a row with a broken number is
  // a broken row.
  bool take_names(std::string_view line) {
    if (found_.rows > 0 || !names_.empty() || dialect_.needs_count) return false;
    Names names = names_in(line, by_tabs_);
    if (!names_positions(names) && std::ranges::any_of(names, is_number)) return false;
    names_ = std::move(names);
    layout_.begin = lines_.offset();
    layout_.lines_before = lines_.number();
    return true;
  }

  void add_row(std::string_view line) {
    if (found_.rows == 0) {
      separator_ = detect_separator(line, by_tabs_);
      found_.columns.resize(split(line, separator_).size());
      if (found_.columns.size() < 3) {
        fail("{} columns: at least x, y and z are expected", found_.columns.size());
      }
    }
    const std::size_t width = found_.columns.size();
    Cells cells(line, separator_);
    std::string_view text;
    std::size_t count = 0;
    double square = 0;
    for (; cells.next(text); ++count) {
      if (count == width) fail("more than {} columns", width);
      const double value = add_cell(text, cells.is_quoted(), count);
      if (count >= 3 && count < 6) square += value * value;
    }
    if (count < width) fail("{} columns, {} are expected", count, width);
    if (!(std::abs(square - 1) <= found_.normal_error)) found_.normal_error = std::abs(square - 1);
    ++found_.rows;
  }

  double add_cell(std::string_view text, bool is_quoted, std::size_t column) {
    ColumnSurvey& survey = found_.columns[column];
    double value = 0;
    const Number number = parse_number(text, value);
    if (number == Number::out_of_range && !is_quoted && !is_passed_over(column)) {
      fail("column {}: {} does not fit float64", column + 1, excerpt(text));
    }
    if (number == Number::good) {
      survey.add(text, value);
      if (is_quoted) ++survey.quoted_numbers;
    } else {
      if (survey.text_line == 0) {
        survey.text_line = lines_.number();
        survey.first_text = std::string(text.substr(0, kMostText));
      }
      survey.has_words = survey.has_words || is_quoted;
    }
    if (number != Number::good || is_quoted) survey.add_word(text);
    const bool has_bare_numbers = survey.numbers > survey.quoted_numbers;
    if (survey.text_line > 0 && has_bare_numbers && !is_passed_over(column)) fail_text(column);
    return number == Number::good ? value : std::numeric_limits<double>::quiet_NaN();
  }

  [[nodiscard]] bool is_dropped(const std::string& name) const {
    return std::ranges::any_of(options_.drop,
                               [&](const auto& one) { return lower(one) == lower(name); });
  }

  // What its cells hold does not matter where nobody reads the column.
  [[nodiscard]] bool is_passed_over(std::size_t column) const {
    const Names& names = options_.fields.empty() ? names_ : options_.fields;
    if (column >= names.size() || is_axis(names[column])) return false;
    return is_dropped(names[column]) || (names[column] == "_" && !options_.fields.empty());
  }

  [[noreturn]] void fail_text(std::size_t column) const {
    const ColumnSurvey& survey = found_.columns[column];
    const bool commas = survey.first_text.find(',') != std::string::npos ||
                        (separator_ == ',' && survey.first_text.find(';') != std::string::npos);
    fail_line(bytes_->name(), survey.text_line, "column {}: {} is not a number{}", column + 1,
              excerpt(survey.first_text),
              commas ? "; commas within numbers, for thousands or decimals, are not read" : "");
  }

  Names choose_names() const {
    const std::size_t width = found_.columns.size();
    if (!options_.fields.empty()) {
      if (found_.rows > 0 && options_.fields.size() != width) {
        fail_file(bytes_->name(), "{} fields are named, the rows have {} columns",
                  options_.fields.size(), width);
      }
      return options_.fields;
    }
    if (!names_.empty() && found_.rows > 0 && names_.size() != width) {
      fail_file(bytes_->name(), "the first line names {} columns, the rows have {}", names_.size(),
                width);
    }
    if (!names_.empty()) return names_;
    if (comment_names_.size() == width && names_positions(comment_names_)) return comment_names_;
    Names guessed = dialect_.names(found_, bytes_);
    constexpr std::size_t kSix = 6, kSeven = 7;
    const bool is_guessed = !dialect_.needs_count && (width == kSix || width == kSeven);
    if (is_guessed) {
      note(fmt::format("{} columns without names are taken for {}; --fields tells", width,
                       fmt::join(guessed, " ")));
    }
    return guessed;
  }

  void note(const std::string& text) const {
    if (options_.on_note) options_.on_note(text);
  }

  void add_field(std::size_t column, const std::string& name) {
    const ColumnSurvey& survey = found_.columns[column];
    const ColumnType type = text_type_of(name, survey);
    if (type == ColumnType::f64 && survey.is_rounded) {
      note(fmt::format("whole numbers of {} beyond 2^53 are rounded: the column is float64",
                       excerpt(name)));
    }
    layout_.cells.push_back({.kind = Cell::Kind::value, .field = layout_.fields.size()});
    layout_.fields.push_back({.name = name, .type = type});
  }

  // Somebody took care to quote what is no number.
  bool is_quoted_text(std::size_t column, const Names& names) const {
    if (found_.rows == 0 || found_.columns[column].quoted_numbers < found_.rows) return false;
    const auto known = aliases();
    if (std::ranges::find(known, lower(names[column]), &Alias::name) != known.end()) return false;
    std::size_t bare_axes = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (is_axis(names[i]) && found_.columns[i].quoted_numbers == 0) ++bare_axes;
    }
    return bare_axes >= 3;
  }

  void add_text(std::size_t column, const std::string& name) {
    const ColumnSurvey& survey = found_.columns[column];
    const bool is_long = survey.longest_word > kLongestWord;
    if (is_long || !survey.has_words) {
      layout_.cells.push_back({.kind = Cell::Kind::skip});
      layout_.left_out.push_back(name);
      if (!survey.has_words) empty_ += (empty_.empty() ? "" : ", ") + name;
      if (!is_long) return;
      return note(fmt::format(
          "the column {} is left out: a word of it has {} characters, at most {} are read",
          excerpt(name), survey.longest_word, kLongestWord));
    }
    if (survey.is_latin1) {
      note(fmt::format("words of {} that are not UTF-8 are read as Latin-1", excerpt(name)));
    }
    layout_.cells.push_back({.kind = Cell::Kind::value, .field = layout_.fields.size()});
    layout_.fields.push_back({.name = name, .type = ColumnType::text});
  }

  TextLayout finish() {
    if (found_.rows == 0 && names_.empty() && promised_ < 0)
      fail_file(bytes_->name(), "holds no points");
    const Names names = choose_names();
    found_.columns.resize(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool is_text = found_.columns[i].is_text();
      if (is_text && is_axis(names[i])) fail_text(i);
      if (is_passed_over(i) && (is_text || names[i] == "_")) {
        layout_.cells.push_back({.kind = Cell::Kind::skip});
        layout_.left_out.push_back(names[i]);
      } else if (is_text || is_quoted_text(i, names)) {
        add_text(i, names[i]);
      } else {
        add_field(i, names[i]);
      }
    }
    if (!empty_.empty())
      note(fmt::format("columns without a word are left out: {}", excerpt(empty_)));
    layout_.count = found_.rows;
    layout_.separator = separator_;
    layout_.comments = true;
    layout_.counts = promised_ >= 0;
    return std::move(layout_);
  }

  Bytes bytes_;
  const ReadOptions& options_;
  const TextDialect& dialect_;
  LineReader lines_;
  bool by_tabs_;
  TextLayout layout_;
  Names names_, comment_names_;
  TextSurvey found_;
  std::int64_t promised_ = -1;  // rows up to here; -1: nobody said
  char separator_ = ' ';
  std::string empty_;  // names of columns
};

}  // namespace

void ColumnSurvey::add(std::string_view text, double value) {
  ++numbers;
  if (!first) first = value;
  constant = constant && value == *first;
  integers = integers && value == std::trunc(value);
  low = std::min(low, value);
  high = std::max(high, value);
  constexpr double kSmall = 2147483647;
  if (integers && std::abs(value) <= kSmall) fits_unsigned = fits_unsigned && value >= 0;
  if (std::abs(value) <= kSmall || text.find_first_of(".eE") != std::string_view::npos) {
    digits = digits && text.find_first_of(".eE") == std::string_view::npos;
    return;
  }
  std::int64_t narrow = 0;
  std::uint64_t wide = 0;
  const bool is_signed = parse_number(text, narrow) == Number::good;
  const bool is_unsigned = parse_number(text, wide) == Number::good;
  fits_signed = fits_signed && is_signed;
  fits_unsigned = fits_unsigned && is_unsigned;
  const bool is_held = (is_signed && holds(value, narrow)) || (is_unsigned && holds(value, wide));
  is_rounded = is_rounded || (std::isfinite(value) && !is_held);
}

void ColumnSurvey::add_word(std::string_view text) {
  const std::optional<std::int64_t> count = character_count(text);
  has_words = has_words || !text.empty();
  is_latin1 = is_latin1 || !count;
  longest_word = std::max(longest_word, count.value_or(static_cast<std::int64_t>(text.size())));
}

ColumnType ColumnSurvey::type() const {
  if (integers && low >= 0 && high <= 255) return ColumnType::u8;
  if (integers && low >= -2147483648.0 && high <= 2147483647.0) return ColumnType::i32;
  if (integers && digits && fits_signed) return ColumnType::i64;
  if (integers && digits && fits_unsigned) return ColumnType::u64;
  return ColumnType::f64;
}

TextLayout survey_text(const Bytes& bytes, const ReadOptions& options, const TextDialect& dialect) {
  return Surveyor(bytes, options, dialect).run();
}

}  // namespace voxloom::io
