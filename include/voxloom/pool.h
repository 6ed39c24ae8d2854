// Pooling and resampling over kernel maps. docs/semantics.md, section 7.
#pragma once

#include <cstdint>

#include "voxloom/conv.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

enum class PoolMode : std::uint8_t { sum, max, avg };

struct PoolOptions {
  PoolMode mode = PoolMode::max;
  Triple kernel_size = 2;
  Triple stride = 2;
  Triple padding = 0;
  Triple dilation = 1;
  // With stride s and the centered origin an odd kernel of s misses cells of a row's s: those of an even one of s, of
  // an odd one of 2 s - 1, or with the corner origin of any of s, hold all of them.
  Origin origin = Origin::centered;
};

// Strided support. An output row without contributors is 0; avg divides by the
// number of contributors; a NaN wins a maximum.
[[nodiscard]] SparseTensor pool3d(const SparseTensor& x, const PoolOptions& options = {});

// Puts `pooled` (made by max pooling x with `options`) back at the winning rows of x: ties go to the
// lowest row, a NaN wins, several wins are summed, none is 0.
[[nodiscard]] SparseTensor max_unpool3d(const SparseTensor& x, const SparseTensor& pooled,
                                        const PoolOptions& options = {});

struct PoolTransposeOptions {
  Triple kernel_size = 2;
  Triple stride = 2;
  Triple padding = 0;
  Triple dilation = 1;
  Target target = {};  // default: the transposed support
};

// Mean of the contributors on the transposed map (corner origin).
[[nodiscard]] SparseTensor pool_transpose3d(const SparseTensor& x,
                                            const PoolTransposeOptions& options = {});

struct UpsampleOptions {
  Triple stride = 2;
  Target target = {};
};

// Corner offsets 0..2s-2, padding s-1, weight prod(1 - |o-(s-1)|/s), divided by the weights present.
[[nodiscard]] SparseTensor trilinear_upsample3d(const SparseTensor& x,
                                                const UpsampleOptions& options = {});

// (B,C), reduced over each batch. An empty batch gives 0 for sum and avg, an error for max.
[[nodiscard]] Tensor global_pool(const SparseTensor& x, PoolMode mode);

}  // namespace voxloom
