#include "sim/scene.h"

#include "sim/populate.h"

namespace voxloom::street {
namespace {

Road draw_road(const StreetDesign& design, Draw& draw) {
  Road road;
  road.lanes = design.lanes;
  // Where cars park, the road is wider than its lanes.
  road.half_width =
      design.lane_width * design.lanes / 2 + (design.parked > 0.25 ? draw.in(0.6, 2) : 0.3);
  road.kerb = draw.in(0.07, 0.17);
  road.verge = draw.chance(0.35) ? draw.in(0.6, 2.5) : 0;
  road.sidewalk = draw.in(1.3, 4);
  road.paved_beyond =
      design.quarter == Quarter::rows || (design.quarter == Quarter::works && draw.chance(0.4));
  if (design.quarter == Quarter::fields && draw.chance(0.6)) {
    // A country road: grass begins where asphalt ends.
    road.kerb = draw.in(0, 0.04);
    road.verge = road.sidewalk = 0;
  }
  return road;
}

std::vector<Road> draw_roads(const StreetDesign& design, Draw& draw) {
  Road first = draw_road(design, draw);
  const double lane = 2 * first.half_width / first.lanes;
  // The sensor drives in a lane on the right; the origin is under it.
  const int place = draw.whole(0, first.lanes / 2 - 1);
  const double aside = lane * (0.5 + place) + draw.in(-0.4, 0.4);
  const bool curved = design.layout == Layout::curved || draw.chance(0.15);
  first.line = Centerline({0, aside}, 0, curved ? draw.sign() / design.radius : 0);
  std::vector<Road> roads = {first};
  if (design.layout == Layout::crossing || design.layout == Layout::junction) {
    Road second = draw_road(design, draw);
    second.lanes = 2;
    second.half_width = design.lane_width + draw.in(0, 1);
    const Pose meeting = first.line.pose(draw.in(-35, 40), 0);
    const double angle = draw.either_side(1.1, 1.9);
    second.begins = design.layout == Layout::junction;
    second.line = Centerline(meeting.at, angle, draw.chance(0.3) ? draw.sign() / design.radius : 0);
    roads.push_back(second);
  }
  return roads;
}

}  // namespace

GroundSpec draw_ground(const StreetDesign& design, Draw& draw) {
  GroundSpec spec;
  spec.roads = draw_roads(design, draw);
  spec.slope_x = draw.in(-0.04, 0.04);
  spec.slope_y = draw.in(-0.02, 0.02);
  spec.roll = draw.in(0, 0.3);
  spec.roll_length = draw.in(60, 140);
  spec.bank = draw.chance(0.4) ? draw.in(-0.1, 0.2) : draw.in(-0.02, 0.04);
  spec.bank_width = draw.in(5, 25);
  spec.bumps = draw.in(0.03, 0.07);
  spec.asphalt = draw.in(0.2, 0.44);
  spec.paving = draw.in(0.24, 0.5);
  spec.grass = draw.in(0.25, 0.55);
  spec.paint = draw.in(0.4, 0.8);
  spec.seed = draw.seed();
  return spec;
}

Scene build_scene(const StreetDesign& design, Draw& draw) {
  Ground ground(draw_ground(design, draw));
  Parts parts;
  Stage stage = {design, ground, parts, {}, draw};
  stage.taken.take({{0, 0}, {}, 4.5, 1.3});  // ourselves
  const auto& roads = ground.spec().roads;
  for (const Road& road : roads) add_vehicles(stage, road);
  for (const Road& road : roads) add_lots(stage, road);
  for (const Road& road : roads) add_furniture(stage, road);
  for (const Road& road : roads) add_people(stage, road);
  for (const Road& road : roads) add_plants(stage, road);
  const double height = ground.height({0, 0}) + design.sensor_height;
  return {std::move(ground),      ShapeTree(parts.take_shapes(), parts.take_planes()),
          {0, 0, height},         Yaw::of(draw.in(-0.12, 0.12)),
          draw.in(-0.012, 0.012), draw.in(-0.012, 0.012)};
}

LabelledScan scan_street(const WorldOptions& options, Draw& draw) {
  const StreetDesign design = draw_design(options, draw);
  const Scene scene = build_scene(design, draw);
  return spin(scene, lidar_of(design.sensor), draw.seed());
}

std::optional<Hit> nearest(const Scene& scene, const Ray& ray, double limit) {
  std::optional<Hit> hit = scene.shapes.nearest(ray, limit);
  if (auto ground = scene.ground.nearest(ray, hit ? hit->t : limit)) hit = ground;
  return hit;
}

}  // namespace voxloom::street
