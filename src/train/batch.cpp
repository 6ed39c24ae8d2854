// Scans to what a network takes.

#include <algorithm>
#include <cmath>
#include <span>

#include "core/checked.h"
#include "voxloom/points.h"
#include "voxloom/train.h"

namespace voxloom::train {
namespace {

constexpr float kHeightUnit = 4.0F, kDistanceUnit = 50.0F;

// All scans' points in one tensor of `width` columns; fill(scan, i, row) writes one row.
template <typename Fill>
Tensor rows_of(std::span<const LabelledScan> scans, std::int64_t width, const Fill& fill) {
  std::int64_t count = 0;
  for (const LabelledScan& scan : scans) count += scan.size();
  require_row_count("train", count);
  std::vector<float> rows;
  resize_or_throw("train", rows, checked_mul("train", count, width), 0.0F);
  float* to = rows.data();
  for (const LabelledScan& scan : scans) {
    for (std::size_t i = 0; i < scan.positions.size(); ++i, to += width) fill(scan, i, to);
  }
  return Tensor::from(rows, {count, width});
}

// The unit that the network knows.
float intensity_of(float share, const Interval& range) {
  if (range == Interval{0, 1}) return share;
  return static_cast<float>(range.low + (range.high - range.low) * static_cast<double>(share));
}

float feature_of(const LabelledScan& scan, std::size_t i, PointFeature feature,
                 const FeatureSet& features) {
  const auto& [x, y, z] = scan.positions[i];
  switch (feature) {
    case PointFeature::intensity: return intensity_of(scan.intensity[i], features.intensity_range);
    case PointFeature::height: return z / kHeightUnit;
    case PointFeature::distance: return std::sqrt(x * x + y * y) / kDistanceUnit;
    case PointFeature::red: return scan.colours[i][0];
    case PointFeature::green: return scan.colours[i][1];
    case PointFeature::blue: return scan.colours[i][2];
  }
  return 0;
}

Tensor features_of(std::span<const LabelledScan> scans, const FeatureSet& features) {
  return rows_of(scans, features.size(), [&](const LabelledScan& scan, std::size_t i, float* row) {
    for (const PointFeature feature : features.features) {
      *row++ = feature_of(scan, i, feature, features);
    }
  });
}

void write_position(const LabelledScan& scan, std::size_t i, float* row) {
  std::copy(scan.positions[i].begin(), scan.positions[i].end(), row);
}

Tensor batch_of_points(const std::vector<LabelledScan>& scans, std::int64_t count) {
  std::vector<std::int32_t> batch;
  batch.reserve(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < scans.size(); ++i) {
    batch.insert(batch.end(), scans[i].positions.size(), static_cast<std::int32_t>(i));
  }
  return Tensor::from(batch, {count});
}

std::int32_t largest_label(const std::vector<LabelledScan>& scans) {
  std::int32_t largest = 0;
  for (const LabelledScan& scan : scans) {
    for (const std::int32_t label : scan.labels) largest = std::max(largest, label);
  }
  return largest;
}

// The most frequent class of each row's points, the lowest among equals; none when no point has one.
Tensor row_labels(const std::vector<LabelledScan>& scans,
                  const std::vector<std::int32_t>& row_of_point, std::int64_t rows) {
  const std::int64_t classes = std::int64_t{largest_label(scans)} + 1;
  std::vector<std::int32_t> votes;
  resize_or_throw("train", votes, checked_mul("train", rows, classes), 0);
  std::size_t point = 0;
  for (const LabelledScan& scan : scans) {
    for (const std::int32_t label : scan.labels) {
      const std::int32_t row = row_of_point[point++];
      if (row >= 0 && label >= 0) ++votes[static_cast<std::size_t>(row * classes + label)];
    }
  }
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(rows));
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto first = votes.begin() + row * classes;
    const auto best = std::max_element(first, first + classes);
    labels.push_back(*best == 0 ? kIgnoreLabel : static_cast<std::int32_t>(best - first));
  }
  return Tensor::from(labels, {rows});
}

// What is not finite would spread along the kernel maps, over all that the network sees of the scan.
void check_values(const LabelledScan& scan, const FeatureSet& features) {
  for (std::size_t i = 0; features.has(PointFeature::intensity) && i < scan.intensity.size(); ++i) {
    require(std::isfinite(scan.intensity[i]), "train", "the intensity of point {} is {}", i,
            scan.intensity[i]);
  }
  if (!features.has_colours()) return;
  require(scan.colours.size() == scan.positions.size(), "train",
          "the network reads colours, and a scan has {} of them for {} points", scan.colours.size(),
          scan.positions.size());
  for (std::size_t i = 0; i < scan.colours.size(); ++i) {
    for (const float channel : scan.colours[i]) {
      require(std::isfinite(channel), "train", "the colour of point {} is {}", i, channel);
    }
  }
}

void check(const LabelledScan& scan, const FeatureSet& features) {
  require(
      scan.intensity.size() == scan.positions.size() && scan.labels.size() == scan.positions.size(),
      "train", "a scan has {} positions, {} intensities and {} labels", scan.positions.size(),
      scan.intensity.size(), scan.labels.size());
  check_values(scan, features);
}

}  // namespace

Tensor point_features(const LabelledScan& scan, const FeatureSet& features) {
  validate(features);
  check(scan, features);
  return features_of({&scan, 1}, features);
}

Tensor point_positions(const LabelledScan& scan) { return rows_of({&scan, 1}, 3, write_position); }

VoxelBatch make_batch(const std::vector<LabelledScan>& scans, double voxel_size,
                      const FeatureSet& features) {
  validate(features);
  require(voxel_size > 0 && std::isfinite(voxel_size), "train",
          "the voxel size should be above 0, got {}", voxel_size);
  for (const LabelledScan& scan : scans) check(scan, features);
  const Tensor positions = rows_of(scans, 3, write_position);
  const Tensor values = features_of(scans, features);
  Voxelized voxels = voxelize(positions, values, batch_of_points(scans, positions.dim(0)),
                              {.grid = {.voxel_size = {voxel_size, voxel_size, voxel_size}},
                               .non_finite = NonFinite::drop,
                               .batch_size = static_cast<std::int64_t>(scans.size())});
  Tensor labels = row_labels(scans, voxels.row_of_point, voxels.tensor.rows());
  return {std::move(voxels.tensor), std::move(labels), std::move(voxels.row_of_point)};
}

}  // namespace voxloom::train
