#include "sim/occupancy.h"

#include <algorithm>

namespace voxloom::street {
namespace {

double reach(const Rectangle& r) {
  return std::sqrt(r.half_length * r.half_length + r.half_width * r.half_width);
}

// Is there a line along one of a's sides with all of b behind it?
bool parted_by(const Rectangle& a, const Rectangle& b) {
  const Vec2 d = a.yaw.unturn(b.at - a.at);
  const Vec2 x = a.yaw.unturn(b.yaw.turn(Vec2{b.half_length, 0}));
  const Vec2 y = a.yaw.unturn(b.yaw.turn(Vec2{0, b.half_width}));
  return std::abs(d.x) > a.half_length + std::abs(x.x) + std::abs(y.x) ||
         std::abs(d.y) > a.half_width + std::abs(x.y) + std::abs(y.y);
}

bool overlap(const Rectangle& a, const Rectangle& b) {
  const double far = reach(a) + reach(b);
  const Vec2 d = b.at - a.at;
  return dot(d, d) < far * far && !parted_by(a, b) && !parted_by(b, a);
}

}  // namespace

bool Occupancy::free(const Rectangle& wanted) const {
  return std::none_of(taken_.begin(), taken_.end(),
                      [&](const Rectangle& one) { return overlap(one, wanted); });
}

bool Occupancy::take(const Rectangle& wanted) {
  if (!free(wanted)) return false;
  taken_.push_back(wanted);
  return true;
}

}  // namespace voxloom::street
