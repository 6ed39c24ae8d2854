// Copies between rows and the cells of a dense grid.

#include <algorithm>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/row_ops.h"

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kGrain = 4096;

}  // namespace

void scatter_rows(const Tensor& features, std::span<const std::int64_t> cells, Tensor& grid) {
  const std::int64_t channels = features.dim(1);
  visit_feature_dtype("to_dense", features.dtype(), [&]<typename T>() {
    const T* x = features.data<T>();
    T* out = grid.mutable_data<T>();
    parallel_for(features.dim(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t cell = cells[static_cast<std::size_t>(i)];
        if (cell >= 0) std::copy_n(x + i * channels, channels, out + cell * channels);
      }
    });
  });
}

std::vector<std::int64_t> occupied_cells(const Tensor& grid, std::int64_t channels) {
  if (grid.size() == 0) return {};
  const std::int64_t count = grid.size() / channels;
  std::vector<std::vector<std::int64_t>> parts(
      static_cast<std::size_t>((count + kGrain - 1) / kGrain));
  visit_feature_dtype("from_dense", grid.dtype(), [&]<typename T>() {
    const T* values = grid.data<T>();
    parallel_for(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
      auto& part = parts[static_cast<std::size_t>(begin / kGrain)];
      for (std::int64_t cell = begin; cell < end; ++cell) {
        const T* first = values + cell * channels;
        const auto is_set = [](const T& value) { return static_cast<float>(value) != 0.0F; };
        if (std::any_of(first, first + channels, is_set)) part.push_back(cell);
      }
    });
  });
  std::vector<std::int64_t> cells;
  for (const auto& part : parts) cells.insert(cells.end(), part.begin(), part.end());
  return cells;
}

void gather_cells(const Tensor& grid, std::span<const std::int64_t> cells, Tensor& features) {
  const std::int64_t channels = features.dim(1);
  visit_feature_dtype("from_dense", grid.dtype(), [&]<typename T>() {
    const T* values = grid.data<T>();
    T* out = features.mutable_data<T>();
    parallel_for(features.dim(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t cell = cells[static_cast<std::size_t>(i)];
        std::copy_n(values + cell * channels, channels, out + i * channels);
      }
    });
  });
}

}  // namespace voxloom::cpu
