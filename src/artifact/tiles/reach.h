// How far each value of a graph looks, worked out without running it, and how an operation's row says
// what it adds.
//
// A row of a value has a place: a point, or the cell of a voxel. It depends on the input points
// from `below` under its place to `above` over it, per axis, in the unit of the points, and on no
// other. The bounds are safe, not tight.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "artifact/graph/op_spec.h"
#include "voxloom/graph.h"
#include "voxloom/kernel_map.h"
#include "voxloom/points.h"

namespace voxloom::artifact {

enum class Place : std::uint8_t {
  none,     // weights, and counts of rows that a caller gives
  points,   // row i stands at point i
  voxels,   // row i stands in the cell of site i of a set
  unplaced  // nothing bounds what it depends on
};

struct Extent {
  Place place = Place::none;
  int set = -1;     // voxels: two values with one number have the same rows in the same order
  Grid cells = {};  // voxels: the cell of coordinate c is origin + voxel_size * [c, c + 1)
  std::array<double, 3> below = {0, 0, 0}, above = {0, 0, 0};
  std::string why = {};  // unplaced: what is to blame
};

// The input rows v that the output row u of a forward product meets: v = u * stride + shift, with
// shifts from `low` to `high`.
struct Window {
  std::array<std::int64_t, 3> stride = {1, 1, 1}, low = {0, 0, 0}, high = {0, 0, 0};
};

class ReachQuery : public OpView {
 public:
  // `points`: the graph's input that holds positions, as far as it is known; -1 before.
  ReachQuery(const OpView& view, std::span<const Extent> values, int& points, int& sets)
      : OpView(view), values_(values), points_(points), sets_(sets) {}

  [[nodiscard]] const Extent& operand(std::string_view name) const;
  [[nodiscard]] std::vector<const Extent*> operands(std::string_view name) const;
  void result(Extent extent) { results_.push_back(std::move(extent)); }
  [[nodiscard]] std::vector<Extent>& results() { return results_; }

  // All results are unplaced.
  void unplaced(const std::string& why);
  [[nodiscard]] Extent on_new_set(Extent extent) {
    extent.set = sets_++;
    return extent;
  }
  // Positions come from one input of the graph, unchanged. False, and the results are unplaced, where
  // the operand is something else.
  [[nodiscard]] bool takes_input_points(std::string_view name);
  // From the attributes kernel_size, stride, padding, dilation, offsets and origin, where there are.
  [[nodiscard]] Window window(Origin origin) const;

 private:
  std::span<const Extent> values_;
  int& points_;
  int& sets_;
  std::vector<Extent> results_;
};

// Of every value of a graph that the verifier accepts. What is to blame is named with its operation.
[[nodiscard]] std::vector<Extent> extents_of(const Graph& graph);

// Every row's own place alone: what activations, norms and linear layers do.
void reach_of_rows(ReachQuery& q);
// Sites of several tensors on one grid become those of one: joins and set operations.
void reach_of_join(ReachQuery& q, std::initializer_list<std::string_view> names);

// Places of `a` that also depend on what the same places of `b` depend on.
void widen(Extent& a, const Extent& b);
[[nodiscard]] bool on_one_grid(const Extent& a, const Extent& b);

// The coarse side sees the fine one through a window, and the other way round.
[[nodiscard]] Extent gathered(const Extent& fine, const Window& window);
[[nodiscard]] Extent spread(const Extent& coarse, const Window& window);

}  // namespace voxloom::artifact
