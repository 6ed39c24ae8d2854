// Which places are taken: rectangles on the ground.
#pragma once

#include <vector>

#include "data/vec.h"

namespace voxloom::street {

struct Rectangle {
  Vec2 at;
  Yaw yaw;
  double half_length = 1, half_width = 1;
  [[nodiscard]] Vec2 corner(double x, double y) const {
    return at + yaw.turn(Vec2{x * half_length, y * half_width});
  }
};

class Occupancy {
 public:
  // Takes the place and is true, unless something stands there.
  bool take(const Rectangle& wanted);
  [[nodiscard]] bool free(const Rectangle& wanted) const;

 private:
  std::vector<Rectangle> taken_;
};

}  // namespace voxloom::street
