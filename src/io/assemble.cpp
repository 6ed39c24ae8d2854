#include "io/assemble.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/finite.h"
#include "io/column_type.h"
#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

std::size_t find_axis(const PointSource& source, const std::string& axis, const std::string& file) {
  const std::vector<Field>& fields = source.fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].components == 1 && lower(fields[i].name) == axis) return i;
  }
  std::string names;
  for (const Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  fail_file(file, "has no column '{}'; its columns are {}", axis, excerpt(names));
}

// Every value of these types is a float32.
bool fits_f32(ColumnType type) {
  return type == ColumnType::f32 || (!is_float(type) && byte_size(type) <= 2);
}

std::vector<std::string> unique_names(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string base = fields[i].name.empty() ? fmt::format("column_{}", i) : fields[i].name;
    std::string name = base;
    for (int n = 2; !taken.insert(name).second; ++n) name = fmt::format("{}_{}", base, n);
    names.push_back(std::move(name));
  }
  return names;
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

Assembler::Assembler(const PointSource& source, const std::string& file)
    : quantization_(source.quantization()) {
  // Far beyond any real file; keeps the work for a hostile one small.
  constexpr std::size_t kMaxFields = 4096;
  if (source.fields().size() > kMaxFields) {
    fail_file(file, "has {} columns; at most {} are read", source.fields().size(), kMaxFields);
  }
  names_ = unique_names(source.fields());
  constexpr std::array<const char*, 3> kAxes = {"x", "y", "z"};
  for (std::size_t i = 0; i < 3; ++i) axes_[i] = find_axis(source, kAxes[i], file);
  const bool narrow = std::ranges::all_of(
      axes_, [&](std::size_t axis) { return fits_f32(source.fields()[axis].type); });
  if (narrow && !quantization_) position_type_ = ColumnType::f32;
}

Scan Assembler::operator()(std::vector<Column> columns) const {
  Scan scan;
  scan.position_type = position_type_;
  scan.quantization = quantization_;
  scan.positions.resize(static_cast<std::size_t>(columns[axes_[0]].points()));
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double scale = quantization_ ? quantization_->scale[axis] : 1;
    const double offset = quantization_ ? quantization_->offset[axis] : 0;
    std::visit(
        [&](const auto& values) {
          for (std::size_t i = 0; i < values.size(); ++i) {
            const auto value = static_cast<double>(values[i]);
            scan.positions[i][axis] = quantization_ ? offset + scale * value : value;
          }
        },
        columns[axes_[axis]].values);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (std::ranges::find(axes_, i) != axes_.end()) continue;
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
    const auto& p = *invalid;
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
