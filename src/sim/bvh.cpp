#include "sim/bvh.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace voxloom::street {
namespace {

constexpr std::int32_t kMostShapes = 3;  // in a node without children
constexpr std::size_t kDeepest = 64;     // halving 2^31 shapes needs 31

Bounds joined(const Bounds& a, const Bounds& b) {
  return {
      {std::min(a.low.x, b.low.x), std::min(a.low.y, b.low.y), std::min(a.low.z, b.low.z)},
      {std::max(a.high.x, b.high.x), std::max(a.high.y, b.high.y), std::max(a.high.z, b.high.z)}};
}

struct Slabs {
  double in, out;
};

Slabs clip(Slabs now, double low, double high, double origin, double inverse) {
  const double a = (low - origin) * inverse;
  const double b = (high - origin) * inverse;
  // A comparison with NaN (a ray in the box's face) leaves `now` as it is.
  return {std::max(now.in, std::min(a, b)), std::min(now.out, std::max(a, b))};
}

// Where the ray enters the box; infinity when it misses.
double entry(const Bounds& box, const Vec3& origin, const Vec3& inverse, double limit) {
  Slabs slabs = {0, limit};
  slabs = clip(slabs, box.low.x, box.high.x, origin.x, inverse.x);
  slabs = clip(slabs, box.low.y, box.high.y, origin.y, inverse.y);
  slabs = clip(slabs, box.low.z, box.high.z, origin.z, inverse.z);
  return slabs.in <= slabs.out ? slabs.in : std::numeric_limits<double>::infinity();
}

double middle(const Bounds& box, int axis) {
  if (axis == 0) return box.low.x + box.high.x;
  return axis == 1 ? box.low.y + box.high.y : box.low.z + box.high.z;
}

int widest_axis(const Bounds& box) {
  const Vec3 size = box.high - box.low;
  if (size.x >= size.y && size.x >= size.z) return 0;
  return size.y >= size.z ? 1 : 2;
}

}  // namespace

ShapeTree::ShapeTree(std::vector<Shape> shapes, std::vector<Plane> planes)
    : shapes_(std::move(shapes)), planes_(std::move(planes)), order_(shapes_.size()) {
  bounds_.reserve(shapes_.size());
  for (const Shape& shape : shapes_) bounds_.push_back(bounds_of(shape));
  std::iota(order_.begin(), order_.end(), 0U);
  if (!shapes_.empty()) build(0, static_cast<std::int32_t>(shapes_.size()));
}

void ShapeTree::build(std::int32_t begin, std::int32_t end) {
  const std::size_t at = nodes_.size();
  Bounds all = bounds_[order_[static_cast<std::size_t>(begin)]];
  for (std::int32_t i = begin; i < end; ++i) {
    all = joined(all, bounds_[order_[static_cast<std::size_t>(i)]]);
  }
  nodes_.push_back({all, begin, end - begin});
  if (end - begin <= kMostShapes) {
    std::sort(order_.begin() + begin, order_.begin() + end);
    return;
  }
  const int axis = widest_axis(all);
  const std::int32_t half = begin + (end - begin) / 2;
  std::nth_element(order_.begin() + begin, order_.begin() + half, order_.begin() + end,
                   [&](std::uint32_t a, std::uint32_t b) {
                     // Ties by number: every standard library divides alike.
                     const double at_a = middle(bounds_[a], axis), at_b = middle(bounds_[b], axis);
                     return at_a < at_b || (at_a == at_b && a < b);
                   });
  nodes_[at].count = 0;
  build(begin, half);
  nodes_[at].first = static_cast<std::int32_t>(nodes_.size());
  build(half, end);
}

void ShapeTree::try_shapes(const Node& node, const Ray& ray, double limit,
                           std::optional<Hit>& best) const {
  for (std::int32_t i = 0; i < node.count; ++i) {
    const std::uint32_t shape = order_[static_cast<std::size_t>(node.first + i)];
    const double nearest = best ? best->t : limit;
    if (const auto hit = hit_shape(shapes_[shape], shape, planes_, ray, nearest)) best = hit;
  }
}

std::optional<Hit> ShapeTree::nearest(const Ray& ray, double limit) const {
  std::optional<Hit> best;
  if (nodes_.empty()) return best;
  const Vec3 inverse = {1 / ray.direction.x, 1 / ray.direction.y, 1 / ray.direction.z};
  struct Waiting {
    std::int32_t node;
    double entry;
  };
  std::array<Waiting, kDeepest> stack;
  std::size_t waiting = 0;
  stack[waiting++] = {0, entry(nodes_[0].bounds, ray.origin, inverse, limit)};
  while (waiting > 0) {
    const Waiting next = stack[--waiting];
    if (!(next.entry < (best ? best->t : limit))) continue;
    const Node& node = nodes_[static_cast<std::size_t>(next.node)];
    if (node.count > 0) {
      try_shapes(node, ray, limit, best);
      continue;
    }
    const auto child = [&](std::int32_t index) {
      const Bounds& box = nodes_[static_cast<std::size_t>(index)].bounds;
      return Waiting{index, entry(box, ray.origin, inverse, best ? best->t : limit)};
    };
    Waiting near = child(next.node + 1);
    Waiting far = child(node.first);
    if (far.entry < near.entry) std::swap(near, far);
    stack[waiting++] = far;
    stack[waiting++] = near;
  }
  return best;
}

}  // namespace voxloom::street
