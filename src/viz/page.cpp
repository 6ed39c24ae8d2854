// The page: its source with the cloud put in. The points, before they are deflated and written in
// base64, of n points:
//
//   3 axes x 3 planes x n bytes   steps from the corner, as the difference from the point before
//                                 modulo 2^24; low bytes, then middle, then high ones
//   n bytes                       classes, 255 for none; when there is a table of classes
//   n bytes                       the other classes, when there are some
//   n bytes for each value        0: the smallest, 254: the largest, 255: no number
//   3 x n bytes                   red, green and blue, when points have colours
//
// Its reader is src/viz/page/points.js.
#include "voxloom/page.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "viz/captions.h"
#include "viz/html.h"
#include "viz/page_source.h"
#include "viz/stray.h"

namespace voxloom::viz {
namespace {

using Json = nlohmann::ordered_json;
using Bytes = std::vector<std::uint8_t>;

constexpr std::string_view kPageOp = "page";
constexpr std::size_t kMostClasses = 255, kMostValues = 16;
constexpr std::uint8_t kNone = 255;
constexpr double kUsualStep = 0.001;
constexpr double kMostSteps = (1 << 24) - 1;

void check_page(const PageCloud& cloud, const PageOptions& options) {
  const std::size_t points = cloud.positions.size();
  const auto fits = [&](std::size_t size, std::string_view what) {
    require(size == points, kPageOp, "{} {} for {} points", size, what, points);
  };
  require(options.most_points > 0, kPageOp, "at most {} points are asked for", options.most_points);
  require(cloud.table.size() <= kMostClasses, kPageOp, "{} classes; a page has at most {}",
          cloud.table.size(), kMostClasses);
  require(cloud.values.size() <= kMostValues, kPageOp, "{} values; a page has at most {}",
          cloud.values.size(), kMostValues);
  if (!cloud.classes.empty() || !cloud.table.empty()) fits(cloud.classes.size(), "classes");
  if (!cloud.other_classes.empty()) {
    fits(cloud.other_classes.size(), "other classes");
    require(!cloud.table.empty(), kPageOp, "other classes, and no table of classes");
  }
  if (!cloud.colors.empty()) fits(cloud.colors.size(), "colours");
  for (const PageValue& value : cloud.values) fits(value.values.size(), value.name);
  for (const auto classes : {cloud.classes, cloud.other_classes}) {
    for (const std::int32_t c : classes) {
      require(c < static_cast<std::int32_t>(cloud.table.size()), kPageOp, "class {} of {}", c,
              cloud.table.size());
    }
  }
  require(cloud.precision >= 0 && std::isfinite(cloud.precision), kPageOp,
          "a precision of {}; expected a length, or 0", cloud.precision);
}

// The finite ones, or an even choice of them.
std::vector<std::size_t> shown_points(const PageCloud& cloud, std::int64_t most) {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < cloud.positions.size(); ++i) {
    if (is_finite(cloud.positions[i])) shown.push_back(i);
  }
  const auto limit = static_cast<std::size_t>(most);
  if (shown.size() <= limit) return shown;
  const double ratio = static_cast<double>(shown.size()) / static_cast<double>(limit);
  for (std::size_t i = 0; i < limit; ++i) {
    shown[i] = shown[static_cast<std::size_t>(static_cast<double>(i) * ratio)];
  }
  shown.resize(limit);
  return shown;
}

struct Lattice {
  std::array<double, 3> corner = {0, 0, 0};
  double step = kUsualStep;
  bool is_coarse = false;  // for the width's sake
};

// A cloud narrower than 1, whatever its unit is, has a thousand steps and more, too.
double wanted_step(double width, double precision) {
  const double usual = width > 0 && width < 1
                           ? std::pow(10.0, std::floor(std::log10(width))) * kUsualStep
                           : kUsualStep;
  return std::max(usual, precision);
}

Lattice lattice_of(const PageCloud& cloud, std::span<const std::size_t> shown) {
  Lattice lattice;
  if (shown.empty()) return lattice;
  double width = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto by_axis = [&](std::size_t a, std::size_t b) {
      return cloud.positions[a][axis] < cloud.positions[b][axis];
    };
    const auto [low, high] = std::minmax_element(shown.begin(), shown.end(), by_axis);
    lattice.corner.at(axis) = static_cast<double>(cloud.positions[*low][axis]);
    width = std::max(width,
                     static_cast<double>(cloud.positions[*high][axis]) - lattice.corner.at(axis));
  }
  const double wanted = wanted_step(width, cloud.precision);
  lattice.is_coarse = width / kMostSteps > wanted;
  lattice.step = std::max(wanted, width / kMostSteps);
  return lattice;
}

void add_axis(const PageCloud& cloud, std::span<const std::size_t> shown, const Lattice& lattice,
              std::size_t axis, Bytes& bytes) {
  const std::size_t start = bytes.size();
  bytes.resize(start + 3 * shown.size());
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const double offset =
        static_cast<double>(cloud.positions[shown[i]][axis]) - lattice.corner.at(axis);
    const auto steps = static_cast<std::uint32_t>(std::lround(offset / lattice.step));
    const std::uint32_t difference = steps - before;
    before = steps;
    for (std::size_t plane = 0; plane < 3; ++plane) {
      bytes[start + plane * shown.size() + i] =
          static_cast<std::uint8_t>(difference >> (8 * plane));
    }
  }
}

// One stray value must not leave all others one colour: it gets the colour of the scale's end.
Scale range_of(std::span<const float> values, std::span<const std::size_t> shown) {
  std::vector<double> finite;
  finite.reserve(shown.size());
  for (const std::size_t i : shown) {
    if (std::isfinite(values[i])) finite.push_back(static_cast<double>(values[i]));
  }
  return scale_of(std::move(finite), 1);
}

void add_values(std::span<const float> values, std::span<const std::size_t> shown,
                const Scale& scale, Bytes& bytes) {
  const double width = scale.high - scale.low;
  for (const std::size_t i : shown) {
    const double above =
        std::clamp(static_cast<double>(values[i]), scale.low, scale.high) - scale.low;
    bytes.push_back(!std::isfinite(values[i]) ? kNone
                    : width > 0 ? static_cast<std::uint8_t>(std::lround(254 * above / width))
                                : std::uint8_t{0});
  }
}

void add_classes(std::span<const std::int32_t> classes, std::span<const std::size_t> shown,
                 Bytes& bytes) {
  for (const std::size_t i : shown) {
    bytes.push_back(classes[i] < 0 ? kNone : static_cast<std::uint8_t>(classes[i]));
  }
}

// Leaves out points so far from all others that the steps would be coarse for their sake; returns how many.
std::size_t drop_stray(const PageCloud& cloud, std::vector<std::size_t>& shown) {
  constexpr double kReach = 10;
  if (!lattice_of(cloud, shown).is_coarse) return 0;
  std::array<Scale, 3> scales{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<double> places;
    places.reserve(shown.size());
    for (const std::size_t i : shown)
      places.push_back(static_cast<double>(cloud.positions[i][axis]));
    scales.at(axis) = scale_of(std::move(places), kReach);
  }
  return std::erase_if(shown, [&](std::size_t i) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto place = static_cast<double>(cloud.positions[i][axis]);
      if (place < scales.at(axis).low || place > scales.at(axis).high) return true;
    }
    return false;
  });
}

// The points' bytes; fills in what the page must know to read them.
Bytes encode(const PageCloud& cloud, std::span<const std::size_t> shown, Json& head) {
  const Lattice lattice = lattice_of(cloud, shown);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    head["corner"].push_back(lattice.corner.at(axis) + cloud.origin.at(axis));
  }
  head["step"] = lattice.step;
  Bytes bytes;
  for (std::size_t axis = 0; axis < 3; ++axis) add_axis(cloud, shown, lattice, axis, bytes);
  if (!cloud.table.empty()) add_classes(cloud.classes, shown, bytes);
  if (!cloud.other_classes.empty()) add_classes(cloud.other_classes, shown, bytes);
  head["values"] = Json::array();
  for (const PageValue& value : cloud.values) {
    const Scale scale = range_of(value.values, shown);
    head["values"].push_back({{"name", value.name},
                              {"low", static_cast<float>(scale.low)},
                              {"high", static_cast<float>(scale.high)}});
    if (scale.stray > 0) {
      head["facts"].push_back(
          {value.name, fmt::format("{} of {} values beyond {:.6g} to {:.6g}", scale.stray,
                                   shown.size(), scale.low, scale.high)});
    }
    add_values(value.values, shown, scale, bytes);
  }
  head["colored"] = !cloud.colors.empty();
  if (!cloud.colors.empty()) {
    for (const auto part : {&Color::r, &Color::g, &Color::b}) {
      for (const std::size_t i : shown) bytes.push_back(cloud.colors[i].*part);
    }
  }
  return bytes;
}

// A zlib stream, which browsers call "deflate".
Bytes deflated(const Bytes& bytes) {
  uLongf size = compressBound(bytes.size());
  Bytes packed(size);
  // With 6, the default, a page takes about twice as long and is 6 in 100 bytes smaller.
  const int status = compress2(packed.data(), &size, bytes.data(), bytes.size(), 2);
  require(status == Z_OK, kPageOp, "zlib gave {}", status);
  packed.resize(size);
  return packed;
}

// Titles and names come from files: inside of a script no '<' may end it.
std::string script_text(const Json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    text += c == '<' ? "\\u003c" : std::string(1, c);
  }
  return text;
}

// The page's source with a text for each of its marks. What is put in is not looked through: a name
// may well be that of a mark.
std::string filled(std::string_view source,
                   std::span<const std::pair<std::string_view, std::string>> texts) {
  std::string page;
  for (const auto& [mark, text] : texts) {
    const std::size_t at = source.find(mark);
    require(at != std::string_view::npos, kPageOp, "the page's source has no {}", mark);
    page += source.substr(0, at);
    page += text;
    source.remove_prefix(at + mark.size());
  }
  page += source;
  return page;
}

Json head_of(const PageCloud& cloud, const PageOptions& options) {
  Json head = {{"title", options.title}, {"total", cloud.positions.size()}};
  head["facts"] = Json::array();
  for (const PageFact& fact : options.facts) head["facts"].push_back({fact.name, fact.value});
  head["classes"] = Json::array();
  for (const PageClass& one : cloud.table) {
    head["classes"].push_back(
        {{"name", one.name}, {"color", {one.color.r, one.color.g, one.color.b}}});
  }
  head["labellings"] = Json::array();
  if (!cloud.table.empty()) head["labellings"].push_back(cloud.class_names[0]);
  if (!cloud.other_classes.empty()) head["labellings"].push_back(cloud.class_names[1]);
  head["units"] = cloud.units;
  return head;
}

}  // namespace

std::string format_page(const PageCloud& cloud, const PageOptions& options) {
  check_page(cloud, options);
  std::vector<std::size_t> shown = shown_points(cloud, options.most_points);
  const std::size_t stray = drop_stray(cloud, shown);
  Json head = head_of(cloud, options);
  if (stray > 0) {
    head["facts"].push_back({"left out", fmt::format("{} points far from all others", stray)});
  }
  head["points"] = shown.size();
  std::string points = base64(deflated(encode(cloud, shown, head)));
  const std::array<std::pair<std::string_view, std::string>, 3> texts = {
      {{"@TITLE@", html_text(options.title)},
       {"@HEAD@", script_text(head)},
       {"@POINTS@", std::move(points)}}};
  return filled(page_source(), texts);
}

void write_page(const std::filesystem::path& path, const PageCloud& cloud,
                const PageOptions& options) {
  AtomicFile file(path);
  file.write(format_page(cloud, options));
  file.commit();
}

}  // namespace voxloom::viz
