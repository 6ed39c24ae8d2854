// A tree of boxes over shapes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/shape.h"

namespace voxloom::street {

class ShapeTree {
 public:
  ShapeTree(std::vector<Shape> shapes, std::vector<Plane> planes);

  // The nearest hit in (0, limit). What it is does not depend on how the tree is divided.
  [[nodiscard]] std::optional<Hit> nearest(const Ray& ray, double limit) const;
  [[nodiscard]] const std::vector<Shape>& shapes() const { return shapes_; }

 private:
  struct Node {
    Bounds bounds;
    std::int32_t first = 0;  // its first place in order_; of an inner one the right child
    std::int32_t count = 0;  // 0: an inner one, whose left child is the next node
  };
  void build(std::int32_t begin, std::int32_t end);
  void try_shapes(const Node& node, const Ray& ray, double limit, std::optional<Hit>& best) const;

  std::vector<Shape> shapes_;
  std::vector<Plane> planes_;
  std::vector<Bounds> bounds_;  // of the shapes
  std::vector<std::uint32_t> order_;
  std::vector<Node> nodes_;
};

}  // namespace voxloom::street
