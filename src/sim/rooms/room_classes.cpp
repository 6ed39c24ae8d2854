#include "sim/rooms/room_classes.h"

namespace voxloom::rooms {

const ClassTable& room_classes() {
  static const ClassTable kTable = {.classes = {{"ceiling", {200, 200, 210}, {0}},
                                                {"floor", {150, 120, 90}, {1}},
                                                {"wall", {225, 215, 185}, {2, 3, 4}},
                                                {"window", {110, 190, 240}, {5}},
                                                {"door", {150, 80, 40}, {6}},
                                                {"table", {240, 150, 40}, {7}},
                                                {"chair", {220, 50, 60}, {8}},
                                                {"sofa", {150, 60, 170}, {9}},
                                                {"bookcase", {60, 120, 60}, {10}},
                                                {"board", {40, 60, 160}, {11}},
                                                {"bed", {240, 120, 180}, {13}},
                                                {"lamp", {250, 230, 60}, {14}},
                                                {"clutter", {110, 110, 110}, {12}}},
                                    .ignored = {-1}};
  return kTable;
}

}  // namespace voxloom::rooms
