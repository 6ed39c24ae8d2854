#include "voxloom/plot.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "viz/palette.h"

namespace voxloom::viz {
namespace {

constexpr Color kInk = {38, 42, 51};
constexpr Color kPale = {120, 126, 138};
constexpr Color kGrid = {228, 231, 236};

Color color_of(const Series& series, std::size_t place) {
  return series.color.value_or(series_color(place));
}

// One axis: from values to pixels.
struct Axis {
  double low = 0, high = 1;    // in units of the axis: exponents when logarithmic
  double first = 0, last = 1;  // pixels of low and high
  bool is_log = false;

  [[nodiscard]] bool shows(double value) const {
    return std::isfinite(value) && (!is_log || value > 0);
  }
  [[nodiscard]] double scaled(double value) const { return is_log ? std::log10(value) : value; }
  [[nodiscard]] double pixel(double value) const {
    return first + (scaled(value) - low) / (high - low) * (last - first);
  }
};

Axis spanning(std::span<const Series> series, std::vector<double> Series::*values, bool is_log) {
  Axis axis{.is_log = is_log};
  bool is_first = true;
  for (const Series& one : series) {
    for (const double value : one.*values) {
      if (!axis.shows(value)) continue;
      const double at = axis.scaled(value);
      axis.low = is_first ? at : std::min(axis.low, at);
      axis.high = is_first ? at : std::max(axis.high, at);
      is_first = false;
    }
  }
  if (axis.high <= axis.low) {  // one value, or none
    const double margin = std::max(0.5, 0.1 * std::abs(axis.low));
    axis = {.low = axis.low - margin, .high = axis.high + margin, .is_log = is_log};
  }
  return axis;
}

struct Tick {
  double value = 0;
  std::string label;
};

// Powers of ten, and 2 and 5 times them where there are few.
std::vector<Tick> log_ticks(const Axis& axis) {
  std::vector<Tick> ticks;
  const bool dense = axis.high - axis.low < 2.5;
  for (double power = std::floor(axis.low); power <= axis.high; ++power) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double value = factor * std::pow(10.0, power), at = axis.scaled(value);
      if (at < axis.low - 1e-9 || at > axis.high + 1e-9 || (factor > 1 && !dense)) continue;
      ticks.push_back({value, fmt::format("{:g}", value)});
    }
  }
  return ticks;
}

std::vector<Tick> ticks_of(const Axis& axis, int count) {
  if (axis.is_log) return log_ticks(axis);
  const std::vector<double> places = ticks_between(axis.low, axis.high, count);
  const double step = places.size() > 1 ? places[1] - places[0] : axis.high - axis.low;
  std::vector<Tick> ticks;
  for (const double place : places) ticks.push_back({place, tick_label(place, step)});
  return ticks;
}

// Room above and below the lines, unless the caller chose the ends.
void widen(Axis& axis, const PlotOptions& options) {
  const double margin = 0.05 * (axis.high - axis.low);
  axis.low = options.y_low ? axis.scaled(*options.y_low) : axis.low - margin;
  axis.high = options.y_high ? axis.scaled(*options.y_high) : axis.high + margin;
  require(std::isfinite(axis.low) && axis.low < axis.high, "plot",
          "the y axis would go from {} to {}", axis.low, axis.high);
}

// Grows with the picture, and can be read in small ones.
double height_of_labels(const PlotOptions& options) {
  const int side = std::min(options.width, options.height);
  constexpr double kLegible = 7;
  return std::max(side / 54.0, std::min(kLegible, side / 30.0));
}

class Plot {
 public:
  Plot(std::span<const Series> series, const PlotOptions& options)
      : series_(series),
        options_(options),
        canvas_(options.width, options.height),
        unit_(height_of_labels(options)),
        x_(spanning(series, &Series::x, options.log_x)),
        y_(spanning(series, &Series::y, options.log_y)) {
    widen(y_, options);
    y_ticks_ = ticks_of(y_, 6);
    double labels = 0;
    for (const Tick& tick : y_ticks_) labels = std::max(labels, text_width(tick.label, unit_));
    x_.first = labels + (options.y_label.empty() ? 3 : 5.5) * unit_;
    x_.last = options.width - 3 * unit_;
    y_.first = options.height - (options.x_label.empty() ? 4 : 6) * unit_;
    y_.last = (options.title.empty() ? 2.5 : 6) * unit_;
    title_ = fitted_text(options.title, kTitle * unit_, x_.last - x_.first);
    place_legend();
  }

  Canvas draw() {
    draw_grid();
    for (std::size_t i = 0; i < series_.size(); ++i)
      draw_series(series_[i], color_of(series_[i], i));
    draw_titles();
    draw_legend();
    return std::move(canvas_);
  }

 private:
  void draw_grid() {
    for (const Tick& tick : y_ticks_) {
      const double y = y_.pixel(tick.value);
      canvas_.line({x_.first, y}, {x_.last, y}, {.color = kGrid, .width = unit_ * 0.12});
      label({x_.first - unit_, y}, tick.label, Align::end, Align::center);
    }
    const int count = std::max(2, static_cast<int>((x_.last - x_.first) / (9 * unit_)));
    for (const Tick& tick : ticks_of(x_, count)) {
      const double x = x_.pixel(tick.value);
      canvas_.line({x, y_.first}, {x, y_.first + 0.5 * unit_}, {.color = kPale, .width = 1});
      label({x, y_.first + 1.1 * unit_}, tick.label, Align::center, Align::start);
    }
    canvas_.line({x_.first, y_.first}, {x_.last, y_.first}, {.color = kPale, .width = 1});
  }

  void label(Point2 at, std::string_view text, Align horizontal, Align vertical) {
    canvas_.text(at, text,
                 {.color = kPale, .size = unit_, .horizontal = horizontal, .vertical = vertical});
  }

  // Lines end at what cannot be shown; a lone point is a dot.
  void draw_series(const Series& series, Color color) {
    std::vector<Point2> path;
    const Pen pen = {.color = color, .width = 0.006 * std::min(canvas_.width(), canvas_.height())};
    const auto flush = [&] {
      if (path.size() == 1) canvas_.disc(path[0], 0.4 * unit_, color);
      if (path.size() > 1) canvas_.polyline(path, pen);
      path.clear();
    };
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (x_.shows(series.x[i]) && y_.shows(series.y[i])) {
        const double y = std::clamp(y_.pixel(series.y[i]), y_.last - unit_, y_.first + unit_);
        path.push_back({x_.pixel(series.x[i]), y});
      } else {
        flush();
      }
    }
    flush();
  }

  void draw_titles() {
    const double middle = (x_.first + x_.last) / 2, height = std::abs(y_.last - y_.first);
    canvas_.text({x_.first, 2 * unit_}, title_,
                 {.color = kInk, .size = kTitle * unit_, .vertical = Align::start});
    canvas_.text({middle, options_.height - unit_},
                 fitted_text(options_.x_label, unit_, x_.last - x_.first),
                 {.color = kInk, .size = unit_, .horizontal = Align::center});
    canvas_.text({2.4 * unit_, (y_.first + y_.last) / 2},
                 fitted_text(options_.y_label, unit_, height),
                 {.color = kInk, .size = unit_, .horizontal = Align::center, .upright = true});
  }

  // In the row of the title, from the right, or in rows of its own where it has no room there.
  void place_legend() {
    const double whole = x_.last - x_.first, beside = kBesideName * unit_;
    double wanted = text_width(title_, kTitle * unit_);
    for (std::size_t i = 0; i < series_.size(); ++i) {
      if (series_[i].name.empty()) continue;
      const std::string name = fitted_text(series_[i].name, unit_, whole - beside);
      legend_.push_back({name, text_width(name, unit_), {}, color_of(series_[i], i)});
      wanted += legend_.back().width + beside;
    }
    if (wanted > whole) return place_legend_in_rows();
    double x = x_.last;
    for (std::size_t i = legend_.size(); i-- > 0;) {
      x -= legend_[i].width;
      legend_[i].at = {x, (title_.empty() ? 0.8 : 2.2) * unit_};
      x -= beside;
    }
  }

  // The plot begins below them, and keeps half of the height: names without a row are counted.
  void place_legend_in_rows() {
    const double row = 2 * unit_, first = x_.first + kKey * unit_;
    Point2 at = {first, (title_.empty() ? 0.8 : 4.5) * unit_};
    for (std::size_t i = 0; i < legend_.size(); ++i) {
      if (at.x > first && at.x + legend_[i].width > x_.last) at = {first, at.y + row};
      if (at.y + 2 * row > options_.height / 2.0) {
        const std::size_t left = legend_.size() - i;
        legend_.resize(i);
        legend_.push_back({fmt::format("and {} more", left), 0, {first, at.y}, {}});
        break;
      }
      legend_[i].at = at;
      at.x += legend_[i].width + kBesideName * unit_;
    }
    y_.last = at.y + row + unit_;
  }

  void draw_legend() {
    for (const LegendName& one : legend_) {
      canvas_.text(one.at, one.text, {.color = kInk, .size = unit_, .vertical = Align::start});
      if (!one.color) continue;
      const double y = one.at.y + unit_ / 2;
      canvas_.line({one.at.x - kKey * unit_, y}, {one.at.x - unit_, y},
                   {.color = *one.color, .width = 0.4 * unit_});
    }
  }

  struct LegendName {
    std::string text;
    double width = 0;
    Point2 at = {};  // its upper left end; the key is left of it
    std::optional<Color> color = {};
  };

  // In heights of a label: the title, what a name of the legend has beside it, and the key of that.
  static constexpr double kTitle = 1.5, kBesideName = 5.5, kKey = 3;

  std::span<const Series> series_;
  const PlotOptions& options_;
  Canvas canvas_;
  double unit_;  // the height of a label
  Axis x_, y_;
  std::vector<Tick> y_ticks_;
  std::string title_;  // as much of it as has room
  std::vector<LegendName> legend_;
};

}  // namespace

std::vector<double> ticks_between(double low, double high, int count) {
  require(std::isfinite(low) && std::isfinite(high) && low < high && count >= 1, "plot",
          "no ticks from {} to {} in {} steps", low, high, count);
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= 0.7 * rough) step = factor * power;
  }
  std::vector<double> ticks;
  const double last = std::floor(high / step + 1e-9);
  for (double i = std::ceil(low / step - 1e-9); i <= last; ++i) ticks.push_back(i * step + 0.0);
  return ticks;
}

std::string tick_label(double value, double step) {
  if (value == 0) return "0";
  if (std::abs(value) >= 1e6 || step < 1e-5) return fmt::format("{:g}", value);
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", value, digits);
}

Canvas plot(std::span<const Series> series, const PlotOptions& options) {
  for (const Series& one : series) {
    require(one.x.size() == one.y.size(), "plot", "the series '{}' has {} x and {} y", one.name,
            one.x.size(), one.y.size());
  }
  return Plot(series, options).draw();
}

}  // namespace voxloom::viz
