#include "io/las_format.h"

#include <algorithm>
#include <array>

#include "io/column_type.h"

namespace voxloom::io {
namespace {

constexpr std::array<LasBits, 4> kOldReturns = {{{"return_number", 0, 3},
                                                 {"number_of_returns", 3, 3},
                                                 {"scan_direction_flag", 6, 1},
                                                 {"edge_of_flight_line", 7, 1}}};
constexpr std::array<LasBits, 4> kOldFlags = {
    {{"classification", 0, 5}, {"synthetic", 5, 1}, {"key_point", 6, 1}, {"withheld", 7, 1}}};
constexpr std::array<LasBits, 2> kReturns = {
    {{"return_number", 0, 4}, {"number_of_returns", 4, 4}}};
constexpr std::array<LasBits, 7> kFlags = {{{"synthetic", 0, 1},
                                            {"key_point", 1, 1},
                                            {"withheld", 2, 1},
                                            {"overlap", 3, 1},
                                            {"scanner_channel", 4, 2},
                                            {"scan_direction_flag", 6, 1},
                                            {"edge_of_flight_line", 7, 1}}};

// Appends fields one behind the other.
class Layout {
 public:
  Layout& add(const char* name, ColumnType type) {
    fields_.push_back({{.name = name, .type = type}, offset_});
    offset_ += byte_size(type);
    return *this;
  }
  Layout& add_start() {
    return add("x", ColumnType::i32)
        .add("y", ColumnType::i32)
        .add("z", ColumnType::i32)
        .add("intensity", ColumnType::u16)
        .add("returns", ColumnType::u8)
        .add("flags", ColumnType::u8);
  }
  Layout& add_time() { return add("gps_time", ColumnType::f64); }
  Layout& add_colour() {
    return add("red", ColumnType::u16).add("green", ColumnType::u16).add("blue", ColumnType::u16);
  }
  Layout& add_wave() {
    return add("wave_packet", ColumnType::u8)
        .add("wave_offset", ColumnType::u64)
        .add("wave_size", ColumnType::u32)
        .add("wave_location", ColumnType::f32)
        .add("wave_dx", ColumnType::f32)
        .add("wave_dy", ColumnType::f32)
        .add("wave_dz", ColumnType::f32);
  }

  std::vector<PlacedField> fields_ = {};
  std::int64_t offset_ = 0;
};

Layout old_layout(int format) {
  Layout layout;
  layout.add_start()
      .add("scan_angle_rank", ColumnType::i8)
      .add("user_data", ColumnType::u8)
      .add("point_source_id", ColumnType::u16);
  if (format == 1 || format >= 3) layout.add_time();
  if (format == 2 || format == 3 || format == 5) layout.add_colour();
  if (format >= 4) layout.add_wave();
  return layout;
}

Layout modern_layout(int format) {
  Layout layout;
  layout.add_start()
      .add("classification", ColumnType::u8)
      .add("user_data", ColumnType::u8)
      .add("scan_angle", ColumnType::i16)
      .add("point_source_id", ColumnType::u16)
      .add_time();
  if (format == 7 || format == 8 || format == 10) layout.add_colour();
  if (format == 8 || format == 10) layout.add("nir", ColumnType::u16);
  if (format >= 9) layout.add_wave();
  return layout;
}

Layout layout_of(int format) {
  return is_modern_las(format) ? modern_layout(format) : old_layout(format);
}

}  // namespace

std::int64_t las_record_size(int format) { return layout_of(format).offset_; }
std::vector<PlacedField> las_fields(int format) { return layout_of(format).fields_; }

std::span<const LasBits> las_return_bits(int format) {
  if (is_modern_las(format)) return kReturns;
  return kOldReturns;
}

std::span<const LasBits> las_flag_bits(int format) {
  if (is_modern_las(format)) return kFlags;
  return kOldFlags;
}

bool has_las_field(int format, std::string_view name) {
  const auto is_named = [&](const auto& item) { return item.name == name; };
  const std::vector<PlacedField> fields = las_fields(format);
  return std::ranges::any_of(las_return_bits(format), is_named) ||
         std::ranges::any_of(las_flag_bits(format), is_named) ||
         std::ranges::any_of(fields, [&](const PlacedField& placed) {
           return placed.field.name == name && name != "returns" && name != "flags";
         });
}

bool is_las_name(int format, std::string_view name) {
  constexpr auto kOthers = std::to_array<std::string_view>(
      {"X", "Y", "Z", "bit_fields", "raw_classification", "classification_flags"});
  return has_las_field(format, name) || std::ranges::find(kOthers, name) != kOthers.end();
}

bool is_reserved_las_name(int format, std::string_view name) {
  while (name.starts_with(kLasExact)) name.remove_prefix(kLasExact.size());
  return is_las_name(format, name);
}

}  // namespace voxloom::io
