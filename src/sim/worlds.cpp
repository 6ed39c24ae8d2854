#include "sim/worlds.h"

#include <nlohmann/json.hpp>

#include "data/feature_json.h"
#include "sim/aerial/land.h"
#include "sim/rooms/room.h"
#include "sim/scene.h"

namespace voxloom::sim {
namespace {

FeatureSet features_from(const char* json) {
  return {.features = data::features_from(nlohmann::ordered_json::parse(json))};
}

std::vector<WorldRow> make_rows() {
  std::vector<WorldRow> rows;
  rows.push_back({World::street,
                  "street",
                  "streets",
                  {.shows = "lidar scans of streets",
                   .classes = street_classes(),
                   .sensors = {Sensor::hdl64, Sensor::hdl32, Sensor::vlp16},
                   .features = {},
                   .spacing = 100,
                   .has_colours = false},
                  street::scan_street});
  rows.push_back({World::rooms,
                  "rooms",
                  "rooms",
                  {.shows = "rooms with furniture, by a terrestrial scanner or a depth camera",
                   .classes = rooms::room_classes(),
                   .sensors = {Sensor::tls, Sensor::rgbd},
                   .features = features_from(
                       R"(["colour", "normal", {"value": "height", "frame": "scene", "unit": 2}])"),
                   .spacing = 16},
                  rooms::scan_room});
  rows.push_back({World::aerial,
                  "aerial",
                  "land",
                  {.shows = "towns from the air, with returns and colours",
                   .classes = aerial::land_classes(),
                   .sensors = {Sensor::als},
                   .features = features_from(
                       R"(["intensity", "colour", "returns",
                           {"value": "height", "frame": "ground", "unit": 10}])"),
                   .spacing = 80},
                  aerial::scan_land});
  return rows;
}

}  // namespace

const WorldRow& row_of(World world) {
  static const std::vector<WorldRow> kRows = make_rows();
  return kRows.at(static_cast<std::size_t>(world));
}

const WorldInfo& info_of(World world) { return row_of(world).info; }

std::string_view name_of(World world) { return row_of(world).name; }

}  // namespace voxloom::sim
