// PLY: see ply_header.h. Colours are uchar, as every reader expects. PLY has no 64-bit integers: they are
// double where that is exact, else two columns of 32 bits, name_high and name_low.
#include <algorithm>
#include <deque>

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
  return std::visit(
      [](const auto& values) {
        return std::ranges::all_of(values, [](auto value) {
          if constexpr (std::is_integral_v<decltype(value)>) {
            return std::cmp_less_equal(value, kMost) && std::cmp_greater_equal(value, -kMost);
          } else {
            return true;
          }
        });
      },
      column.values);
}

// Two columns in place of one with 64-bit integers.
std::vector<Column> halves_of(const Column& column) {
  constexpr std::uint64_t kLow = 0xffffffff;
  Column low =
      make_column(column.name + "_low", ColumnType::u32, column.points(), column.components);
  const bool is_signed = column.type() == ColumnType::i64;
  Column high = make_column(column.name + "_high", is_signed ? ColumnType::i32 : ColumnType::u32,
                            column.points(), column.components);
  std::visit(
      [&](const auto& values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
          const auto bits = static_cast<std::uint64_t>(values[i]);
          std::get<std::vector<std::uint32_t>>(low.values)[i] =
              static_cast<std::uint32_t>(bits & kLow);
          const auto upper = static_cast<std::uint32_t>(bits >> 32U);
          if (is_signed) {
            std::get<std::vector<std::int32_t>>(high.values)[i] = static_cast<std::int32_t>(upper);
          } else {
            std::get<std::vector<std::uint32_t>>(high.values)[i] = upper;
          }
        }
      },
      column.values);
  return {std::move(high), std::move(low)};
}

// The scan's fields in types that PLY has, and columns made for them.
struct PlyFields {
  std::vector<OutField> fields = {};
  std::deque<Column> made = {};

  void add(const Column& column, ColumnType type) {
    for (std::int64_t c = 0; c < column.components; ++c) {
      std::string name =
          column.components == 1 ? column.name : fmt::format("{}_{}", column.name, c);
      fields.push_back(component_field(column, c, type, std::move(name)));
    }
  }
};

bool is_wide_colour(const Scan& scan) {
  const Column* red = scan.find("red");
  return red != nullptr && red->type() != ColumnType::u8;
}

void add_attribute(PlyFields& out, const Column& column, const OnNote& note) {
  if (!ply_name_of(column.type()).empty()) return out.add(column, column.type());
  if (is_exact_double(column)) return out.add(column, ColumnType::f64);
  if (note) {
    note(fmt::format("PLY has no 64-bit integers: {0} becomes {0}_high and {0}_low", column.name));
  }
  for (Column& half : halves_of(column)) {
    out.made.push_back(std::move(half));
    out.add(out.made.back(), out.made.back().type());
  }
}

PlyFields ply_fields(const Scan& scan, const OnNote& note) {
  constexpr std::array<std::string_view, 3> kColours = {"red", "green", "blue"};
  PlyFields out;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.fields.push_back(position_field(scan, axis, position_type_of(scan)));
  }
  std::optional<ByteColours> colours = is_wide_colour(scan) ? byte_colours(scan) : std::nullopt;
  if (colours && note) note("colours are written with 8 bits");
  for (const Column& column : scan.attributes) {
    const auto* channel = std::ranges::find(kColours, column.name);
    if (colours && channel != kColours.end()) {
      out.made.push_back(
          {column.name, 1,
           std::move(colours->at(static_cast<std::size_t>(channel - kColours.begin())))});
      out.add(out.made.back(), ColumnType::u8);
    } else {
      add_attribute(out, column, note);
    }
  }
  make_words(out.fields);
  return out;
}

}  // namespace

void write_ply(ByteSink& sink, const Scan& scan, const WriteOptions& options) {
  const Encoding encoding = options.encoding;
  const PlyFields made = ply_fields(scan, options.on_note);
  const std::vector<OutField>& fields = made.fields;
  constexpr std::array<const char*, 3> kNames = {"binary_little_endian", "ascii",
                                                 "binary_big_endian"};
  std::string header = fmt::format("ply\nformat {} 1.0\nelement vertex {}\n",
                                   kNames.at(static_cast<std::size_t>(encoding)), scan.size());
  for (const OutField& field : fields) {
    header += fmt::format("property {} {}\n", ply_name_of(field.type), field.name);
  }
  sink.write(header + "end_header\n");
  if (encoding == Encoding::ascii) return write_rows(sink, scan, fields, ' ');
  if (encoding == Encoding::binary) return write_block(sink, scan, fields);
  for_each_block(scan, fields, [&](std::span<const std::byte> records, std::int64_t) {
    std::vector<std::byte> swapped(records.begin(), records.end());
    swap_elements(swapped, fields);
    sink.write(std::span<const std::byte>(swapped));
  });
}

}  // namespace voxloom::io
