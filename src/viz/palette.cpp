// Found by a search for colours that stay apart (CIEDE2000) in all eyes: with the three kinds of cones, and without
// one of them (Machado, Oliveira, Fernandes, "A physiologically-based model for simulation of color vision
// deficiency", 2009). The smallest distances between the first n, in the worst of the four:
//   classes  8: 11.1   12: 9.2   16: 7.8   24: 6.5     hues a golden angle apart: 3.6, 2.1, 1.0, 0.8
//   lines    4: 15.3    6: 12.3    8: 10.9
// All have a contrast of 3 and more with their ground. tests/viz/palette_test.cpp holds them to it.
#include "viz/palette.h"

#include <array>

namespace voxloom::viz {
namespace {

constexpr std::array<Color, 24> kClassColors = {{
    {88, 166, 240},  {245, 160, 60},  {224, 24, 152},  {40, 136, 72},   {232, 240, 72},
    {112, 104, 232}, {160, 240, 224}, {168, 160, 120}, {176, 120, 128}, {232, 40, 64},
    {160, 120, 184}, {136, 184, 160}, {176, 168, 208}, {232, 112, 32},  {248, 208, 248},
    {248, 176, 192}, {216, 128, 176}, {208, 240, 200}, {40, 232, 136},  {168, 192, 248},
    {80, 152, 136},  {104, 136, 224}, {192, 152, 88},  {184, 104, 88},
}};

constexpr std::array<Color, 8> kSeriesColors = {{{31, 111, 205},
                                                 {230, 116, 22},
                                                 {0, 168, 136},
                                                 {128, 64, 112},
                                                 {176, 0, 8},
                                                 {184, 128, 184},
                                                 {16, 112, 64},
                                                 {136, 136, 248}}};

}  // namespace

// Of more classes than the eye can tell apart, the colours come again darker, then lighter, and then the same.
Color class_color(std::size_t place) {
  const Color color = kClassColors.at(place % kClassColors.size());
  constexpr std::array<double, 3> kShares = {0, 0.4, 0.4};
  const std::size_t round = place / kClassColors.size() % kShares.size();
  const Color towards = round == 1 ? Color{0, 0, 0} : Color{255, 255, 255};
  return mix(color, towards, kShares.at(round));
}

Color series_color(std::size_t place) { return kSeriesColors.at(place % kSeriesColors.size()); }

}  // namespace voxloom::viz
