// SparseTensor: features on a coordinate set. Row i of the features belongs to row i of the set.
// The batch count is at least the set's: ops with several inputs keep the largest, so that a
// trailing empty batch survives even on a set that does not know of it.
#pragma once

#include <cstdint>
#include <span>

#include "voxloom/coordinate_set.h"
#include "voxloom/export.h"
#include "voxloom/tensor.h"

namespace VOXLOOM_API voxloom {

class SparseTensor {
 public:
  // `features`: (N,C) float32, float16 or bfloat16 with N = coords.size().
  SparseTensor(CoordinateSet coords, Tensor features, std::int64_t batch_size = 0);

  [[nodiscard]] const CoordinateSet& coords() const { return coords_; }
  [[nodiscard]] const Tensor& features() const { return features_; }
  [[nodiscard]] std::int64_t rows() const { return coords_.size(); }
  [[nodiscard]] std::int64_t channels() const { return features_.dim(1); }
  [[nodiscard]] DType dtype() const { return features_.dtype(); }
  [[nodiscard]] Triple stride() const { return coords_.stride(); }
  [[nodiscard]] std::int64_t batch_size() const { return batch_size_; }

  // The same support with other features.
  [[nodiscard]] SparseTensor with_features(Tensor features) const {
    return {coords_, std::move(features), batch_size_};
  }

 private:
  CoordinateSet coords_;
  Tensor features_;
  std::int64_t batch_size_;
};

// Shorthand: checks the rows and makes the set.
[[nodiscard]] SparseTensor sparse_tensor(std::span<const Coordinate> rows, Tensor features,
                                         const CoordinateSetOptions& options = {});

}  // namespace voxloom
