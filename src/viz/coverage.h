// How much of each pixel a shape covers, within a box: shapes are collected by their largest share and
// then drawn once, so that overlapping parts of one stroke do not show.
#pragma once

#include <span>
#include <vector>

#include "voxloom/canvas.h"

namespace voxloom::viz {

class Coverage {
 public:
  // The pixels of `canvas` that `box` touches.
  Coverage(const Canvas& canvas, const Rect& box);

  void add_segment(Point2 from, Point2 to, double radius);  // with round ends
  void add_path(std::span<const Point2> points, double radius);
  void add_polygon(std::span<const Point2> corners);

  void draw(Canvas& canvas, Color color, double opacity) const;

 private:
  void raise(int x, int y, float share);

  int left_, top_, width_, height_;
  std::vector<float> shares_;
};

// The smallest box around points, grown by `margin` on each side.
[[nodiscard]] Rect box_around(std::span<const Point2> points, double margin);

}  // namespace voxloom::viz
