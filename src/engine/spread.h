// Rows that go back to where a reduction took them from, float32. Rows are given by number, on the host.
#pragma once

#include <cstdint>
#include <span>

#include "voxloom/coordinate_set.h"
#include "voxloom/options.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

// y[i] = x[rows[i]] / divisors[rows[i]]: sums and means, back to each of their rows. A row of -1 gives 0;
// a divisor that is not above 0 counts as 1.
struct SpreadRows {
  static constexpr std::string_view kName = "spread_rows";
  static constexpr bool kIsForTraining = true;

  const Tensor* x = nullptr;                // (M, C)
  std::span<const std::int32_t> rows = {};  // N; empty: the same row
  const Tensor* divisors = nullptr;         // M of them, or none: all 1
  Tensor* y = nullptr;                      // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.divisors);
    visit.writes(p.y);
  }
};

// dx[chosen[i][c]][c] = dy[i][c], 0 elsewhere: maxima of segments, back to the rows that won. No element
// is chosen twice; -1 chose none.
struct ScatterToChosen {
  static constexpr std::string_view kName = "scatter_to_chosen";
  static constexpr bool kIsForTraining = true;

  const Tensor* chosen = nullptr;  // (M, C) int32
  const Tensor* dy = nullptr;      // (M, C)
  Tensor* dx = nullptr;            // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.chosen);
    visit.reads(p.dy);
    visit.writes(p.dx);
  }
};

// y[i][c] = x[chosen[i][c]][c], or 0 where that is -1.
struct GatherChosen {
  static constexpr std::string_view kName = "gather_chosen";
  static constexpr bool kIsForTraining = true;

  const Tensor* x = nullptr;       // (N, C)
  const Tensor* chosen = nullptr;  // (M, C) int32
  Tensor* y = nullptr;             // (M, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.chosen);
    visit.writes(p.y);
  }
};

// Of Devoxelize (engine/points.h): each voxel sums dy over the points that read it, in their order, times
// the weight with which they did.
struct DevoxelizeGradient {
  static constexpr std::string_view kName = "devoxelize_gradient";
  static constexpr bool kIsForTraining = true;

  const Tensor* points = nullptr;            // (P,3) float32
  std::span<const std::int32_t> batch = {};  // P; empty: all 0
  Grid grid = {};
  Interpolation interpolation = Interpolation::nearest;
  NearestMode nearest = NearestMode::cell;
  bool renormalize = false;            // linear: weights were divided by those present
  const CoordinateSet* set = nullptr;  // of the voxels
  const Tensor* dy = nullptr;          // (P, C)
  Tensor* dx = nullptr;                // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.points);
    visit.reads(p.dy);
    visit.writes(p.dx);
  }
};

}  // namespace voxloom::engine
