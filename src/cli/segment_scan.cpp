#include "cli/segment_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "voxloom/io.h"
#include "voxloom/pictures.h"

namespace voxloom::cli {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point& start) {
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - start).count();
  start = now;
  return seconds;
}

// Networks are trained on intensities from 0 to 1; files also count from 0 to 255 or 65535.
double intensity_unit(const Column& column) {
  if (column.type() == ColumnType::u8) return 255;
  if (column.type() == ColumnType::u16) return 65535;
  double most = 0;
  for (std::int64_t i = 0; i < column.points(); ++i) most = std::max(most, column.as_double(i));
  if (most <= 1) return 1;
  return most <= 255 ? 255 : 65535;
}

LabelledScan to_network(const Scan& scan) {
  LabelledScan result;
  result.positions.reserve(scan.positions.size());
  for (const auto& p : scan.positions) {
    result.positions.push_back({static_cast<float>(p[0]), static_cast<float>(p[1]),
                                static_cast<float>(p[2])});
  }
  result.intensity.assign(scan.positions.size(), 0.0F);
  if (const Column* column = scan.find("intensity"); column != nullptr && column->components == 1) {
    const double unit = intensity_unit(*column);
    for (std::size_t i = 0; i < result.intensity.size(); ++i) {
      result.intensity[i] =
          static_cast<float>(column->as_double(static_cast<std::int64_t>(i)) / unit);
    }
  }
  result.labels.assign(scan.positions.size(), kIgnoreLabel);
  return result;
}

struct Labels {
  std::vector<std::int32_t> classes;
  std::vector<float> confidence;  // the softmax of the class that won
};

Labels labels_of(const Tensor& scores) {
  const std::int64_t points = scores.dim(0), classes = scores.dim(1);
  const Tensor values = scores.to(DType::f32);
  Labels labels;
  for (std::int64_t i = 0; i < points; ++i) {
    const float* row = values.data<float>() + i * classes;
    const float* best = std::max_element(row, row + classes);
    double sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(row[c] - *best));
    labels.classes.push_back(static_cast<std::int32_t>(best - row));
    labels.confidence.push_back(static_cast<float>(1 / sum));
  }
  return labels;
}

void add_labels(Scan& scan, const Labels& labels, const ClassTable& classes) {
  std::vector<std::int32_t> numbers;
  std::array<std::vector<std::uint8_t>, 3> color;
  for (const std::int32_t label : labels.classes) {
    const LabelClass& one = classes.classes[static_cast<std::size_t>(label)];
    numbers.push_back(one.values.front());
    for (std::size_t i = 0; i < 3; ++i) color[i].push_back(one.color[i]);
  }
  scan.set("label", std::move(numbers));
  scan.set("confidence", labels.confidence);
  const std::array names = {"red", "green", "blue"};
  for (std::size_t i = 0; i < 3; ++i) scan.set(names[i], std::move(color[i]));
}

viz::Color color_of(const LabelClass& one) { return {one.color[0], one.color[1], one.color[2]}; }

void draw(const LabelledScan& scan, const Labels& labels, const ClassTable& classes,
          const SegmentedScan& report, const std::filesystem::path& out) {
  std::vector<viz::Color> colors;
  for (const std::int32_t label : labels.classes) {
    colors.push_back(color_of(classes.classes[static_cast<std::size_t>(label)]));
  }
  viz::PictureOptions options{.title = fmt::format("{}: {} points", report.name, report.points)};
  for (std::size_t c = 0; c < report.of_class.size(); ++c) {
    if (report.of_class[c] == 0) continue;
    options.legend.push_back({fmt::format("{} {}", classes.classes[c].name, report.of_class[c]),
                              color_of(classes.classes[c])});
  }
  const viz::PointCloud cloud{scan.positions, colors};
  viz::write_png(out / (report.name + "_above.png"), viz::view_from_above(cloud, options));
  viz::write_png(out / (report.name + "_perspective.png"),
                 viz::view_in_perspective(cloud, options));
}

}  // namespace

SegmentedScan segment_scan(const std::filesystem::path& path,
                           const train::BundleLabeller& labeller, const ClassTable& classes,
                           const SegmentOptions& options) {
  SegmentedScan report{.name = path.stem().string()};
  Clock::time_point clock = Clock::now();
  Scan scan = read_scan(path, {.invalid = InvalidPoints::drop});
  report.points = scan.size();
  if (scan.size() == 0) throw FormatError(fmt::format("{}: holds no points", path.string()));
  const LabelledScan input = to_network(scan);
  report.seconds.read = since(clock);
  const Tensor scores = labeller.scores(input);
  require(scores.dim(1) == classes.size(), "segment",
          "the model gives {} scores and its table has {} classes", scores.dim(1), classes.size());
  const Labels labels = labels_of(scores);
  report.of_class.assign(static_cast<std::size_t>(classes.size()), 0);
  for (const std::int32_t label : labels.classes) ++report.of_class[static_cast<std::size_t>(label)];
  report.seconds.network = since(clock);
  add_labels(scan, labels, classes);
  write_scan(options.out / (report.name + ".ply"), scan);
  report.seconds.write = since(clock);
  if (options.pictures) draw(input, labels, classes, report, options.out);
  report.seconds.pictures = since(clock);
  return report;
}

}  // namespace voxloom::cli
