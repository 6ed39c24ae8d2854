#include "sim/rooms/room.h"

#include "sim/rooms/scanner.h"

namespace voxloom::rooms {

Room build_room(const RoomDesign& design, Draw& draw) {
  const Palette palette = draw_palette(draw);
  Parts parts;
  Interior interior = {design, palette, parts, draw, {}, {}, {}, {}};
  add_shell(interior);
  add_lights(interior);
  add_main_furniture(interior);
  add_viewpoints(interior);
  furnish(interior);
  Lighting light = light_up(interior);
  return {street::ShapeTree(parts.take_shapes(), parts.take_planes()), std::move(light),
          std::move(interior.viewpoints)};
}

LabelledScan scan_room(const sim::WorldOptions& options, Draw& draw) {
  const RoomDesign design = draw_room(options, draw);
  const Room room = build_room(design, draw);
  return design.sensor == sim::Sensor::tls ? scan_from_tripods(room, draw.seed())
                                           : scan_along_path(room, draw.seed());
}

}  // namespace voxloom::rooms
