// A geometry seen from the leaves of the output set: for each kernel offset and each place of an
// output leaf, in which leaf of the input set and at which place the partner is.
//
//   output side coarse   in = out*stride + shift     out = 4 P + l, so in = 4 (P*stride) + v,
//                                                    v = l*stride + shift
//   output side fine     in = (out - shift)/stride   P = stride*j + p, so in = 4 j + v,
//                                                    v = (4 p + l - shift)/stride, if it divides
//
// Per axis, v depends on the place l in 0..3, the shift and, on the fine side, the class p of the
// leaf. Input leaves are numbered by cells: the grid of all floor(v/4) that occur, around a base
// leaf (P*stride or j).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "coords/kernel_geometry.h"
#include "coords/leaf_index.h"
#include "coords/map_builder.h"
#include "core/checked.h"

namespace voxloom {

class Stencil {
 public:
  // What the leaves of one class have in common.
  struct Class {
    std::vector<std::uint64_t> valid;    // [k] output places that have a partner place
    std::vector<std::uint16_t> partner;  // [64 k + place] 64 cell + place, where valid
    std::vector<std::uint64_t> sends;    // [cell] output places with a partner there
    std::vector<std::uint64_t> takes;    // [cell] input places that are a partner
  };
  struct Axis {
    std::vector<std::int64_t> shifts;  // distinct
    std::vector<std::int64_t> cells;   // distinct floor(v/4), ascending
    std::vector<std::uint32_t> shift_of_offset;
  };

  // Nothing when the tables would be too large to be worth it: far-flung lists of offsets, huge
  // kernels, strides with very many classes.
  [[nodiscard]] static std::optional<Stencil> make(const KernelGeometry& geometry, OutputSide side);

  [[nodiscard]] std::size_t volume() const { return axes_[0].shift_of_offset.size(); }
  [[nodiscard]] std::size_t cell_count() const {
    return axes_[0].cells.size() * axes_[1].cells.size() * axes_[2].cells.size();
  }
  [[nodiscard]] const std::array<Axis, 3>& axes() const { return axes_; }
  // Input and output cells have one size: what `shift_leaves` is for. Shifts are in that sense.
  [[nodiscard]] bool is_shift() const { return stride_ == Triple(1); }

  [[nodiscard]] const Class& class_of(const LeafPosition& leaf) const;
  // By the leaf's position modulo the period of each axis, z fastest.
  [[nodiscard]] std::span<const Class> classes() const { return classes_; }
  // The position, on one axis, of the input leaf that cells count from.
  [[nodiscard]] std::int64_t base(int axis, std::int64_t position) const {
    return side_ == OutputSide::fine ? floor_div(position, stride_[axis])
                                     : position * stride_[axis];
  }
  // Such positions are multiples of it.
  [[nodiscard]] std::int64_t base_step(int axis) const {
    return side_ == OutputSide::fine ? 1 : stride_[axis];
  }

 private:
  struct Partner {
    bool is_valid;
    std::int64_t v;
  };
  [[nodiscard]] Partner partner(int axis, std::int64_t shift, std::int64_t leaf_class,
                                int place) const;
  [[nodiscard]] std::int64_t period(int axis) const {
    return side_ == OutputSide::fine ? stride_[axis] : 1;
  }
  [[nodiscard]] bool find_axes(const KernelGeometry& geometry);
  void make_class(const std::array<std::int64_t, 3>& leaf_class, Class& tables) const;

  Triple stride_ = 1;
  OutputSide side_ = OutputSide::coarse;
  std::array<Axis, 3> axes_;
  std::vector<Class> classes_;
};

}  // namespace voxloom
