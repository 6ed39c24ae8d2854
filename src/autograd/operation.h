// Every operation that can stand on a tape. tests/autograd checks each of them against central
// differences, and fails for a row without a case.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace voxloom::autograd {

enum class Operation : std::uint8_t {
  convolution,
  normalized_convolution,
  linear,
  binary,
  cat,
  reindex,
  scale,
  plus,
  reshape,
  sum,
  pool3d,
  max_unpool3d,
  pool_transpose3d,
  trilinear_upsample3d,
  global_pool,
  voxelize,
  devoxelize,
  activate,
  exp,
  softmax,
  batch_norm,
  batch_norm_batch,
  layer_norm,
  group_norm,
  rms_norm,
  dropout,
  embedding_lookup,
  to_dense,
  cross_entropy,
  lovasz_softmax,
  checkpoint,
};

inline constexpr std::array<std::string_view, 31> kOperationNames = {"convolution",
                                                                     "normalized_convolution",
                                                                     "linear",
                                                                     "binary",
                                                                     "cat",
                                                                     "reindex",
                                                                     "scale",
                                                                     "plus",
                                                                     "reshape",
                                                                     "sum",
                                                                     "pool3d",
                                                                     "max_unpool3d",
                                                                     "pool_transpose3d",
                                                                     "trilinear_upsample3d",
                                                                     "global_pool",
                                                                     "voxelize",
                                                                     "devoxelize",
                                                                     "activate",
                                                                     "exp",
                                                                     "softmax",
                                                                     "batch_norm",
                                                                     "batch_norm_batch",
                                                                     "layer_norm",
                                                                     "group_norm",
                                                                     "rms_norm",
                                                                     "dropout",
                                                                     "embedding_lookup",
                                                                     "to_dense",
                                                                     "cross_entropy",
                                                                     "lovasz_softmax",
                                                                     "checkpoint"};
static_assert(kOperationNames.size() == static_cast<std::size_t>(Operation::checkpoint) + 1);

[[nodiscard]] constexpr std::string_view name_of(Operation operation) {
  return kOperationNames[static_cast<std::size_t>(operation)];
}

}  // namespace voxloom::autograd
