// Rays against shapes whose hits are known, and the tree against trying every shape.
#include <gtest/gtest.h>

#include <cmath>

#include "data/draw.h"
#include "sim/bvh.h"
#include "sim/ground.h"
#include "sim/occupancy.h"
#include "sim/parts.h"

namespace voxloom::street {
namespace {

constexpr double kFar = 100;

Ray ray_to(const Vec3& from, const Vec3& to) { return {from, normalized(to - from), 1}; }

std::optional<Hit> cast(Parts parts, const Ray& ray, double limit = kFar) {
  return ShapeTree(parts.take_shapes(), parts.take_planes()).nearest(ray, limit);
}

TEST(Trig, IsExactEnough) {
  for (double x = -40; x < 40; x += 0.0173) {
    EXPECT_NEAR(sine(x), std::sin(x), 1e-13);
    EXPECT_NEAR(cosine(x), std::cos(x), 1e-13);
  }
  EXPECT_EQ(sine(0), 0);
  EXPECT_EQ(cosine(0), 1);
}

TEST(Rays, HitABoxOnItsFace) {
  Parts parts;
  parts.box({{10, 0, 0}, {}}, {0, 0, 0}, {1, 2, 3}, {});
  const auto hit = cast(parts, ray_to({0, 0, 0}, {1, 0, 0}));
  ASSERT_TRUE(hit);
  EXPECT_NEAR(hit->t, 9, 1e-12);
  EXPECT_NEAR(hit->normal.x, -1, 1e-12);
  EXPECT_FALSE(cast(parts, ray_to({0, 2.01, 0}, {10, 2.01, 0})));
  EXPECT_FALSE(cast(parts, ray_to({0, 0, 0}, {-1, 0, 0})));
  EXPECT_FALSE(cast(parts, ray_to({0, 0, 0}, {1, 0, 0}), 8.9));
}

TEST(Rays, HitATurnedBox) {
  Parts parts;
  parts.box({{10, 0, 0}, Yaw::of(kPi / 4)}, {0, 0, 0}, {1, 1, 1}, {});
  EXPECT_NEAR(cast(parts, ray_to({0, 0, 0}, {1, 0, 0}))->t, 10 - std::sqrt(2.0), 1e-9);
}

TEST(Rays, HitRoundShapes) {
  Parts ball;
  ball.ellipsoid({{10, 0, 0}, {}}, {0, 0, 0}, {2, 1, 1}, {});
  EXPECT_NEAR(cast(ball, ray_to({0, 0, 0}, {1, 0, 0}))->t, 8, 1e-12);
  EXPECT_FALSE(cast(ball, ray_to({0, 1.01, 0}, {1, 1.01, 0})));
  Parts post;
  post.cylinder({{10, 0, 0}, {}}, {0, 0, 0}, {0, 0, 2}, 0.5, {});
  EXPECT_NEAR(cast(post, ray_to({0, 0, 1}, {1, 0, 1}))->t, 9.5, 1e-12);
  EXPECT_FALSE(cast(post, ray_to({0, 0, 2.1}, {1, 0, 2.1})));
  // From above, along the axis, onto the cap.
  EXPECT_NEAR(cast(post, ray_to({10.1, 0, 5}, {10.1, 0, 0}))->t, 3, 1e-12);
  EXPECT_FALSE(cast(post, ray_to({10.6, 0, 5}, {10.6, 0, 0})));
}

TEST(Rays, HitAHullOnItsSlope) {
  Parts parts;  // a roof, its ridge along y
  parts.hull({{10, 0, 0}, {}},
             {.corners = {{-2, 0}, {2, 0}, {0, 2}}, .bottom_half_width = 3, .top_half_width = 3},
             {});
  const auto hit = cast(parts, ray_to({0, 0, 1}, {1, 0, 1}));
  ASSERT_TRUE(hit);
  EXPECT_NEAR(hit->t, 9, 1e-12);
  EXPECT_NEAR(hit->normal.z, std::sqrt(0.5), 1e-12);
  EXPECT_FALSE(cast(parts, ray_to({0, 3.1, 1}, {1, 3.1, 1})));
}

TEST(Rays, SeeThroughPanesButNotAlways) {
  Parts parts;
  Surface glass;
  glass.pattern = Pattern::glazed;
  parts.hull({{10, 0, 0}, {}},
             {.corners = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}, .glass = {false, true, false, true}},
             glass);
  const ShapeTree tree(parts.take_shapes(), parts.take_planes());
  int through = 0;
  for (std::uint64_t key = 0; key < 1000; ++key) {
    if (!tree.nearest({{0, 0, 0}, {1, 0, 0}, key}, kFar)) ++through;
  }
  EXPECT_NEAR(through, 500, 60);
}

TEST(Rays, LeavesHaveDepthAndGaps) {
  Parts parts;
  const Surface leaf = {.pattern = Pattern::foliage, .grain = 1};
  parts.ellipsoid({{10, 0, 0}, {}}, {0, 0, 0}, {1, 1, 1}, leaf);
  const ShapeTree tree(parts.take_shapes(), parts.take_planes());
  int through = 0;
  double near = kFar, far = 0;
  for (std::uint64_t key = 0; key < 1000; ++key) {
    const auto hit = tree.nearest({{0, 0, 0}, {1, 0, 0}, key}, kFar);
    if (!hit) ++through;
    if (hit) near = std::min(near, hit->t), far = std::max(far, hit->t);
  }
  EXPECT_NEAR(through, 333, 60);  // 1 - 2 / 3
  EXPECT_GE(near, 9);
  EXPECT_LT(near, 9.1);
  EXPECT_GT(far, 10.5);
  EXPECT_LE(far, 11);
}

TEST(Tree, FindsWhatTryingEveryShapeFinds) {
  Draw draw(7);
  Parts parts;
  for (int i = 0; i < 60; ++i) {
    const Site site = {{draw.in(-30, 30), draw.in(-30, 30), 0}, Yaw::of(draw.in(0, 6))};
    if (i % 3 == 0) add_car(parts, site, static_cast<CarBody>(i % 5), draw);
    if (i % 3 == 1) add_tree(parts, site, draw.unit(), draw);
    if (i % 3 == 2) add_pedestrian(parts, site, draw);
  }
  const std::vector<Shape> shapes = parts.take_shapes();
  const std::vector<Plane> planes = parts.take_planes();
  const ShapeTree tree(shapes, planes);
  int hits = 0;
  for (std::uint64_t key = 0; key < 1500; ++key) {
    const Vec3 direction = normalized({draw.in(-1, 1), draw.in(-1, 1), draw.in(-0.2, 0.1)});
    const Ray ray = {{0, 0, 1.7}, direction, key};
    std::optional<Hit> best;
    for (std::uint32_t i = 0; i < shapes.size(); ++i) {
      const auto hit = hit_shape(shapes[i], i, planes, ray, best ? best->t : kFar);
      if (hit) best = hit;
    }
    const auto found = tree.nearest(ray, kFar);
    ASSERT_EQ(found.has_value(), best.has_value());
    if (!found) continue;
    ++hits;
    EXPECT_EQ(found->t, best->t);
    EXPECT_EQ(found->surface.label, best->surface.label);
  }
  EXPECT_GT(hits, 200);
}

GroundSpec two_roads() {
  GroundSpec spec;
  Road road;
  road.line = Centerline({0, 2}, 0, 0);
  spec.roads = {road, road};
  spec.roads[1].line = Centerline({25, 0}, 1.4, 0.01);
  spec.slope_x = 0.03;
  spec.roll = 0.2;
  spec.bank = 0.1;
  spec.bumps = 0;
  return spec;
}

TEST(Ground, RaysEndOnIt) {
  const Ground ground(two_roads());
  Draw draw(3);
  int hits = 0;
  for (int i = 0; i < 3000; ++i) {
    const Vec3 direction = normalized({draw.in(-1, 1), draw.in(-1, 1), draw.in(-0.5, -0.02)});
    const Vec3 origin = {0, 0, ground.height({0, 0}) + 1.8};
    const auto hit = ground.nearest({origin, direction, 1}, 80);
    if (!hit) continue;
    ++hits;
    const Vec3 at = origin + direction * hit->t;
    const Vec3 before = origin + direction * (hit->t - 0.01);
    // On the surface, or on a kerb's face: below the height here, above it a little earlier.
    EXPECT_LE(at.z, ground.height({at.x, at.y}) + 1e-6);
    EXPECT_GT(before.z, ground.height({before.x, before.y}) - 1e-6);
  }
  EXPECT_GT(hits, 2500);
}

TEST(Ground, ZonesLieBesideTheRoad) {
  const Ground ground(two_roads());
  EXPECT_EQ(ground.place({-20, 2}).zone, Zone::road);
  EXPECT_EQ(ground.place({-20, 7}).zone, Zone::sidewalk);
  EXPECT_EQ(ground.place({-20, 9}).zone, Zone::beyond);
  EXPECT_NEAR(ground.height({-20, 6.01}) - ground.height({-20, 5.99}), 0.12, 0.002);
}

TEST(Centerline, PoseAndAsideAgree) {
  for (const double curvature : {0.0, 0.01, -0.012}) {
    const Centerline line({3, -2}, 0.7, curvature);
    for (const double aside : {-6.0, 0.0, 4.5}) {
      EXPECT_NEAR(line.aside(line.pose(31, aside).at), aside, 1e-9);
    }
    EXPECT_NEAR(line.pose(0, 0).at.x, 3, 1e-9);
  }
}

TEST(Occupancy, KeepsTurnedRectanglesApart) {
  Occupancy taken;
  EXPECT_TRUE(taken.take({{0, 0}, {}, 2, 1}));
  EXPECT_FALSE(taken.free({{2.5, 0}, {}, 1, 1}));
  EXPECT_TRUE(taken.free({{3.1, 0}, {}, 1, 1}));
  // A diagonal one fits beside the corner though their circles meet.
  EXPECT_TRUE(taken.free({{3, 2}, Yaw::of(kPi / 4), 0.2, 2}));
  EXPECT_FALSE(taken.free({{2.2, 1.2}, Yaw::of(kPi / 4), 0.5, 0.2}));
  EXPECT_FALSE(taken.take({{1, 0}, Yaw::of(1), 0.1, 0.1}));
}

}  // namespace
}  // namespace voxloom::street
