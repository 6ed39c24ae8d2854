#include "io/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/finite.h"
#include "io/column_names.h"
#include "io/column_type.h"
#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

// What a column of three numbers is called when it holds positions.
constexpr std::array<std::string_view, 10> kVectors = {
    "xyz", "points", "positions", "position", "pos", "coords", "coord", "vertices", "pc", "point"};

// Every value of these types is a float32.
bool fits_f32(ColumnType type) {
  return type == ColumnType::f32 || (!is_float(type) && byte_size(type) <= 2);  // nor text
}

// Moves the kept points to the front.
template <typename T>
void compact(std::vector<T>& values, const std::vector<bool>& keep, std::size_t components) {
  std::size_t to = 0;
  for (std::size_t point = 0; point < keep.size(); ++point) {
    if (!keep[point]) continue;
    for (std::size_t c = 0; c < components; ++c) values[to++] = values[point * components + c];
  }
  values.resize(to);
}

}  // namespace

Assembler::Assembler(const PointSource& source, const std::string& file, const ReadOptions& options)
    : quantization_(source.quantization()),
      pose_(source.pose()),
      viewpoint_(source.viewpoint()),
      las_(source.las()),
      comments_(source.comments()),
      intensity_range_(source.intensity_range()),
      on_note_(options.on_note) {
  // Far beyond any real file; keeps the work for a hostile one small.
  constexpr std::size_t kMaxFields = 4096;
  if (source.fields().size() > kMaxFields) {
    fail_file(file, "has {} columns; at most {} are read", source.fields().size(), kMaxFields);
  }
  ColumnNames named = name_columns(source, file, options);
  names_ = std::move(named.names);
  hidden_ = std::move(named.hidden);
  find_axes(source, file);
  const bool narrow = std::ranges::all_of(
      axes_, [&](const Axis& axis) { return fits_f32(source.fields()[axis.field].type); });
  if (narrow && !quantization_) position_type_ = ColumnType::f32;
  const auto intensity = std::ranges::find(names_, "intensity");
  // A column that the caller chose is not the format's.
  const bool chosen =
      std::ranges::find(options.columns, "intensity", &ColumnRole::role) != options.columns.end();
  if (intensity == names_.end() || chosen) intensity_range_.reset();
}

void Assembler::find_axes(const PointSource& source, const std::string& file) {
  const std::vector<Field>& fields = source.fields();
  // Aliases and capitals of single numbers were seen to.
  const auto find = [&](std::string_view name, std::int64_t components) {
    std::size_t i = 0;
    for (; i < names_.size(); ++i) {
      const bool named = components == 1 ? names_[i] == name : lower(names_[i]) == name;
      if (named && fields[i].components == components) break;
    }
    return i;
  };
  constexpr std::array<std::string_view, 3> kAxes = {"x", "y", "z"};
  std::optional<std::string_view> missing;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    axes_.at(axis) = {find(kAxes.at(axis), 1), 0};
    if (axes_.at(axis).field == names_.size() && !missing) missing = kAxes.at(axis);
  }
  for (std::size_t i = 0; missing && i < kVectors.size(); ++i) {
    const std::size_t vector = find(kVectors.at(i), 3);
    if (vector == names_.size()) continue;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      axes_.at(axis) = {vector, static_cast<std::int64_t>(axis)};
    }
    missing.reset();
  }
  if (missing) {
    fail_file(file, "has no column '{}'; its columns are {}", *missing, list_names(fields));
  }
  for (const Axis& axis : axes_) {
    const Field& field = fields[axis.field];
    if (field.type != ColumnType::text) continue;
    fail_file(file, "the column {} holds text, no positions", excerpt(field.name));
  }
}

bool Assembler::is_axis(std::size_t field) const {
  return std::ranges::find(axes_, field, &Axis::field) != axes_.end();
}

void Assembler::look(OriginSearch& search, const std::vector<Column>& columns) const {
  search.add(columns[axes_[0].field].points(), [&](std::size_t i, std::int64_t point) {
    const Axis& axis = axes_.at(i);
    const Column& column = columns[axis.field];
    const double stored = column.as_double(point * column.components + axis.component);
    return quantization_ ? quantization_->offset.at(i) + quantization_->scale.at(i) * stored
                         : stored;
  });
}

void Assembler::set_origin(const OriginSearch& search) {
  origin_ = search.origin(quantization_ ? &*quantization_ : nullptr);
}

// Relative to the origin.
double Assembler::place(std::size_t axis, double stored) const {
  const double origin = origin_.at(axis);
  if (!quantization_) return origin == 0 ? stored : stored - origin;
  const double step = quantization_->scale.at(axis) * stored;
  const double offset = quantization_->offset.at(axis);
  if (origin == 0) return offset + step;
  return offset == origin ? step : offset + step - origin;
}

void Assembler::note_rounding(const Column& column, std::size_t axis) {
  if (said_rounding_ || !on_note_ || quantization_) return;
  constexpr std::int64_t kMostExact = std::int64_t{1} << 53;
  const Axis& at = axes_.at(axis);
  visit_numbers(column, [&](const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    if constexpr (std::is_integral_v<T> && sizeof(T) == sizeof(std::int64_t)) {
      const auto step = static_cast<std::size_t>(column.components);
      for (auto i = static_cast<std::size_t>(at.component); i < values.size(); i += step) {
        const T value = values[i];
        if (std::cmp_less_equal(value, kMostExact) && std::cmp_greater_equal(value, -kMostExact))
          continue;
        on_note_(fmt::format(
            "positions are float64, which rounds whole numbers beyond 2^53, such as {}", value));
        said_rounding_ = true;
        return;
      }
    }
  });
}

Scan Assembler::operator()(std::vector<Column> columns) {
  Scan scan;
  scan.position_type = position_type_;
  scan.quantization = quantization_;
  scan.origin = origin_;
  scan.pose = pose_;
  scan.viewpoint = viewpoint_;
  scan.las = las_;
  scan.comments = comments_;
  scan.intensity_range = intensity_range_;
  scan.positions.resize(static_cast<std::size_t>(columns[axes_[0].field].points()));
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const Column& column = columns[axes_.at(axis).field];
    note_rounding(column, axis);
    const auto step = static_cast<std::size_t>(column.components);
    const auto first = static_cast<std::size_t>(axes_.at(axis).component);
    visit_numbers(column, [&](const auto& values) {
      for (std::size_t i = 0; i < scan.positions.size(); ++i) {
        scan.positions[i].at(axis) = place(axis, static_cast<double>(values[i * step + first]));
      }
    });
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (is_axis(i) || hidden_[i]) continue;
    columns[i].name = names_[i];
    scan.attributes.push_back(std::move(columns[i]));
  }
  return scan;
}

void apply_policy(Scan& scan, InvalidPoints policy, const PointSource& source,
                  const std::string& file, std::int64_t first) {
  if (policy == InvalidPoints::keep) return;
  const auto invalid = std::ranges::find_if_not(scan.positions, is_finite<double>);
  if (invalid == scan.positions.end()) return;
  if (policy == InvalidPoints::error) {
    const std::array<double, 3> p = scan.at(invalid - scan.positions.begin());
    throw_format(file, source.where(first + (invalid - scan.positions.begin())),
                 fmt::format("the position ({}, {}, {}) is not finite; points like this can be "
                             "dropped or kept on request",
                             p[0], p[1], p[2]));
  }
  std::vector<bool> keep;
  keep.reserve(scan.positions.size());
  for (const auto& position : scan.positions) keep.push_back(is_finite(position));
  compact(scan.positions, keep, 1);
  for (Column& column : scan.attributes) {
    std::visit(
        [&](auto& values) { compact(values, keep, static_cast<std::size_t>(column.components)); },
        column.values);
  }
}

}  // namespace voxloom::io
