// The classes of the simulated streets under the numbers of SemanticKITTI, whose finer classes they
// gather: lane markings and parking lots are road, trunks are vegetation, riders are cyclists.
#include "voxloom/dataset.h"

namespace voxloom {

const ClassTable& street_classes() {
  static const ClassTable kTable = {
      .classes = {{"road", {128, 64, 128}, {40, 44, 60}},
                  {"sidewalk", {244, 35, 232}, {48}},
                  {"terrain", {152, 251, 152}, {72}},
                  {"building", {225, 160, 50}, {50}},
                  {"fence", {190, 110, 90}, {51}},
                  {"vegetation", {60, 140, 35}, {70, 71}},
                  {"pole", {240, 240, 150}, {80}},
                  {"sign", {255, 30, 30}, {81}},
                  {"car", {80, 150, 245}, {10, 252}},
                  {"van", {30, 60, 180}, {18, 13, 20, 257, 258, 259}},
                  {"pedestrian", {255, 90, 130}, {30, 254}},
                  {"cyclist", {0, 220, 220}, {31, 32, 253, 255}}},
      // Unlabelled, outliers, bicycles and motorcycles nobody rides, rails, ground and structures
      // of other kinds, and other objects.
      .ignored = {0, 1, 11, 15, 16, 49, 52, 99, 256}};
  return kTable;
}

}  // namespace voxloom
