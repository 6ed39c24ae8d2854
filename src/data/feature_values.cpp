#include "data/feature_values.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace voxloom::data {
namespace {

// The unit that the network knows.
float intensity_of(float share, const Interval& range) {
  if (range == Interval{0, 1}) return share;
  return static_cast<float>(range.low + (range.high - range.low) * static_cast<double>(share));
}

template <typename Value>
void write_values(const LabelledScan& scan, const PointFeature& feature, std::size_t stride,
                  float* to, const Value& value_at) {
  const auto unit = static_cast<float>(feature.divisor());
  const auto scale = static_cast<float>(feature.scale), offset = static_cast<float>(feature.offset);
  const bool is_plain = feature.scale == 1 && feature.offset == 0;
  for (std::size_t i = 0; i < scan.positions.size(); ++i, to += stride) {
    const float value = value_at(i) / unit;
    *to = is_plain ? value : value * scale + offset;
  }
}

std::size_t channel_of(PointValue value, PointValue first) {
  return static_cast<std::size_t>(value) - static_cast<std::size_t>(first);
}

}  // namespace

const PointColumn* find_column(const LabelledScan& scan, std::string_view name) {
  const auto found = std::ranges::find(scan.columns, name, &PointColumn::name);
  return found == scan.columns.end() ? nullptr : &*found;
}

void write_feature(const LabelledScan& scan, const PointFeature& feature, const FeatureSet& set,
                   std::size_t stride, float* to) {
  const auto write = [&](const auto& value_at) {
    write_values(scan, feature, stride, to, value_at);
  };
  std::array<float, 3> origin = {0, 0, 0};
  if (feature.frame == Frame::scene) origin = *scan.scene_origin;
  const auto along = [&](std::size_t axis) {
    return [&scan, axis, from = origin.at(axis)](std::size_t i) {
      return scan.positions[i][axis] - from;
    };
  };
  switch (feature.value) {
    case PointValue::intensity:
      return write(
          [&](std::size_t i) { return intensity_of(scan.intensity[i], set.intensity_range); });
    case PointValue::height:
      if (feature.frame != Frame::ground) return write(along(2));
      return write([&](std::size_t i) { return scan.above_ground[i]; });
    case PointValue::distance:
      return write([&](std::size_t i) {
        const float x = scan.positions[i][0] - origin[0], y = scan.positions[i][1] - origin[1];
        return std::sqrt(x * x + y * y);
      });
    case PointValue::x: return write(along(0));
    case PointValue::y: return write(along(1));
    case PointValue::red:
    case PointValue::green:
    case PointValue::blue:
      return write([&, c = channel_of(feature.value, PointValue::red)](std::size_t i) {
        return scan.colours[i][c];
      });
    case PointValue::normal_x:
    case PointValue::normal_y:
    case PointValue::normal_z:
      return write([&, c = channel_of(feature.value, PointValue::normal_x)](std::size_t i) {
        return scan.normals[i][c];
      });
    case PointValue::column: {
      const PointColumn& column = *find_column(scan, feature.column);
      return write([&](std::size_t i) { return column.values[i]; });
    }
  }
}

void check_values(const LabelledScan& scan, const FeatureSet& features, std::string_view op) {
  const std::size_t points = scan.positions.size();
  const auto check_count = [&](std::string_view name, std::size_t count) {
    require(count == points, op, "the network reads {}, and a scan has {} of them for {} points",
            name, count, points);
  };
  const auto check_rows = [&](std::string_view name, const auto& rows) {
    for (std::size_t i = 0; i < points; ++i) {
      for (const float channel : rows[i]) {
        require(std::isfinite(channel), op, "the {} of point {} is {}", name, i, channel);
      }
    }
  };
  for (std::size_t i = 0; features.has(PointValue::intensity) && i < points; ++i) {
    require(std::isfinite(scan.intensity[i]), op, "the intensity of point {} is {}", i,
            scan.intensity[i]);
  }
  if (features.has_colours()) {
    check_count("colours", scan.colours.size());
    check_rows("colour", scan.colours);
  }
  if (features.has_normals()) {
    check_count("normals", scan.normals.size());
    check_rows("normal", scan.normals);
  }
  if (features.has(Frame::ground))
    check_count("heights above the ground", scan.above_ground.size());
  require(!features.has(Frame::scene) || scan.scene_origin, op,
          "the network reads where points lie in the scene, and the scan is not completed");
  for (const PointFeature& feature : features.features) {
    if (feature.value != PointValue::column) continue;
    const PointColumn* column = find_column(scan, feature.column);
    require(column != nullptr, op, "the network reads the column {}, and the scan has none",
            feature.column);
    check_count(feature.column, column->values.size());
    for (std::size_t i = 0; i < points; ++i) {
      require(std::isfinite(column->values[i]), op, "{} of point {} is {}", column->name, i,
              column->values[i]);
    }
  }
}

}  // namespace voxloom::data
