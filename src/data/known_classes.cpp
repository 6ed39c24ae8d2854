// The classes of data sets that many know, by the numbers in their files.
#include <algorithm>
#include <array>

#include "voxloom/dataset.h"

namespace voxloom {
namespace {

// learning_map of semantic-kitti.yaml: 19 classes, what moves with what stands.
ClassTable semantic_kitti() {
  return {.classes = {{"car", {100, 150, 245}, {10, 252}},
                      {"bicycle", {100, 230, 245}, {11}},
                      {"motorcycle", {30, 60, 150}, {15}},
                      {"truck", {80, 30, 180}, {18, 258}},
                      {"other-vehicle", {100, 80, 250}, {20, 13, 16, 256, 257, 259}},
                      {"person", {255, 30, 30}, {30, 254}},
                      {"bicyclist", {255, 40, 200}, {31, 253}},
                      {"motorcyclist", {150, 30, 90}, {32, 255}},
                      {"road", {255, 0, 255}, {40, 60}},
                      {"parking", {255, 150, 255}, {44}},
                      {"sidewalk", {75, 0, 75}, {48}},
                      {"other-ground", {175, 0, 75}, {49}},
                      {"building", {255, 200, 0}, {50}},
                      {"fence", {255, 120, 50}, {51}},
                      {"vegetation", {0, 175, 0}, {70}},
                      {"trunk", {135, 60, 0}, {71}},
                      {"terrain", {150, 240, 80}, {72}},
                      {"pole", {255, 240, 150}, {80}},
                      {"traffic-sign", {255, 0, 0}, {81}}},
          .ignored = {0, 1, 52, 99}};
}

// The challenge's 16 of the 32 categories of nuScenes-lidarseg.
ClassTable nuscenes() {
  return {.classes = {{"barrier", {112, 128, 144}, {9}},
                      {"bicycle", {220, 20, 60}, {14}},
                      {"bus", {255, 127, 80}, {16, 15}},
                      {"car", {255, 158, 0}, {17}},
                      {"construction_vehicle", {233, 150, 70}, {18}},
                      {"motorcycle", {255, 61, 99}, {21}},
                      {"pedestrian", {0, 0, 230}, {2, 3, 4, 6}},
                      {"traffic_cone", {47, 79, 79}, {12}},
                      {"trailer", {255, 140, 0}, {22}},
                      {"truck", {255, 99, 71}, {23}},
                      {"driveable_surface", {0, 207, 191}, {24}},
                      {"other_flat", {175, 0, 75}, {25}},
                      {"sidewalk", {75, 0, 75}, {26}},
                      {"terrain", {112, 180, 60}, {27}},
                      {"manmade", {222, 184, 135}, {28}},
                      {"vegetation", {0, 175, 0}, {30}}},
          .ignored = {0, 1, 5, 7, 8, 10, 11, 13, 19, 20, 29, 31}};
}

// As Pointcept numbers them in segment20.npy.
ClassTable scannet() {
  return {
      .classes = {{"wall", {174, 199, 232}, {0}},         {"floor", {152, 223, 138}, {1}},
                  {"cabinet", {31, 119, 180}, {2}},       {"bed", {255, 187, 120}, {3}},
                  {"chair", {188, 189, 34}, {4}},         {"sofa", {140, 86, 75}, {5}},
                  {"table", {255, 152, 150}, {6}},        {"door", {214, 39, 40}, {7}},
                  {"window", {197, 176, 213}, {8}},       {"bookshelf", {148, 103, 189}, {9}},
                  {"picture", {196, 156, 148}, {10}},     {"counter", {23, 190, 207}, {11}},
                  {"desk", {247, 182, 210}, {12}},        {"curtain", {219, 219, 141}, {13}},
                  {"refrigerator", {255, 127, 14}, {14}}, {"shower curtain", {158, 218, 229}, {15}},
                  {"toilet", {44, 160, 44}, {16}},        {"sink", {112, 128, 144}, {17}},
                  {"bathtub", {227, 119, 194}, {18}},     {"other furniture", {82, 84, 163}, {19}}},
      .ignored = {-1}};
}

// As Pointcept numbers them.
ClassTable s3dis() {
  return {.classes = {{"ceiling", {0, 255, 0}, {0}},
                      {"floor", {0, 0, 255}, {1}},
                      {"wall", {0, 255, 255}, {2}},
                      {"beam", {255, 255, 0}, {3}},
                      {"column", {255, 0, 255}, {4}},
                      {"window", {100, 100, 255}, {5}},
                      {"door", {200, 200, 100}, {6}},
                      {"table", {170, 120, 200}, {7}},
                      {"chair", {255, 0, 0}, {8}},
                      {"sofa", {200, 100, 100}, {9}},
                      {"bookcase", {10, 200, 100}, {10}},
                      {"board", {200, 200, 200}, {11}},
                      {"clutter", {50, 50, 50}, {12}}},
          .ignored = {-1}};
}

ClassTable toronto_3d() {
  return {.classes = {{"road", {128, 64, 128}, {1}},
                      {"road marking", {250, 250, 250}, {2}},
                      {"natural", {60, 140, 35}, {3}},
                      {"building", {225, 160, 50}, {4}},
                      {"utility line", {0, 200, 220}, {5}},
                      {"pole", {240, 240, 150}, {6}},
                      {"car", {80, 150, 245}, {7}},
                      {"fence", {190, 110, 90}, {8}}},
          .ignored = {0}};
}

ClassTable dales() {
  return {.classes = {{"ground", {243, 214, 171}, {1}},
                      {"vegetation", {70, 115, 66}, {2}},
                      {"car", {233, 50, 239}, {3}},
                      {"truck", {243, 238, 0}, {4}},
                      {"power line", {190, 153, 153}, {5}},
                      {"fence", {0, 233, 11}, {6}},
                      {"pole", {239, 114, 0}, {7}},
                      {"building", {214, 66, 54}, {8}}},
          .ignored = {0}};
}

struct Known {
  std::string_view name;
  ClassTable (*make)();
};
constexpr std::array<Known, 6> kKnown = {{{"semantickitti", semantic_kitti},
                                          {"nuscenes", nuscenes},
                                          {"scannet", scannet},
                                          {"s3dis", s3dis},
                                          {"toronto3d", toronto_3d},
                                          {"dales", dales}}};

}  // namespace

std::vector<std::string> known_class_tables() {
  std::vector<std::string> names;
  for (const Known& known : kKnown) names.emplace_back(known.name);
  return names;
}

std::optional<ClassTable> known_classes(std::string_view name) {
  const auto* found = std::ranges::find(kKnown, name, &Known::name);
  if (found == kKnown.end()) return std::nullopt;
  return found->make();
}

}  // namespace voxloom
