// Forward product of bfloat16 features and weights with float32 sums, on matrix tiles or whatever else
// multiplies pairs of bfloat16 (the kernels `tilegemm`).
//
// Output block by kernel offset, as in offset_major: a task owns the sums of one block of output rows
// and some output channels. The tiles are so fast that moving the sums binds, not the multiplication.

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "core/checked.h"
#include "core/parallel.h"
#include "cpu/blocking.h"
#include "cpu/convolution.h"
#include "cpu/kernel_table.h"
#include "cpu/prefetch.h"
#include "cpu/scratch.h"
#include "cpu/store_sums.h"
#include "voxloom/memory.h"

namespace voxloom::cpu {
namespace {

using Gemm = KernelInfo<TileGemmArgs>;

// nullptr: none with the instruction set in use.
const Gemm* gemm_kernel() {
  const auto kernels = kernels_of<TileGemmArgs>(current(), DType::bf16);
  return kernels.empty() ? nullptr : kernels.data();
}

bool needs_tile_registers(const Gemm& gemm) {
  return needs_of(gemm.isa).contains(Feature::amx_tile);
}

// A block's sums, 128 KiB, stay in the second-level cache.
std::int64_t columns_of_strip(const ConvForward& problem) {
  return problem.cut.columns > 0 ? round_up(problem.cut.columns, kTileColumns) : 128;
}

class MatrixTiles {
 public:
  explicit MatrixTiles(const ConvForward& problem)
      : p_(problem),
        gemm_(*gemm_kernel()),
        in_(problem.weight.in),
        depth_(round_up(in_, kTileDepth)),
        columns_(round_up(problem.weight.out, kTileColumns)),
        columns_a_strip_(columns_of_strip(problem)),
        store_(problem, current()),
        prefetch_(problem.map, *problem.x, *problem.y, Prefetch::Outputs::written) {
    if (needs_tile_registers(gemm_)) setup_ = kernel_of<TileSetupArgs>(current(), DType::bf16);
    fill_panels();
  }

  // The tiles would treat this weight in another way than float32 does.
  [[nodiscard]] bool has_extreme_weight() const { return extreme_; }

  void run() const {
    const std::int64_t strips = (columns_ + columns_a_strip_ - 1) / columns_a_strip_;
    parallel_for(p_.map.block_count() * strips, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        run_task(task / strips, task % strips * columns_a_strip_);
      }
    });
  }

 private:
  [[nodiscard]] std::uint16_t* weights(std::int64_t k, std::int64_t column) const {
    return weights_.get() + (k * columns_ + column) * depth_;
  }

  void fill_panels() {
    const WeightView& w = p_.weight;
    const std::int64_t bytes = checked_product("convolution", {w.volume, columns_, depth_, 2});
    weights_ = std::reinterpret_pointer_cast<std::uint16_t>(
        allocate_bytes(static_cast<std::size_t>(std::max<std::int64_t>(1, bytes))));
    const Kernel<TilePanelArgs> fill = kernel_of<TilePanelArgs>(current(), DType::bf16);
    std::atomic<bool> extreme = false;
    parallel_for(w.volume, 4, [&](std::int64_t begin, std::int64_t end) {
      bool found = false;
      for (std::int64_t k = begin; k < end; ++k) {
        fill({.w = reinterpret_cast<const std::uint16_t*>(w.data) + w.at(k, 0, 0, 0),
              .stride_i = w.stride_i,
              .stride_o = w.stride_o,
              .in = in_,
              .out = w.out,
              .to = weights(k, 0),
              .extreme = &found});
      }
      if (found) extreme = true;
    });
    extreme_ = extreme;
  }

  void run_task(std::int64_t block, std::int64_t column) const {
    const std::int64_t columns = std::min(columns_a_strip_, columns_ - column);
    const std::int64_t rows = p_.map.rows_in(block);
    const std::int64_t product_size = std::int64_t{gemm_.rows} * gemm_.width;
    // Rows gathered as tiles take half a float an element, and depth_ is a multiple of 32.
    const std::int64_t rows_size = gemm_.rows * (depth_ / 2);
    float* product = thread_scratch(product_size + rows_size + rows * columns).data();
    float* rows_of_tiles = product + product_size;
    float* sums = rows_of_tiles + rows_size;
    std::fill(sums, sums + rows * columns, 0.0F);
    TileGemmArgs gemm{};
    gemm.a = reinterpret_cast<const std::uint16_t*>(p_.x->raw());
    gemm.a_stride = in_;
    gemm.depth = in_;
    gemm.columns = columns;
    gemm.c = sums;
    gemm.gathered = reinterpret_cast<std::uint16_t*>(rows_of_tiles);
    gemm.product = product;
    Prefetch::Spread spread(prefetch_, {block + 1, block + 2}, {block, block + 1},
                            p_.map.entries_in(block, block + 1) / gemm_.rows);
    if (setup_ != nullptr) setup_({.on = true});
    for (std::int64_t step = 0; step < p_.weight.volume; ++step) {
      // In the order in which the entries lie in memory.
      const std::int64_t k = p_.map.mirrored ? p_.weight.volume - 1 - step : step;
      const BlockSlice slice = p_.map.slice(block, k);
      if (slice.count == 0) continue;
      gemm.a_row = slice.in_row;
      gemm.c_row = slice.out_local;
      gemm.count = slice.count;
      gemm.w = weights(k, column);
      if (column == 0) gemm.ahead = spread.ahead();
      gemm_.run(gemm);
    }
    if (setup_ != nullptr) setup_({.on = false});
    store_({.sums = sums,
            .stride = columns,
            .first = block * kBlockRows,
            .rows = rows,
            .column = column,
            .width = std::min(columns, p_.weight.out - column)});
  }

  const ConvForward& p_;
  const Gemm& gemm_;
  Kernel<TileSetupArgs> setup_ = nullptr;  // where tile registers need it
  std::int64_t in_, depth_, columns_;      // depth and columns up to whole tiles
  std::int64_t columns_a_strip_;
  std::shared_ptr<std::uint16_t> weights_;
  bool extreme_ = false;
  SumStore store_;
  Prefetch prefetch_;
};

}  // namespace

bool has_matrix_tiles(const ConvForward& problem) {
  const WeightView& w = problem.weight;
  if (problem.x->dtype() != DType::bf16 || w.dtype != DType::bf16 || w.packed || w.groups != 1) {
    return false;
  }
  const Gemm* gemm = gemm_kernel();
  return gemm != nullptr && (!needs_tile_registers(*gemm) || may_use_tile_registers());
}

std::vector<Cut> matrix_tiles_cuts(const ConvForward& problem) {
  return others_than({0, columns_of_strip(problem)}, {{0, 32}, {0, 64}, {0, 128}, {0, 256}}, 0,
                     problem.weight.out);
}

void matrix_tiles_forward(const ConvForward& problem) {
  const MatrixTiles tiles(problem);
  tiles.has_extreme_weight() ? offset_major_forward(problem) : tiles.run();
}

}  // namespace voxloom::cpu
