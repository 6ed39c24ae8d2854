#include "ops/target.h"

#include <algorithm>

#include "core/error.h"

namespace voxloom {
namespace {

const CoordinateSet& require_stride(std::string_view op, const CoordinateSet& set,
                                    const Triple& stride) {
  require(set.stride() == stride, op, "the target has stride {}, the output has stride {}",
          set.stride(), stride);
  return set;
}

}  // namespace

CoordinateSet resolve_target(std::string_view op, const Target& target, const Triple& output_stride,
                             std::int64_t batch_size) {
  if (const auto* set = std::get_if<CoordinateSet>(&target)) {
    return require_stride(op, *set, output_stride);
  }
  if (const auto* tensor = std::get_if<SparseTensor>(&target)) {
    return require_stride(op, tensor->coords(), output_stride);
  }
  const auto* rows = std::get_if<Tensor>(&target);
  require(rows != nullptr, op, "expected a target");
  const CoordinateSet set = CoordinateSet::from_tensor(*rows, {.stride = output_stride});
  if (set.batch_size() >= batch_size) return set;
  return CoordinateSet::from_rows(
      set.rows(), {.stride = output_stride, .batch_size = batch_size, .trusted = true});
}

std::int64_t target_batch_size(const Target& target) {
  if (const auto* set = std::get_if<CoordinateSet>(&target)) return set->batch_size();
  if (const auto* tensor = std::get_if<SparseTensor>(&target)) return tensor->batch_size();
  return 0;
}

}  // namespace voxloom
