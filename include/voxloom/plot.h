// Plots: series of numbers as lines between axes, for the curves of a training.
//
//   viz::write_png("loss.png", viz::plot({{.name = "train", .x = steps, .y = losses}},
//                                        {.title = "loss", .x_label = "step"}));
//
// Points that are not finite (or not positive, on a logarithmic axis) interrupt their line.
// Errors: std::invalid_argument.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "voxloom/canvas.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {
namespace viz {

struct Series {
  std::string name = {};               // for the legend; without names there is none
  std::vector<double> x = {}, y = {};  // as many of both
  std::optional<Color> color = {};     // default: one of a palette, by place
};

struct PlotOptions {
  std::string title = {}, x_label = {}, y_label = {};
  int width = 960, height = 540;
  bool log_x = false, log_y = false;
  // The ends of the y axis; by default the data's own, rounded to ticks.
  std::optional<double> y_low = {}, y_high = {};
};

[[nodiscard]] Canvas plot(std::span<const Series> series, const PlotOptions& options = {});
[[nodiscard]] inline Canvas plot(std::initializer_list<Series> series,
                                 const PlotOptions& options = {}) {
  return plot(std::span(series.begin(), series.size()), options);
}

// Where ticks stand between two ends: multiples of 1, 2 or 5 times a power of ten, about `count`.
[[nodiscard]] std::vector<double> ticks_between(double low, double high, int count);
// As short as tells it apart from its neighbours, `step` away.
[[nodiscard]] std::string tick_label(double value, double step);

}  // namespace viz
}  // namespace voxloom
