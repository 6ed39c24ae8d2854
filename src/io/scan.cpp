#include "voxloom/scan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <type_traits>

#include "core/checked.h"
#include "core/error.h"
#include "core/finite.h"
#include "io/column_type.h"
#include "io/origin.h"
#include "io/words.h"

namespace voxloom {
namespace {

std::size_t value_count(const Column& column) {
  return std::visit([](const auto& values) { return values.size(); }, column.values);
}

// From relative to `from` to relative to `to`.
void shift(std::span<std::array<double, 3>> positions, const std::array<double, 3>& from,
           const std::array<double, 3>& to) {
  const std::array<double, 3> step = {from[0] - to[0], from[1] - to[1], from[2] - to[2]};
  for (auto& position : positions) {
    for (std::size_t axis = 0; axis < 3; ++axis) position.at(axis) += step.at(axis);
  }
}

Pose product(const Pose& a, const Pose& b) {
  Pose out{};
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      for (std::size_t k = 0; k < 4; ++k) out.at(i).at(j) += a.at(i).at(k) * b.at(k).at(j);
    }
  }
  return out;
}

void check_rows(const Column& column, std::int64_t points) {
  require(column.components > 0, "scan", "attribute '{}' has {} components", column.name,
          column.components);
  const std::int64_t wanted = checked_mul("scan", points, column.components);
  require(static_cast<std::int64_t>(value_count(column)) == wanted, "scan",
          "attribute '{}' has {} values; {} points with {} components need {}", column.name,
          value_count(column), points, column.components, wanted);
  require(column.words != nullptr || !column.is_text(), "scan", "attribute '{}' has no words",
          column.name);
}

// Behind the elements of `to`; words that are equal get one code.
void append_words(Column& to, const Column& from) {
  auto& codes = std::get<std::vector<WordCode>>(to.values);
  const auto more = from.span<WordCode>();
  if (to.words == from.words || codes.empty()) {
    to.words = from.words;
    codes.insert(codes.end(), more.begin(), more.end());
  }
  if (to.words == from.words || more.empty()) return;
  io::WordCoder coder(*to.words);
  require(coder.size() == to.words->size(), "append", "attribute '{}' has a word twice", to.name);
  std::vector<std::optional<WordCode>> known(from.words->size());
  for (std::size_t i = 0; i < more.size(); ++i) {
    const std::string_view word = from.word(static_cast<std::int64_t>(i));
    std::optional<WordCode>& code = known[static_cast<std::size_t>(more[i])];
    if (!code) code = coder.code_of(word);
    codes.push_back(*code);
  }
  if (coder.size() > to.words->size()) to.words = coder.take();
}

bool has_same_words(const Column& a, const Column& b) {
  if (a.words == b.words) return a.values == b.values;
  const std::int64_t elements = a.points() * a.components;
  for (std::int64_t i = 0; i < elements; ++i) {
    if (a.word(i) != b.word(i)) return false;
  }
  return true;
}

}  // namespace

std::size_t size_of(ColumnType type) {
  if (type == ColumnType::text) return sizeof(WordCode);
  return io::visit_column_type(type, []<typename T>() { return sizeof(T); });
}

std::string_view name_of(ColumnType type) {
  constexpr std::array<std::string_view, 11> kNames = {"uint8",   "int8",    "uint16", "int16",
                                                       "uint32",  "int32",   "uint64", "int64",
                                                       "float32", "float64", "text"};
  return kNames.at(static_cast<std::size_t>(type));
}

bool is_float(ColumnType type) { return type == ColumnType::f32 || type == ColumnType::f64; }

std::int64_t Column::points() const {
  return static_cast<std::int64_t>(value_count(*this)) / components;
}

double Column::as_double(std::int64_t index) const {
  return io::visit_numbers(*this, [&](const auto& v) {
    return static_cast<double>(v[static_cast<std::size_t>(index)]);
  });
}

std::string_view Column::word(std::int64_t index) const {
  require(is_text() && words != nullptr, "scan", "the attribute '{}' holds no text", name);
  return words->at(static_cast<std::size_t>(span<WordCode>()[static_cast<std::size_t>(index)]));
}

bool operator==(const Column& a, const Column& b) {
  if (a.name != b.name || a.components != b.components || a.type() != b.type()) return false;
  if (!a.is_text()) return a.values == b.values;
  return value_count(a) == value_count(b) && has_same_words(a, b);
}

Column make_column(std::string name, ColumnType type, std::int64_t points,
                   std::int64_t components) {
  const std::int64_t count = checked_mul("scan", points, components);
  Column column{.name = std::move(name), .components = components, .values = {}};
  if (type == ColumnType::text) {
    std::vector<WordCode> codes;
    resize_or_throw("scan", codes, count, WordCode{});
    column.values = std::move(codes);
    column.words = std::make_shared<const Words>(1);
    return column;
  }
  io::visit_column_type(type, [&]<typename T>() {
    std::vector<T> values;
    resize_or_throw("scan", values, count, T{});
    column.values = std::move(values);
  });
  return column;
}

Column text_column(std::string name, std::span<const std::string> elements,
                   std::int64_t components) {
  io::WordCoder coder;
  std::vector<WordCode> codes;
  codes.reserve(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    require(io::is_word(elements[i]), "scan",
            "attribute '{}': element {} is no UTF-8 of at most {} characters without zero bytes",
            name, i, kLongestWord);
    codes.push_back(coder.code_of(elements[i]));
  }
  return {.name = std::move(name),
          .components = components,
          .values = std::move(codes),
          .words = coder.take()};
}

const Column* Scan::find(std::string_view name) const {
  const auto found = std::ranges::find(attributes, name, &Column::name);
  return found == attributes.end() ? nullptr : &*found;
}

void Scan::set(Column column) {
  check_rows(column, size());
  if (column.name == "intensity") intensity_range.reset();
  const auto found = std::ranges::find(attributes, column.name, &Column::name);
  if (found == attributes.end()) {
    attributes.push_back(std::move(column));
  } else {
    *found = std::move(column);
  }
}

std::array<double, 3> transform(const Pose& pose, const std::array<double, 3>& point) {
  std::array<double, 3> out{};
  for (std::size_t i = 0; i < 3; ++i) {
    out.at(i) = pose.at(i)[0] * point[0] + pose.at(i)[1] * point[1] + pose.at(i)[2] * point[2] +
                pose.at(i)[3];
  }
  return out;
}

std::array<double, 3> Scan::at(std::int64_t point) const {
  const std::array<double, 3>& p = positions.at(static_cast<std::size_t>(point));
  return {origin[0] + p[0], origin[1] + p[1], origin[2] + p[2]};
}

void validate(const Scan& scan) {
  for (const auto& [name, place] :
       {std::pair("origin", scan.origin), std::pair("middle", scan.middle.value_or(scan.origin))}) {
    require(is_finite(place), "scan", "the {} ({}, {}, {}) is not finite", name, place[0], place[1],
            place[2]);
  }
  for (const auto& pose : {scan.pose, scan.viewpoint}) {
    for (std::size_t i = 0; pose && i < 16; ++i) {
      require(std::isfinite(pose->at(i / 4).at(i % 4)), "scan", "row {} of a pose is not finite",
              i / 4);
    }
  }
  std::set<std::string_view> names;
  for (const Column& column : scan.attributes) {
    require(names.insert(column.name).second, "scan", "there are two attributes '{}'", column.name);
    check_rows(column, scan.size());
  }
}

void append(Scan& scan, const Scan& more) {
  require(scan.attributes.size() == more.attributes.size(), "append",
          "a scan with {} attributes cannot take the points of one with {}", scan.attributes.size(),
          more.attributes.size());
  for (std::size_t i = 0; i < scan.attributes.size(); ++i) {
    const Column& to = scan.attributes[i];
    const Column& from = more.attributes[i];
    require(to.name == from.name && to.components == from.components && to.type() == from.type(),
            "append", "attribute {} is '{}' {} x {} here and '{}' {} x {} there", i, to.name,
            name_of(to.type()), to.components, from.name, name_of(from.type()), from.components);
  }
  require(scan.pose == more.pose && scan.viewpoint == more.viewpoint, "append",
          "the scans have different poses; apply_pose() makes them comparable");
  if (scan.positions.empty()) {
    scan.origin = more.origin;
    scan.middle = more.middle;
  }
  const std::size_t first = scan.positions.size();
  scan.positions.insert(scan.positions.end(), more.positions.begin(), more.positions.end());
  if (scan.origin != more.origin) {
    shift(std::span(scan.positions).subspan(first), more.origin, scan.origin);
    scan.position_type = ColumnType::f64;  // a sum of two float32 need not be one
  }
  for (std::size_t i = 0; i < scan.attributes.size(); ++i) {
    if (scan.attributes[i].is_text()) {
      append_words(scan.attributes[i], more.attributes[i]);
      continue;
    }
    std::visit(
        [&](auto& to) {
          const auto& from = std::get<std::decay_t<decltype(to)>>(more.attributes[i].values);
          to.insert(to.end(), from.begin(), from.end());
        },
        scan.attributes[i].values);
  }
  if (scan.position_type != more.position_type) scan.position_type = ColumnType::f64;
  if (scan.quantization != more.quantization) scan.quantization.reset();
  if (scan.intensity_range != more.intensity_range) scan.intensity_range.reset();
}

Box bounds(const Scan& scan) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Box box{.low = {kInfinity, kInfinity, kInfinity}, .high = {-kInfinity, -kInfinity, -kInfinity}};
  bool any = false;
  for (const auto& p : scan.positions) {
    if (!std::isfinite(p[0]) || !std::isfinite(p[1]) || !std::isfinite(p[2])) continue;
    any = true;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      box.low[axis] = std::min(box.low[axis], p[axis]);
      box.high[axis] = std::max(box.high[axis], p[axis]);
    }
  }
  if (!any) return {};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    box.low.at(axis) += scan.origin.at(axis);
    box.high.at(axis) += scan.origin.at(axis);
  }
  return box;
}

std::array<double, 3> sensor_place(const Scan& scan) {
  if (!scan.viewpoint) return scan.middle.value_or(scan.origin);
  const Pose& seen_from = *scan.viewpoint;
  return {seen_from[0][3], seen_from[1][3], seen_from[2][3]};
}

void move_origin(Scan& scan, const std::array<double, 3>& origin) {
  if (scan.origin == origin) return;
  shift(scan.positions, scan.origin, origin);
  scan.origin = origin;
}

void apply_pose(Scan& scan) {
  if (!scan.pose) return;
  Pose pose = *scan.pose;
  // The far part of the map goes to the origin, so that the near part keeps its digits.
  const std::array<double, 3> moved = transform(pose, scan.origin);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    scan.origin.at(axis) = io::origin_near(moved.at(axis));
    pose.at(axis)[3] = moved.at(axis) - scan.origin.at(axis);
  }
  for (auto& position : scan.positions) position = transform(pose, position);
  if (scan.viewpoint) scan.viewpoint = product(*scan.pose, *scan.viewpoint);
  if (scan.middle) scan.middle = transform(*scan.pose, *scan.middle);
  scan.pose.reset();
  scan.quantization.reset();
  scan.las.reset();  // its coordinate system is no longer the positions'
  scan.position_type = ColumnType::f64;
}

Tensor to_points(const Scan& scan) { return to_points(scan, scan.origin); }

Tensor to_points(const Scan& scan, const std::array<double, 3>& origin) {
  Tensor points = Tensor::empty({scan.size(), 3}, DType::f32);
  float* out = points.mutable_data<float>();
  const std::array<double, 3> step = {origin[0] - scan.origin[0], origin[1] - scan.origin[1],
                                      origin[2] - scan.origin[2]};
  for (const auto& position : scan.positions) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      *out++ = static_cast<float>(position[axis] - step[axis]);
    }
  }
  return points;
}

Tensor to_features(const Scan& scan, std::span<const std::string> names) {
  std::vector<const Column*> columns;
  std::int64_t channels = 0;
  for (const std::string& name : names) {
    columns.push_back(scan.find(name));
    require(columns.back() != nullptr, "to_features", "the scan has no attribute '{}'", name);
    check_rows(*columns.back(), scan.size());
    channels += columns.back()->components;
  }
  Tensor features = Tensor::empty({scan.size(), channels}, DType::f32);
  std::int64_t first = 0;
  for (const Column* column : columns) {
    float* out = features.mutable_data<float>() + first;
    io::visit_numbers(*column, [&](const auto& values) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto point = static_cast<std::int64_t>(i) / column->components;
        const auto component = static_cast<std::int64_t>(i) % column->components;
        out[point * channels + component] = static_cast<float>(values[i]);
      }
    });
    first += column->components;
  }
  return features;
}

}  // namespace voxloom
