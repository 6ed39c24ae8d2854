// Copies between rows and the cells of a dense grid.

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/rows.h"

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kGrain = 4096;

}  // namespace

void scatter_to_grid(const engine::ScatterToGrid& problem) {
  const Tensor& x = *problem.x;
  const std::int64_t channels = x.dim(1);
  std::memset(problem.grid->mutable_raw(), 0, problem.grid->bytes());
  visit_feature_dtype("to_dense", x.dtype(), [&]<typename T>() {
    const T* from = x.data<T>();
    T* to = problem.grid->mutable_data<T>();
    parallel_for(x.dim(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t cell = problem.cells[static_cast<std::size_t>(i)];
        if (cell >= 0) std::copy_n(from + i * channels, channels, to + cell * channels);
      }
    });
  });
}

void occupied_cells(const engine::OccupiedCells& problem) {
  const Tensor& grid = *problem.grid;
  if (grid.size() == 0) return;
  const std::int64_t channels = grid.shape().back();
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
  for (const auto& part : parts) {
    problem.cells->insert(problem.cells->end(), part.begin(), part.end());
  }
}

void gather_from_grid(const engine::GatherFromGrid& problem) {
  const std::int64_t channels = problem.y->dim(1);
  visit_feature_dtype("from_dense", problem.y->dtype(), [&]<typename T>() {
    const T* from = problem.grid->data<T>();
    T* to = problem.y->mutable_data<T>();
    parallel_for(problem.y->dim(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t cell = problem.cells[static_cast<std::size_t>(i)];
        if (cell < 0) {
          std::fill_n(to + i * channels, channels, T(0.0F));
        } else {
          std::copy_n(from + cell * channels, channels, to + i * channels);
        }
      }
    });
  });
}

}  // namespace voxloom::cpu
