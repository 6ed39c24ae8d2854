#include "voxloom/survey.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_set>

#include "core/error.h"
#include "core/finite.h"
#include "io/lines.h"
#include "io/origin.h"
#include "io/scan_head.h"

namespace voxloom {
namespace {

using Point = std::array<double, 3>;
using SurveyCell = std::array<std::int64_t, 3>;

constexpr std::size_t kMostParts = 10000;

// Where a point is written: see survey.h.
Point place_of(const Scan& scan, std::int64_t point) {
  return scan.pose ? transform(*scan.pose, scan.at(point)) : scan.at(point);
}

void check_size(std::string_view op, double size) {
  require(std::isfinite(size) && size > 0, op, "expected a size above 0, got {}", size);
}

std::int64_t cell_of(std::string_view op, double coordinate, double size) {
  constexpr double kMost = 9e18;
  const double cell = std::floor(coordinate / size);
  require(std::abs(cell) < kMost, op, "the coordinate {} is too large for a size of {}", coordinate,
          size);
  return static_cast<std::int64_t>(cell);
}

struct SurveyCellHash {
  std::size_t operator()(const SurveyCell& cell) const {
    std::uint64_t hash = 0;
    for (const std::int64_t part : cell) {
      hash = (hash ^ static_cast<std::uint64_t>(part)) * 0x9e3779b97f4a7c15U;
      hash ^= hash >> 32U;
    }
    return hash;
  }
};

void check_box(const CropBox& box) {
  const bool is_finite_box =
      is_finite(Point{box.low[0], box.low[1], 0}) && is_finite(Point{box.high[0], box.high[1], 0});
  require(is_finite_box && box.low[0] <= box.high[0] && box.low[1] <= box.high[1], "crop",
          "expected the lower corner first, got {} {} {} {}", box.low[0], box.low[1], box.high[0],
          box.high[1]);
  if (!box.height) return;
  const auto [low, high] = *box.height;
  require(std::isfinite(low) && std::isfinite(high) && low <= high, "crop",
          "expected the lower height first, got {} {}", low, high);
}

bool holds(const CropBox& box, const Point& p) {
  const bool is_inside = box.low[0] <= p[0] && p[0] <= box.high[0] && box.low[1] <= p[1] &&
                         p[1] <= box.high[1] && std::isfinite(p[2]);
  return is_inside && (!box.height || (box.height->low <= p[2] && p[2] <= box.height->high));
}

// A value's points, by whatever orders the values.
template <typename Key>
using PointsBy = std::map<Key, std::vector<std::int64_t>>;

template <typename Key>
std::vector<std::int64_t>& points_of(PointsBy<Key>& parts, const Key& key, std::string_view op) {
  std::vector<std::int64_t>& points = parts[key];
  require(parts.size() <= kMostParts, op, "there are more than {} parts", kMostParts);
  return points;
}

}  // namespace

std::vector<std::int64_t> points_within(const Scan& scan, const CropBox& box) {
  check_box(box);
  std::vector<std::int64_t> points;
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    if (holds(box, place_of(scan, i))) points.push_back(i);
  }
  return points;
}

std::vector<std::int64_t> thinned_points(const Scan& scan, double size) {
  check_size("thin", size);
  std::vector<std::int64_t> points;
  std::unordered_set<SurveyCell, SurveyCellHash> seen;
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    const Point p = place_of(scan, i);
    bool is_first = true;
    if (is_finite(p)) {
      is_first = seen.insert({cell_of("thin", p[0], size), cell_of("thin", p[1], size),
                              cell_of("thin", p[2], size)})
                     .second;
    }
    if (is_first) points.push_back(i);
  }
  return points;
}

Scan pick_points(const Scan& scan, std::span<const std::int64_t> points) {
  validate(scan);
  Scan picked = io::head_of(scan);
  picked.positions.reserve(points.size());
  for (const std::int64_t point : points) {
    picked.positions.push_back(scan.positions.at(static_cast<std::size_t>(point)));
  }
  for (const Column& column : scan.attributes) {
    const auto components = static_cast<std::ptrdiff_t>(column.components);
    Column& to = picked.attributes.emplace_back(Column{
        .name = column.name, .components = column.components, .values = {}, .words = column.words});
    std::visit(
        [&](const auto& from) {
          std::decay_t<decltype(from)> values;
          values.reserve(points.size() * static_cast<std::size_t>(components));
          for (const std::int64_t point : points) {
            const auto row = from.begin() + point * components;
            values.insert(values.end(), row, row + components);
          }
          to.values = std::move(values);
        },
        column.values);
  }
  return picked;
}

void translate(Scan& scan, const std::array<double, 3>& by) {
  const bool keeps_places = std::ranges::all_of(
      by, [](double step) { return std::abs(step) <= kFarthestShift; });  // nor not finite
  require(keeps_places, "shift", "expected numbers up to {} either way, got {} {} {}",
          kFarthestShift, by[0], by[1], by[2]);
  if (by == Point{0, 0, 0}) return;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (scan.pose) {
      scan.pose->at(axis)[3] += by.at(axis);
      continue;
    }
    scan.origin.at(axis) += by.at(axis);
    if (scan.viewpoint) scan.viewpoint->at(axis)[3] += by.at(axis);
    if (scan.quantization) scan.quantization->offset.at(axis) += by.at(axis);
  }
  if (scan.pose) return;
  scan.position_type = ColumnType::f64;
  io::settle_origin(scan);
}

CroppedScan read_within(ScanReader& reader, const CropBox& box) {
  constexpr std::int64_t kPiece = 1 << 20;
  CroppedScan cropped{.scan = reader.read(0)};
  while (reader.remaining() > 0) {
    const std::int64_t before = reader.remaining();
    const Scan piece = reader.read(kPiece);
    const std::int64_t left_out = before - reader.remaining() - piece.size();
    const std::vector<std::int64_t> points = points_within(piece, box);
    cropped.not_finite += left_out;
    cropped.outside += piece.size() - static_cast<std::int64_t>(points.size());
    append(cropped.scan, pick_points(piece, points));
  }
  if (cropped.scan.position_type != ColumnType::f32) io::settle_origin(cropped.scan);
  return cropped;
}

namespace {

// What every file system takes as part of a name.
std::string file_word(std::string_view word) {
  constexpr std::size_t kMostBytes = 100;
  std::string name;
  for (const char c : word.substr(0, kMostBytes)) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' ||
                          (c >= 'A' && c <= 'Z') || c == '.';
    name += is_plain ? c : '_';
  }
  return name.empty() ? "_" : name;
}

std::vector<ScanPart> parts_by_word(const Column& column) {
  PointsBy<std::string_view> parts;
  for (std::int64_t i = 0; i < column.points(); ++i) {
    points_of(parts, column.word(i), "split").push_back(i);
  }
  std::vector<ScanPart> named;
  std::set<std::string> taken;  // in small letters, as some file systems tell no others apart
  for (auto& [word, points] : parts) {
    const std::string base = file_word(word);
    std::string name = base;
    for (int n = 2; !taken.insert(io::lower(name)).second; ++n) {
      name = fmt::format("{}_{}", base, n);
    }
    named.push_back({std::move(name), std::move(points)});
  }
  return named;
}

}  // namespace

std::vector<ScanPart> parts_by_column(const Scan& scan, std::string_view name) {
  constexpr std::string_view kOp = "split";
  const Column* column = scan.find(name);
  require(column != nullptr, kOp, "the scan has no attribute '{}'", name);
  require(column->components == 1, kOp, "the attribute '{}' has {} components", name,
          column->components);
  if (column->is_text()) return parts_by_word(*column);
  PointsBy<double> parts;
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    const double value = column->as_double(i);
    constexpr double kMostExact =
        9007199254740992;  // above, float64 does not tell all integers apart
    require(std::trunc(value) == value && std::abs(value) < kMostExact, kOp,
            "the attribute '{}' of point {} is {}, not a whole number", name, i, value);
    points_of(parts, value, kOp).push_back(i);
  }
  std::vector<ScanPart> named;
  for (auto& [value, points] : parts) {
    named.push_back({fmt::format("{}", static_cast<std::int64_t>(value)), std::move(points)});
  }
  return named;
}

std::vector<ScanPart> parts_by_tile(const Scan& scan, double size) {
  constexpr std::string_view kOp = "split";
  check_size(kOp, size);
  PointsBy<std::array<std::int64_t, 2>> parts;
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    const Point p = place_of(scan, i);
    require(is_finite(p), kOp, "the position ({}, {}, {}) of point {} is not finite", p[0], p[1],
            p[2], i);
    points_of(parts, {cell_of(kOp, p[0], size), cell_of(kOp, p[1], size)}, kOp).push_back(i);
  }
  std::vector<ScanPart> named;
  for (auto& [corner, points] : parts) {
    named.push_back({fmt::format("{}_{}", static_cast<double>(corner[0]) * size,
                                 static_cast<double>(corner[1]) * size),
                     std::move(points)});
  }
  return named;
}

}  // namespace voxloom
