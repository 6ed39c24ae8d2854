// SparseTensor: features on a coordinate set. Row i of the features belongs to row i of the set.
#pragma once

#include <cstdint>
#include <span>

#include "voxloom/coordinate_set.h"
#include "voxloom/tensor.h"

namespace voxloom {

class SparseTensor {
 public:
  // `features`: (N,C) float32, float16 or bfloat16 with N = coords.size().
  SparseTensor(CoordinateSet coords, Tensor features);

  [[nodiscard]] const CoordinateSet& coords() const { return coords_; }
  [[nodiscard]] const Tensor& features() const { return features_; }
  [[nodiscard]] std::int64_t rows() const { return coords_.size(); }
  [[nodiscard]] std::int64_t channels() const { return features_.dim(1); }
  [[nodiscard]] DType dtype() const { return features_.dtype(); }
  [[nodiscard]] Triple stride() const { return coords_.stride(); }
  [[nodiscard]] std::int64_t batch_size() const { return coords_.batch_size(); }

  // The same support with other features.
  [[nodiscard]] SparseTensor with_features(Tensor features) const {
    return {coords_, std::move(features)};
  }

 private:
  CoordinateSet coords_;
  Tensor features_;
};

// Shorthand: checks the rows and makes the set.
[[nodiscard]] SparseTensor sparse_tensor(std::span<const Coordinate> rows, Tensor features,
                                         const CoordinateSetOptions& options = {});

}  // namespace voxloom
