#include "cli/run_curves.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace voxloom::cli {
namespace {

using Json = nlohmann::ordered_json;

void take(const Json& line, const char* name, viz::Series& to) {
  if (!line.contains(name) || !line[name].is_number()) return;
  to.x.push_back(line["step"].get<double>());
  to.y.push_back(line[name].get<double>());
}

// A step's loss is that of two scans: the mean of the last `window` steps shows where it goes.
viz::Series smoothed(const viz::Series& series, std::size_t window) {
  viz::Series result{.name = series.name};
  double sum = 0;
  for (std::size_t i = 0; i < series.y.size(); ++i) {
    sum += series.y[i];
    if (i >= window) sum -= series.y[i - window];
    result.x.push_back(series.x[i]);
    result.y.push_back(sum / static_cast<double>(std::min(i + 1, window)));
  }
  return result;
}

void place(const viz::Canvas& picture, viz::Canvas& page, int top) {
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) page.blend(x, top + y, picture.at(x, y), 1);
  }
}

}  // namespace

void RunCurves::add(const Json& line) {
  take(line, "loss", loss_);
  take(line, "mean_iou", trained_);
  take(line, "validation_mean_iou", validated_);
}

viz::Canvas RunCurves::picture() const {
  const viz::PlotOptions upper{.title = "Loss", .width = 960, .height = 420};
  const viz::PlotOptions lower{.title = "Mean IoU",
                               .x_label = "step",
                               .width = 960,
                               .height = 420,
                               .y_low = 0.0,
                               .y_high = 1.0};
  const viz::Series loss = smoothed(loss_, std::max<std::size_t>(1, loss_.x.size() / 100));
  viz::Canvas page(upper.width, upper.height + lower.height);
  place(viz::plot({loss}, upper), page, 0);
  place(viz::plot({trained_, validated_}, lower), page, upper.height);
  return page;
}

}  // namespace voxloom::cli
