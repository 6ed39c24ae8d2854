#include "io/las_layout.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/las_format.h"

namespace voxloom::io {
namespace {

constexpr std::string_view kLasLayoutOp = "write_scan";

double largest(const Column* column) {
  if (column == nullptr) return 0;
  return std::visit(
      [](const auto& values) {
        return values.empty() ? 0.0 : static_cast<double>(*std::ranges::max_element(values));
      },
      column->values);
}

// Millimetres, or centimetres where only in those the scan fits 32-bit integers.
Quantization default_lattice(const Scan& scan) {
  constexpr double kMostSteps = 2e9, kCoarsest = 0.011;
  const Box box = bounds(scan);
  Quantization lattice;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    lattice.offset.at(axis) = std::floor(box.low.at(axis));
    const double extent = box.high.at(axis) - lattice.offset.at(axis);
    while (extent / lattice.scale.at(axis) > kMostSteps && std::isfinite(extent)) {
      lattice.scale.at(axis) *= 10;
    }
    require(lattice.scale.at(axis) < kCoarsest, kLasLayoutOp,
            "LAS: 32-bit integers cannot hold {} metres to the centimetre; choose a lattice",
            extent);
  }
  return lattice;
}

Quantization choose_quantization(const Scan& scan, const WriteOptions& options) {
  const Quantization chosen = options.quantization ? *options.quantization
                              : scan.quantization  ? *scan.quantization
                                                   : default_lattice(scan);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double scale = chosen.scale.at(axis), offset = chosen.offset.at(axis);
    require(std::isfinite(scale) && scale != 0 && std::isfinite(offset), kLasLayoutOp,
            "LAS: scale {} and offset {} do not make a lattice", scale, offset);
  }
  return chosen;
}

const Column* choose_classification(const Scan& scan, const WriteOptions& options) {
  const Column* column = scan.find("classification");
  if (!options.classification.empty()) {
    column = scan.find(options.classification);
    require(column != nullptr, kLasLayoutOp, "LAS: there is no attribute '{}' to classify by",
            options.classification);
    require(column->components == 1, kLasLayoutOp,
            "LAS: the classification has more than one component");
  } else if (column == nullptr) {
    column = scan.find("label");
  }
  return column;
}

bool is_colour(std::string_view name) { return name == "red" || name == "green" || name == "blue"; }

bool are_shares(const Column& column) {
  return std::visit(
      [](const auto& values) {
        return std::ranges::all_of(values, [](auto v) { return v >= 0 && v <= 1; });
      },
      column.values);
}

// The largest number that a field takes, and 0 for fields that are not whole numbers.
double most_of(std::string_view name) {
  for (const auto bits : {las_return_bits(6), las_flag_bits(6), las_flag_bits(0).first(1)}) {
    for (const LasBits& part : bits) {
      if (part.name == name && name != "classification")
        return std::ldexp(1.0, static_cast<int>(part.width)) - 1;
    }
  }
  return 0;
}

// The type of a field of this name in any of the formats that are written.
std::optional<ColumnType> type_of(std::string_view name) {
  if (name == "classification") return ColumnType::u8;
  for (const int format : {3, 8}) {
    for (const PlacedField& placed : las_fields(format)) {
      if (placed.field.name == name && name != "returns" && name != "flags")
        return placed.field.type;
    }
  }
  if (most_of(name) > 0) return ColumnType::u8;
  return std::nullopt;
}

// Whether the values are ones that the field of this name holds.
bool is_held(const Column& column, std::string_view name) {
  const std::optional<ColumnType> type = type_of(name);
  if (!type || column.components != 1) return false;
  if (name == "intensity" && is_float(column.type()) && are_shares(column)) return true;
  if (!fits(column, *type)) return false;
  const double most = most_of(name);
  return most == 0 || largest(&column) <= most;
}

// What makes 16 bits of the scan's colours; nothing when they are no colours.
std::optional<double> choose_colour_factor(const Scan& scan) {
  constexpr double kMost8 = 255, kMost16 = 65535,
                   kEightBits = 256;  // as the format's description wants it
  double most = 0;
  bool floats = false, narrow = true, shares = true;
  for (const Column& column : scan.attributes) {
    if (!is_colour(column.name)) continue;
    if (column.components != 1) return std::nullopt;
    floats = floats || is_float(column.type());
    narrow = narrow && column.type() != ColumnType::u16;
    shares = shares && are_shares(column);
    if (!shares && !fits(column, ColumnType::u16)) return std::nullopt;
    most = std::max(most, largest(&column));
  }
  if (floats && shares) return kMost16;
  return narrow && most <= kMost8 ? kEightBits : 1;
}

void find_sources(LasLayout& layout, const Column* classification) {
  const std::optional<double> colour_factor = choose_colour_factor(layout.scan);
  layout.colour_factor = colour_factor.value_or(1);
  if (classification != nullptr && is_held(*classification, "classification")) {
    layout.sources["classification"] = classification;
  }
  for (const Column& column : layout.scan.attributes) {
    if (column.name == "classification") continue;
    if (is_colour(column.name) ? colour_factor.has_value() : is_held(column, column.name)) {
      layout.sources[column.name] = &column;
    }
  }
}

// Whether the format has a field, or a part of one, of this name.
bool has_field(int format, std::string_view name) {
  const auto is_named = [&](const auto& item) { return item.name == name; };
  const std::vector<PlacedField> fields = las_fields(format);
  return std::ranges::any_of(las_return_bits(format), is_named) ||
         std::ranges::any_of(las_flag_bits(format), is_named) ||
         std::ranges::any_of(fields, [&](const PlacedField& placed) {
           return placed.field.name == name && name != "returns" && name != "flags";
         });
}

// Whole degrees become the finer angles of the later formats.
bool is_converted(int format, std::string_view name, const LasLayout& layout) {
  return is_modern_las(format) && name == "scan_angle_rank" &&
         layout.source_of("scan_angle") == nullptr;
}

std::vector<const Column*> list_extras(const LasLayout& layout, int format) {
  std::vector<const Column*> extras;
  for (const Column& column : layout.scan.attributes) {
    const auto placed = std::ranges::any_of(layout.sources, [&](const auto& source) {
      return source.second == &column &&
             (has_field(format, source.first) || is_converted(format, source.first, layout));
    });
    if (!placed) extras.push_back(&column);
  }
  return extras;
}

int choose_format(const LasLayout& layout) {
  constexpr int kRichestOld = 3;
  constexpr double kOldReturns = 7, kOldClasses = 31;
  const auto has = [&](const char* name) { return layout.source_of(name) != nullptr; };
  const bool colour = has("red") || has("green") || has("blue");
  const bool modern = !list_extras(layout, kRichestOld).empty() ||
                      largest(layout.source_of("return_number")) > kOldReturns ||
                      largest(layout.source_of("number_of_returns")) > kOldReturns ||
                      largest(layout.source_of("classification")) > kOldClasses ||
                      layout.scan.size() > 0xffffffffLL ||
                      (layout.scan.las && !layout.scan.las->evlrs.empty());
  if (modern) return has("nir") ? 8 : colour ? 7 : 6;
  return (has("gps_time") ? 1 : 0) + (colour ? 2 : 0);
}

// Fields whose values the format does not hold.
void note_unheld(const LasLayout& layout, const WriteOptions& options) {
  if (!options.on_note) return;
  std::string names;
  for (const Column* column : layout.extras) {
    if (type_of(column->name)) names += (names.empty() ? "" : ", ") + column->name;
  }
  if (!names.empty()) {
    options.on_note(
        fmt::format("LAS cannot hold the values of {} in its own fields: extra bytes do", names));
  }
}

}  // namespace

const Column* LasLayout::source_of(std::string_view name) const {
  const auto found = sources.find(name);
  return found == sources.end() ? nullptr : found->second;
}

LasLayout las_layout(const Scan& scan, const WriteOptions& options) {
  LasLayout layout{.scan = scan};
  layout.quantization = choose_quantization(scan, options);
  find_sources(layout, choose_classification(scan, options));
  layout.format = choose_format(layout);
  layout.extras = list_extras(layout, layout.format);
  note_unheld(layout, options);
  return layout;
}

}  // namespace voxloom::io
