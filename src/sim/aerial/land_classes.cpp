#include "sim/aerial/land_classes.h"

namespace voxloom::aerial {

const ClassTable& land_classes() {
  // 64 and above are free for users.
  static const ClassTable kTable = {.classes = {{"ground", {170, 140, 100}, {2, 8, 11}},
                                                {"low vegetation", {160, 220, 90}, {3, 4}},
                                                {"tree", {30, 130, 50}, {5}},
                                                {"roof", {220, 70, 60}, {6}},
                                                {"wall", {240, 180, 90}, {64}},
                                                {"car", {70, 120, 240}, {65}},
                                                {"wire", {230, 60, 220}, {14, 13}},
                                                {"pole", {60, 60, 60}, {15}}},
                                    .ignored = {0, 1, 7, 18}};
  return kTable;
}

}  // namespace voxloom::aerial
