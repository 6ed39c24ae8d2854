// PLY: see ply_header.h. Colours are uchar, as every reader expects. PLY has no 64-bit integers: they are
// double where that is exact, else two columns of 32 bits, name_high and name_low.
#include <algorithm>
#include <deque>

#include "io/colours.h"
#include "io/column_type.h"
#include "io/formats.h"
#include "io/ply_header.h"

namespace voxloom::io {
namespace {

void swap_elements(std::vector<std::byte>& records, const std::vector<OutField>& fields) {
  auto at = records.begin();
  while (at != records.end()) {
    for (const OutField& field : fields) {
      std::reverse(at, at + byte_size(field.type));
      at += byte_size(field.type);
    }
  }
}

bool is_exact_double(const Column& column) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  return visit_numbers(column, [](const auto& values) {
    return std::ranges::all_of(values, [](auto value) {
      if constexpr (std::is_integral_v<decltype(value)>) {
        return std::cmp_less_equal(value, kMost) && std::cmp_greater_equal(value, -kMost);
      } else {
        return true;
      }
    });
  });
}

// Two columns in place of one with 64-bit integers.
std::vector<Column> halves_of(const Column& column) {
  constexpr std::uint64_t kLow = 0xffffffff;
  Column low =
      make_column(column.name + "_low", ColumnType::u32, column.points(), column.components);
  const bool is_signed = column.type() == ColumnType::i64;
  Column high = make_column(column.name + "_high", is_signed ? ColumnType::i32 : ColumnType::u32,
                            column.points(), column.components);
  visit_numbers(column, [&](const auto& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto bits = static_cast<std::uint64_t>(values[i]);
      std::get<std::vector<std::uint32_t>>(low.values)[i] = static_cast<std::uint32_t>(bits & kLow);
      const auto upper = static_cast<std::uint32_t>(bits >> 32U);
      if (is_signed) {
        std::get<std::vector<std::int32_t>>(high.values)[i] = static_cast<std::int32_t>(upper);
      } else {
        std::get<std::vector<std::uint32_t>>(high.values)[i] = upper;
      }
    }
  });
  return {std::move(high), std::move(low)};
}

constexpr std::array<std::string_view, 3> kPlyColours = {"red", "green", "blue"};

// What the types of the fields follow from.
struct PlyFacts {
  std::optional<double> colour_unit = {};  // of wide colours, which become bytes
  std::optional<double> alpha_unit = {};   // of a wide alpha beside colours of bytes
  std::vector<bool> are_exact = {};        // of each attribute: PLY's types hold its values
};

bool is_wide(const Scan& scan, std::string_view name) {
  const Column* column = scan.find(name);
  return column != nullptr && column->type() != ColumnType::u8;
}

PlyFacts survey(const ScanPieces& scan, const OnNote& note) {
  const std::vector<Column>& attributes = scan.head().attributes;
  PlyFacts facts{.are_exact = std::vector<bool>(attributes.size(), true)};
  const auto is_64_bit = [](const Column& column) { return ply_name_of(column.type()).empty(); };
  const bool has_wide = is_wide(scan.head(), "red"), has_alpha = is_wide(scan.head(), "alpha");
  if (!has_wide && !has_alpha && std::ranges::none_of(attributes, is_64_bit)) return facts;
  ColourSurvey colours(scan.size()), alpha(scan.size(), Channels::alpha);
  scan.each([&](const Scan& piece, std::int64_t first) {
    if (has_wide) colours.look(piece, first);
    if (has_alpha) alpha.look(piece, first);
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (!is_64_bit(attributes[i])) continue;
      facts.are_exact[i] = facts.are_exact[i] && is_exact_double(piece.attributes[i]);
    }
  });
  if (has_wide && colours.is_whole()) facts.colour_unit = colours.unit();
  const bool are_bytes = facts.colour_unit || has_byte_colours(scan.head());
  if (are_bytes && has_alpha && alpha.is_whole()) facts.alpha_unit = alpha.unit();
  if ((facts.colour_unit || facts.alpha_unit) && note) note(std::string(kByteColoursNote));
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (facts.are_exact[i] || !note) continue;
    note(fmt::format("PLY has no 64-bit integers: {0} becomes {0}_high and {0}_low",
                     attributes[i].name));
  }
  return facts;
}

// A piece's fields in types that PLY has, and columns made for them.
class PlyFields {
 public:
  PlyFields(const Scan& piece, std::int64_t first, const PlyFacts& facts) : first_(first) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      fields_.push_back(position_field(piece, axis, position_type_of(piece), Frame::file, first));
    }
    std::optional<ByteColours> colours;
    if (facts.colour_unit) colours = bytes_of_colours(piece, *facts.colour_unit);
    for (std::size_t i = 0; i < piece.attributes.size(); ++i) {
      const Column& column = piece.attributes[i];
      const auto* channel = std::ranges::find(kPlyColours, column.name);
      if (colours && channel != kPlyColours.end()) {
        const auto c = static_cast<std::size_t>(channel - kPlyColours.begin());
        made_.push_back({column.name, 1, std::move(colours->at(c))});
        add(made_.back(), ColumnType::u8);
      } else if (facts.alpha_unit && column.name == "alpha") {
        made_.push_back({column.name, 1, bytes_of_alpha(piece, *facts.alpha_unit)});
        add(made_.back(), ColumnType::u8);
      } else {
        add_attribute(column, facts.are_exact[i]);
      }
    }
    make_words(fields_);
  }
  PlyFields(const PlyFields&) = delete;
  PlyFields& operator=(const PlyFields&) = delete;
  [[nodiscard]] const std::vector<OutField>& fields() const { return fields_; }

 private:
  void add(const Column& column, ColumnType type) {
    for (std::int64_t c = 0; c < column.components; ++c) {
      std::string name =
          column.components == 1 ? column.name : fmt::format("{}_{}", column.name, c);
      fields_.push_back(component_field(column, c, type, std::move(name), first_));
    }
  }

  void add_attribute(const Column& column, bool is_exact) {
    if (!ply_name_of(column.type()).empty()) return add(column, column.type());
    if (is_exact) return add(column, ColumnType::f64);
    for (Column& half : halves_of(column)) {
      made_.push_back(std::move(half));
      add(made_.back(), made_.back().type());
    }
  }

  std::int64_t first_;
  std::vector<OutField> fields_ = {};
  std::deque<Column> made_ = {};
};

void write_swapped(ByteSink& sink, const Scan& piece, const std::vector<OutField>& fields) {
  for_each_block(piece, fields, [&](std::span<const std::byte> records, std::int64_t) {
    std::vector<std::byte> swapped(records.begin(), records.end());
    swap_elements(swapped, fields);
    sink.write(std::span<const std::byte>(swapped));
  });
}

// One line, whatever the text holds.
std::string comment_line(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' '; }, ' ');
  return fmt::format("comment {}\n", text);
}

}  // namespace

void write_ply(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options) {
  const Encoding encoding = options.encoding;
  const PlyFacts facts = survey(scan, options.on_note);
  constexpr std::array<const char*, 3> kNames = {"binary_little_endian", "ascii",
                                                 "binary_big_endian"};
  std::string header =
      fmt::format("ply\nformat {} 1.0\n", kNames.at(static_cast<std::size_t>(encoding)));
  for (const std::string& comment : scan.head().comments) header += comment_line(comment);
  header += fmt::format("element vertex {}\n", scan.size());
  const PlyFields named(scan.head(), 0, facts);
  for (const OutField& field : named.fields()) {
    header += fmt::format("property {} {}\n", ply_name_of(field.type), field.name);
  }
  sink.write(header + "end_header\n");
  scan.each([&](const Scan& piece, std::int64_t first) {
    const PlyFields fields(piece, first, facts);
    if (encoding == Encoding::ascii) return write_rows(sink, piece, fields.fields(), ' ');
    if (encoding == Encoding::binary) return write_block(sink, piece, fields.fields());
    write_swapped(sink, piece, fields.fields());
  });
}

}  // namespace voxloom::io
