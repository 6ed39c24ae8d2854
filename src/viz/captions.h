// What the pictures of point clouds share: their dark ground, title, legend and scale bar.
#pragma once

#include "core/finite.h"
#include "voxloom/pictures.h"

namespace voxloom::viz {

inline constexpr Color kNight = {16, 18, 24};
inline constexpr Color kCaption = {222, 226, 234};

// What the legend leaves.
[[nodiscard]] int width_of_plot(const PictureOptions& options);
void draw_captions(Canvas& canvas, const PictureOptions& options);
// `pixels_per_metre` of the picture at its lower left.
void draw_scale_bar(Canvas& canvas, double pixels_per_metre);

void check(const PointCloud& points);

}  // namespace voxloom::viz
