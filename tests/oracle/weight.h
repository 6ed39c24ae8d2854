// Convolution weights. The oracle computes on one canonical layout, (K, G, C_in/G, C_out/G), and
// converts every documented layout to it and back (back, for comparing weight gradients).
#pragma once

#include <stdexcept>
#include <vector>

#include "oracle/types.h"

namespace voxloom_oracle {

struct WeightShape {
  int64_t volume = 1;  // K
  int64_t groups = 1;  // G
  int64_t c_in = 1;    // over all groups
  int64_t c_out = 1;   // over all groups

  int64_t group_in() const { return c_in / groups; }
  int64_t group_out() const { return c_out / groups; }
  int64_t size() const { return volume * c_in * group_out(); }
  bool operator==(const WeightShape&) const = default;
};

struct Weight {
  WeightShape shape;
  std::vector<double> v;

  static Weight zeros(const WeightShape& shape) {
    if (shape.c_in % shape.groups != 0 || shape.c_out % shape.groups != 0) {
      throw std::invalid_argument("oracle: groups do not divide the channels");
    }
    return {shape, std::vector<double>(static_cast<size_t>(shape.size()), 0.0)};
  }

  // ci and co count within group g.
  size_t index(int64_t k, int64_t g, int64_t ci, int64_t co) const {
    return static_cast<size_t>(
        ((k * shape.groups + g) * shape.group_in() + ci) * shape.group_out() + co);
  }
  double& at(int64_t k, int64_t g, int64_t ci, int64_t co) { return v.at(index(k, g, ci, co)); }
  double at(int64_t k, int64_t g, int64_t ci, int64_t co) const {
    return v.at(index(k, g, ci, co));
  }
};

enum class WeightLayout {
  kConv5d,       // (C_out, Kx, Ky, Kz, C_in/G)
  kKernelMajor,  // (K, C_in, C_out), G = 1
  kGrouped,      // (K, G, C_in/G, C_out/G)
  kDepthwise,    // (K, C), G = C_in = C_out = C
  kPointwise,    // (C_out, C_in), K = 1, G = 1
};

inline bool layout_can_hold(WeightLayout layout, const WeightShape& s) {
  switch (layout) {
    case WeightLayout::kKernelMajor: return s.groups == 1;
    case WeightLayout::kDepthwise: return s.groups == s.c_in && s.groups == s.c_out;
    case WeightLayout::kPointwise: return s.volume == 1 && s.groups == 1;
    default: return true;
  }
}

// Where an array in `layout` keeps the element that is canonically (k, g, ci, co).
inline int64_t layout_position(WeightLayout layout, const WeightShape& s, int64_t k, int64_t g,
                               int64_t ci, int64_t co) {
  const int64_t co_all = g * s.group_out() + co;
  const int64_t ci_all = g * s.group_in() + ci;
  switch (layout) {
    case WeightLayout::kConv5d: return (co_all * s.volume + k) * s.group_in() + ci;
    case WeightLayout::kKernelMajor: return (k * s.c_in + ci_all) * s.c_out + co_all;
    case WeightLayout::kGrouped:
      return ((k * s.groups + g) * s.group_in() + ci) * s.group_out() + co;
    case WeightLayout::kDepthwise: return k * s.groups + g;
    case WeightLayout::kPointwise: return co_all * s.c_in + ci_all;
  }
  throw std::invalid_argument("oracle: unknown weight layout");
}

// Calls visit(canonical position, position in `layout`) for every element.
template <typename Visit>
void for_each_weight(WeightLayout layout, const Weight& w, Visit visit) {
  const WeightShape& s = w.shape;
  if (!layout_can_hold(layout, s)) {
    throw std::invalid_argument("oracle: this weight layout cannot hold this shape");
  }
  for (int64_t k = 0; k < s.volume; ++k) {
    for (int64_t g = 0; g < s.groups; ++g) {
      for (int64_t ci = 0; ci < s.group_in(); ++ci) {
        for (int64_t co = 0; co < s.group_out(); ++co) {
          visit(w.index(k, g, ci, co),
                static_cast<size_t>(layout_position(layout, s, k, g, ci, co)));
        }
      }
    }
  }
}

inline Weight weight_from(WeightLayout layout, const WeightShape& shape,
                          const std::vector<double>& values) {
  Weight w = Weight::zeros(shape);
  if (values.size() != w.v.size()) throw std::invalid_argument("oracle: wrong weight length");
  for_each_weight(layout, w, [&](size_t own, size_t other) { w.v[own] = values.at(other); });
  return w;
}

inline std::vector<double> weight_to(WeightLayout layout, const Weight& w) {
  std::vector<double> values(w.v.size());
  for_each_weight(layout, w, [&](size_t own, size_t other) { values.at(other) = w.v[own]; });
  return values;
}

}  // namespace voxloom_oracle
