// Scans to what a network takes.

#include <algorithm>
#include <cmath>
#include <span>

#include "core/checked.h"
#include "data/feature_values.h"
#include "data/scan_rows.h"
#include "voxloom/points.h"
#include "voxloom/train.h"

namespace voxloom::train {
namespace {

std::int64_t count_points(std::span<const LabelledScan> scans) {
  std::int64_t count = 0;
  for (const LabelledScan& scan : scans) count += scan.size();
  require_row_count("train", count);
  return count;
}

// All scans' points in one tensor of `width` columns.
std::vector<float> rows_for(std::int64_t count, std::int64_t width) {
  std::vector<float> rows;
  resize_or_throw("train", rows, checked_mul("train", count, width), 0.0F);
  return rows;
}

Tensor features_of(std::span<const LabelledScan> scans, const FeatureSet& features) {
  const std::int64_t count = count_points(scans), width = features.size();
  std::vector<float> rows = rows_for(count, width);
  float* to = rows.data();
  for (const LabelledScan& scan : scans) {
    for (std::size_t f = 0; f < features.features.size(); ++f) {
      data::write_feature(scan, features.features[f], features, static_cast<std::size_t>(width),
                          to + f);
    }
    to += scan.size() * width;
  }
  return Tensor::from(rows, {count, width});
}

Tensor positions_of(std::span<const LabelledScan> scans) {
  const std::int64_t count = count_points(scans);
  std::vector<float> rows = rows_for(count, 3);
  auto to = rows.begin();
  for (const LabelledScan& scan : scans) {
    for (const auto& p : scan.positions) to = std::copy(p.begin(), p.end(), to);
  }
  return Tensor::from(rows, {count, 3});
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
void check(const LabelledScan& scan, const FeatureSet& features) {
  data::check_rows(scan, "train");
  data::check_values(scan, features, "train");
}

}  // namespace

Tensor point_features(const LabelledScan& scan, const FeatureSet& features) {
  validate(features);
  if (needs_completion(scan, features)) {
    LabelledScan whole = scan;
    complete(whole, features);
    return point_features(whole, features);
  }
  check(scan, features);
  return features_of({&scan, 1}, features);
}

Tensor point_positions(const LabelledScan& scan) { return positions_of({&scan, 1}); }

VoxelBatch make_batch(const std::vector<LabelledScan>& scans, double voxel_size,
                      const FeatureSet& features) {
  validate(features);
  if (std::ranges::any_of(scans, [&](const auto& s) { return needs_completion(s, features); })) {
    std::vector<LabelledScan> whole = scans;
    for (LabelledScan& scan : whole) complete(scan, features);
    return make_batch(whole, voxel_size, features);
  }
  require(voxel_size > 0 && std::isfinite(voxel_size), "train",
          "the voxel size should be above 0, got {}", voxel_size);
  for (const LabelledScan& scan : scans) check(scan, features);
  const Tensor positions = positions_of(scans);
  const Tensor values = features_of(scans, features);
  Voxelized voxels = voxelize(positions, values, batch_of_points(scans, positions.dim(0)),
                              {.grid = {.voxel_size = {voxel_size, voxel_size, voxel_size}},
                               .non_finite = NonFinite::drop,
                               .batch_size = static_cast<std::int64_t>(scans.size())});
  Tensor labels = row_labels(scans, voxels.row_of_point, voxels.tensor.rows());
  return {std::move(voxels.tensor), std::move(labels), std::move(voxels.row_of_point)};
}

}  // namespace voxloom::train
