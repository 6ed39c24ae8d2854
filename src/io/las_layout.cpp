#include "io/las_layout.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/finite.h"
#include "io/column_type.h"
#include "io/las_format.h"

namespace voxloom::io {
namespace {

constexpr std::string_view kLasLayoutOp = "write_scan";

// Millimetres, or centimetres where only in those the scan fits 32-bit integers.
Quantization default_lattice(const Box& box) {
  constexpr double kMostSteps = 2e9, kCoarsest = 0.011;
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

Quantization choose_quantization(const Scan& scan, const Box& box, const WriteOptions& options) {
  const Quantization chosen = options.quantization ? *options.quantization
                              : scan.quantization  ? *scan.quantization
                                                   : default_lattice(box);
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

void look_at_values(LasFacts::Values& facts, const Column& column, bool is_class) {
  const std::optional<ColumnType> own = type_of(column.name);
  facts.fit_own = facts.fit_own && own && fits(column, *own);
  if (is_class) facts.fit_class = facts.fit_class && fits(column, ColumnType::u8);
  if (is_colour(column.name)) {
    facts.fit_16_bits = facts.fit_16_bits && fits(column, ColumnType::u16);
  }
  visit_numbers(column, [&](const auto& values) {
    for (const auto value : values) {
      facts.are_shares = facts.are_shares && value >= 0 && value <= 1;
      facts.at_most_one = facts.at_most_one && value <= 1;
    }
    if (values.empty()) return;
    const auto largest = static_cast<double>(*std::ranges::max_element(values));
    facts.largest = facts.any ? std::max(facts.largest, largest) : largest;
    facts.any = true;
  });
}

void look_at_places(LasFacts& facts, const Scan& piece) {
  if (std::ranges::none_of(piece.positions, is_finite<double>)) return;
  const Box box = bounds(piece);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double& low = facts.box.low.at(axis);
    double& high = facts.box.high.at(axis);
    low = facts.has_box ? std::min(low, box.low.at(axis)) : box.low.at(axis);
    high = facts.has_box ? std::max(high, box.high.at(axis)) : box.high.at(axis);
  }
  facts.has_box = true;
}

// Of no return are numbers beyond 1 to 15.
void count_returns(LasFacts& facts, const Scan& piece) {
  const Column* returns = piece.find("return_number");
  if (returns == nullptr || returns->components != 1) return;
  for (std::int64_t i = 0; i < piece.size(); ++i) {
    const double number = returns->as_double(i);
    if (number >= 1 && number <= 15) ++facts.by_return.at(static_cast<std::size_t>(number) - 1);
  }
}

LasFacts survey_for_las(const ScanPieces& scan, const Column* classification) {
  const std::vector<Column>& attributes = scan.head().attributes;
  LasFacts facts{.of = std::vector<LasFacts::Values>(attributes.size())};
  scan.each([&](const Scan& piece, std::int64_t) {
    for (std::size_t i = 0; i < facts.of.size(); ++i) {
      look_at_values(facts.of[i], piece.attributes[i], &attributes[i] == classification);
    }
    look_at_places(facts, piece);
    count_returns(facts, piece);
  });
  return facts;
}

double largest(const LasLayout& layout, const Column* column) {
  return column == nullptr ? 0 : layout.values_of(*column).largest;
}

// Whether the values are ones that the field of this name holds.
bool is_held(const LasLayout& layout, const Column& column, bool as_class) {
  const LasFacts::Values& values = layout.values_of(column);
  if (column.components != 1) return false;
  if (as_class) return values.fit_class;
  if (!type_of(column.name)) return false;
  if (column.name == "intensity" && is_float(column.type()) && values.are_shares) return true;
  if (!values.fit_own) return false;
  const double most = most_of(column.name);
  return most == 0 || values.largest <= most;
}

// What makes 16 bits of the scan's colours; nothing when they are no colours.
std::optional<double> choose_colour_factor(const LasLayout& layout) {
  constexpr double kMost8 = 255, kMost16 = 65535,
                   kEightBits = 256;  // as the format's description wants it
  double most = 0;
  bool floats = false, narrow = true, shares = true;
  for (const Column& column : layout.head.attributes) {
    if (!is_colour(column.name)) continue;
    if (column.components != 1) return std::nullopt;
    const LasFacts::Values& values = layout.values_of(column);
    floats = floats || is_float(column.type());
    narrow = narrow && column.type() != ColumnType::u16;
    shares = shares && values.are_shares;
    if (!shares && !values.fit_16_bits) return std::nullopt;
    most = std::max(most, values.largest);
  }
  if (floats && shares) return kMost16;
  return narrow && most <= kMost8 ? kEightBits : 1;
}

void find_sources(LasLayout& layout, const Column* classification) {
  const std::optional<double> colour_factor = choose_colour_factor(layout);
  layout.colour_factor = colour_factor.value_or(1);
  if (classification != nullptr && is_held(layout, *classification, true)) {
    layout.sources["classification"] = classification;
  }
  for (const Column& column : layout.head.attributes) {
    if (column.name == "classification") continue;
    if (is_colour(column.name) ? colour_factor.has_value() : is_held(layout, column, false)) {
      layout.sources[column.name] = &column;
    }
  }
}

// Whole degrees become the finer angles of the later formats.
bool is_converted(int format, std::string_view name, const LasLayout& layout) {
  return is_modern_las(format) && name == "scan_angle_rank" &&
         layout.source_of("scan_angle") == nullptr;
}

std::vector<const Column*> list_extras(const LasLayout& layout, int format) {
  std::vector<const Column*> extras;
  for (const Column& column : layout.head.attributes) {
    const auto placed = std::ranges::any_of(layout.sources, [&](const auto& source) {
      return source.second == &column &&
             (has_las_field(format, source.first) || is_converted(format, source.first, layout));
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
                      largest(layout, layout.source_of("return_number")) > kOldReturns ||
                      largest(layout, layout.source_of("number_of_returns")) > kOldReturns ||
                      largest(layout, layout.source_of("classification")) > kOldClasses ||
                      layout.points > 0xffffffffLL ||
                      (layout.head.las && !layout.head.las->evlrs.empty());
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

// Positions are rounded to a lattice that neither the caller nor the file chose: of degrees, or of a model of a
// hand's size, millimetres leave nothing.
void note_rounding(const ScanPieces& scan, const LasLayout& layout, const WriteOptions& options) {
  if (!options.on_note || options.quantization || layout.head.quantization) return;
  constexpr double kUnseen = 0.001;  // of a step
  const Quantization& lattice = layout.quantization;
  double most = 0;
  bool is_seen = false;
  scan.each([&](const Scan& piece, std::int64_t) {
    for (const auto& position : piece.positions) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const double offset = lattice.offset.at(axis) - piece.origin.at(axis);
        const double steps = (position.at(axis) - offset) / lattice.scale.at(axis);
        const double rounded = std::abs(steps - std::round(steps));
        is_seen = is_seen || rounded > kUnseen;
        if (rounded * lattice.scale.at(axis) > most) most = rounded * lattice.scale.at(axis);
      }
    }
  });
  if (!is_seen) return;
  options.on_note(fmt::format("LAS: positions are rounded to multiples of {}, by {:.2g} at most",
                              std::ranges::max(lattice.scale), most));
}

}  // namespace

const Column* LasLayout::source_of(std::string_view name) const {
  const auto found = sources.find(name);
  return found == sources.end() ? nullptr : found->second;
}

const LasFacts::Values& LasLayout::values_of(const Column& column) const {
  return facts.of[static_cast<std::size_t>(&column - head.attributes.data())];
}

const Column& LasPiece::column_of(const Column& of_head) const {
  return scan.attributes[static_cast<std::size_t>(&of_head - layout.head.attributes.data())];
}

const Column* LasPiece::source_of(std::string_view name) const {
  const Column* source = layout.source_of(name);
  return source == nullptr ? nullptr : &column_of(*source);
}

LasLayout las_layout(const ScanPieces& scan, const WriteOptions& options) {
  const Column* classification = choose_classification(scan.head(), options);
  LasLayout layout{
      .head = scan.head(), .points = scan.size(), .facts = survey_for_las(scan, classification)};
  layout.quantization = choose_quantization(layout.head, layout.facts.box, options);
  find_sources(layout, classification);
  layout.format = choose_format(layout);
  layout.extras = list_extras(layout, layout.format);
  note_unheld(layout, options);
  note_rounding(scan, layout, options);
  return layout;
}

}  // namespace voxloom::io
