#include "voxloom/sparse_tensor.h"

#include <algorithm>

#include "core/error.h"

namespace voxloom {

SparseTensor::SparseTensor(CoordinateSet coords, Tensor features, std::int64_t batch_size)
    : coords_(std::move(coords)),
      features_(std::move(features)),
      batch_size_(std::max(batch_size, coords_.batch_size())) {
  require(batch_size >= 0, "sparse_tensor", "batch_size must not be negative, got {}", batch_size);
  require(features_.defined() && features_.rank() == 2 && is_feature_dtype(features_.dtype()),
          "sparse_tensor",
          "expected features of shape (N,C) and type float32, float16 or bfloat16, got {} {}",
          features_.shape(), name_of(features_.dtype()));
  require(features_.dim(0) == coords_.size(), "sparse_tensor", "{} rows of features for {} rows",
          features_.dim(0), coords_.size());
}

SparseTensor sparse_tensor(std::span<const Coordinate> rows, Tensor features,
                           const CoordinateSetOptions& options) {
  return {CoordinateSet::from_rows(rows, options), std::move(features)};
}

}  // namespace voxloom
