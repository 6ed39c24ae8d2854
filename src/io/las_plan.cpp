#include "io/las_plan.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/las_format.h"

namespace voxloom::io {
namespace {

constexpr std::string_view kOp = "write_scan";

double largest(const Column* column) {
  if (column == nullptr) return 0;
  return std::visit(
      [](const auto& values) {
        return values.empty() ? 0.0 : static_cast<double>(*std::ranges::max_element(values));
      },
      column->values);
}

// Millimetres, or the next power of ten in which the scan fits 32-bit integers.
Quantization default_lattice(const Scan& scan) {
  constexpr double kMostSteps = 2e9;
  const Box box = bounds(scan);
  Quantization lattice;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    lattice.offset.at(axis) = std::floor(box.low.at(axis));
    const double extent = box.high.at(axis) - lattice.offset.at(axis);
    while (extent / lattice.scale.at(axis) > kMostSteps && std::isfinite(extent)) {
      lattice.scale.at(axis) *= 10;
    }
  }
  return lattice;
}

Quantization choose_quantization(const Scan& scan, const WriteOptions& options) {
  const Quantization chosen = options.quantization ? *options.quantization
                              : scan.quantization  ? *scan.quantization
                                                   : default_lattice(scan);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double scale = chosen.scale.at(axis), offset = chosen.offset.at(axis);
    require(std::isfinite(scale) && scale != 0 && std::isfinite(offset), kOp,
            "LAS: scale {} and offset {} do not make a lattice", scale, offset);
  }
  return chosen;
}

const Column* choose_classification(const Scan& scan, const WriteOptions& options) {
  const Column* column = scan.find("classification");
  if (!options.classification.empty()) {
    column = scan.find(options.classification);
    require(column != nullptr, kOp, "LAS: there is no attribute '{}' to classify by",
            options.classification);
  } else if (column == nullptr) {
    column = scan.find("label");
  }
  require(column == nullptr || column->components == 1, kOp,
          "LAS: the classification has more than one component");
  return column;
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

std::vector<const Column*> list_extras(const LasPlan& plan, int format) {
  std::vector<const Column*> extras;
  for (const Column& column : plan.scan.attributes) {
    const bool placed = &column == plan.classification ||
                        (column.components == 1 && column.name != "classification" &&
                         has_field(format, column.name));
    if (!placed) extras.push_back(&column);
  }
  return extras;
}

int choose_format(const LasPlan& plan) {
  constexpr int kRichestOld = 3;
  constexpr double kOldReturns = 7, kOldClasses = 31;
  const auto has = [&](const char* name) { return plan.source_of(name) != nullptr; };
  const bool colour = has("red") || has("green") || has("blue");
  const bool modern = !list_extras(plan, kRichestOld).empty() ||
                      largest(plan.source_of("return_number")) > kOldReturns ||
                      largest(plan.source_of("number_of_returns")) > kOldReturns ||
                      largest(plan.classification) > kOldClasses || plan.scan.size() > 0xffffffffLL;
  if (modern) return has("nir") ? 8 : colour ? 7 : 6;
  return (has("gps_time") ? 1 : 0) + (colour ? 2 : 0);
}

}  // namespace

const Column* LasPlan::source_of(std::string_view name) const {
  if (name == "classification") return classification;
  const Column* column = scan.find(name);
  return column != nullptr && column->components == 1 ? column : nullptr;
}

LasPlan plan_las(const Scan& scan, const WriteOptions& options) {
  LasPlan plan{.scan = scan};
  plan.quantization = choose_quantization(scan, options);
  plan.classification = choose_classification(scan, options);
  plan.format = choose_format(plan);
  plan.extras = list_extras(plan, plan.format);
  return plan;
}

}  // namespace voxloom::io
