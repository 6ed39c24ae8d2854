// Coordinate systems of LAS files. GeoTIFF keys are u16: version, revision, minor revision, count, and for each key its
// number, where its value lies (0: here; 34737: in the texts), how long it is, and the value or its place.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>
#include <span>

#include "core/text.h"
#include "io/failure.h"
#include "io/las_records.h"
#include "voxloom/survey.h"

namespace voxloom {
namespace {

using io::find_record;

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fits = error == std::errc() && end == text.data() + text.size() && number > 0;
  return fits ? std::optional(number) : std::nullopt;
}

// Goes through KEYWORD["text",number,INNER[...]], brackets of either kind, versions 1 and 2, and keeps what names the
// system as a whole, its horizontal part where the whole is not numbered, and its vertical one.
class WellKnownText {
 public:
  explicit WellKnownText(std::string_view text) : text_(text) {}

  std::optional<CoordinateSystem> read() {
    while (at_ < text_.size()) step();
    if (whole_.name.empty() && !whole_.epsg && !part_.epsg) return std::nullopt;
    if (!whole_.epsg) whole_.epsg = part_.epsg;
    if (whole_.unit.empty()) whole_.unit = part_.unit;
    whole_.heights = heights_;
    return whole_;
  }

 private:
  struct Node {
    std::string_view keyword;
    std::vector<std::string_view> values = {};
  };
  static constexpr std::size_t kDeepest = 64;

  void step() {
    const char c = text_[at_];
    if (c == '"') return take_text();
    if (c == '[' || c == '(') {
      if (open_.size() < kDeepest) open_.push_back({word_});
      word_ = {};
    } else if (c == ']' || c == ')') {
      take_word();
      close();
    } else if (c == ',') {
      take_word();
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      word_ =
          word_.empty() ? text_.substr(at_, 1) : std::string_view(word_.data(), word_.size() + 1);
    }
    ++at_;
  }

  // Quotes within are doubled, which names of systems do not have.
  void take_text() {
    const std::size_t end = std::min(text_.find('"', at_ + 1), text_.size());
    add(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
  }
  void take_word() {
    if (!word_.empty()) add(word_);
    word_ = {};
  }
  void add(std::string_view value) {
    if (!open_.empty() && open_.back().values.size() < 2) open_.back().values.push_back(value);
  }

  // Of a node that ends: what it says of those around it.
  void close() {
    if (open_.empty()) return;
    const Node node = open_.back();
    open_.pop_back();
    if (node.values.empty()) return;
    if (take_heights(node)) return;
    if (open_.empty()) {
      if (whole_.name.empty()) whole_.name = node.values[0];
      return;
    }
    const bool is_horizontal = open_.size() == 2 && open_[1].keyword.starts_with("PROJ");
    if (open_.size() > 1 && !is_horizontal) return;
    take_number_or_unit(node, is_horizontal ? part_ : whole_);
  }

  // Of version 1, or of version 2, inside the whole or behind it; the unit of the latter may lie in its AXIS.
  bool take_heights(const Node& node) {
    const auto is_vertical = [](const Node& one) {
      constexpr auto kWords =
          std::to_array<std::string_view>({"VERT_CS", "VERTCS", "VERTCRS", "VERTICALCRS"});
      return std::ranges::find(kWords, one.keyword) != kWords.end();
    };
    const auto vertical = std::ranges::find_if(open_, is_vertical);
    const bool ends = is_vertical(node);
    if (!ends && vertical == open_.end()) return false;
    if (!heights_) heights_.emplace();
    if (ends) {
      heights_->name = node.values[0];
      return true;
    }
    const std::span<const Node> inside(vertical + 1, open_.end());
    if (inside.empty() || (inside.size() == 1 && inside[0].keyword == "AXIS")) {
      take_number_or_unit(node, *heights_);
    }
    return true;
  }

  template <typename System>
  static void take_number_or_unit(const Node& node, System& system) {
    const std::string_view keyword = node.keyword;
    if ((keyword == "AUTHORITY" || keyword == "ID") && node.values.size() == 2 &&
        node.values[0] == "EPSG") {
      system.epsg = number_in(node.values[1]);
    } else if (system.unit.empty() && keyword.ends_with("UNIT")) {
      system.unit = node.values[0];
    }
  }

  std::string_view text_, word_ = {};
  std::size_t at_ = 0;
  std::vector<Node> open_ = {};
  CoordinateSystem whole_ = {}, part_ = {};
  std::optional<CoordinateSystem::Heights> heights_ = {};
};

std::string_view text_in(std::span<const std::byte> bytes) {
  constexpr std::size_t kLongest = 1 << 16;
  const char* begin = reinterpret_cast<const char*>(bytes.data());
  return {begin, ::strnlen(begin, std::min(bytes.size(), kLongest))};
}

class GeoKeys {
 public:
  GeoKeys(std::span<const std::byte> keys, std::string_view texts) : keys_(keys), texts_(texts) {}

  std::optional<CoordinateSystem> read() const {
    constexpr std::uint16_t kCitation = 1026, kGeographic = 2048, kProjected = 3072;
    constexpr std::uint16_t kProjectedCitation = 3073, kUnits = 3076;
    CoordinateSystem system;
    system.name = text_of(kProjectedCitation);
    if (system.name.empty()) system.name = text_of(kCitation);
    system.epsg = epsg_of(kProjected);
    const bool is_projected = system.epsg.has_value();
    if (!is_projected) system.epsg = epsg_of(kGeographic);
    system.unit = unit_named(value_of(kUnits).value_or(0));
    if (system.unit.empty() && !is_projected && system.epsg) system.unit = "degree";
    if (system.name.empty() && !system.epsg) return std::nullopt;
    system.heights = heights();
    return system;
  }

 private:
  [[nodiscard]] std::optional<CoordinateSystem::Heights> heights() const {
    constexpr std::uint16_t kVertical = 4096, kCitation = 4097, kUnits = 4099;
    const CoordinateSystem::Heights heights = {text_of(kCitation), epsg_of(kVertical),
                                               unit_named(value_of(kUnits).value_or(0))};
    return heights == CoordinateSystem::Heights{} ? std::nullopt : std::optional(heights);
  }

  static constexpr std::size_t kKey = 8;

  [[nodiscard]] std::uint16_t at(std::size_t place) const {
    std::uint16_t value = 0;
    std::memcpy(&value, keys_.data() + place, sizeof(value));
    return value;
  }
  // The place of a key behind the head, or nothing.
  [[nodiscard]] std::optional<std::size_t> find(std::uint16_t key) const {
    for (std::size_t place = kKey; place + kKey <= keys_.size(); place += kKey) {
      if (at(place) == key) return place;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint16_t> value_of(std::uint16_t key) const {
    const auto place = find(key);
    if (!place || at(*place + 2) != 0) return std::nullopt;
    return at(*place + 6);
  }
  [[nodiscard]] std::optional<int> epsg_of(std::uint16_t key) const {
    constexpr int kUserDefined = 32767;
    const auto value = value_of(key);
    return value && *value != 0 && *value != kUserDefined ? std::optional<int>(*value)
                                                          : std::nullopt;
  }
  [[nodiscard]] std::string text_of(std::uint16_t key) const {
    const auto place = find(key);
    if (!place || at(*place + 2) != io::kGeoKeyTexts || at(*place + 6) > texts_.size()) return {};
    const std::string_view text = texts_.substr(at(*place + 6), at(*place + 4));
    return std::string(text.substr(0, text.find('|')));
  }
  static std::string unit_named(int number) {
    switch (number) {
      case 9001: return "metre";
      case 9002: return "foot";
      case 9003: return "US survey foot";
      default: return {};
    }
  }

  std::span<const std::byte> keys_;
  std::string_view texts_;
};

std::optional<CoordinateSystem> system_in(const LasRecords& records) {
  if (const auto text = find_record(records, io::kProjectionUser, io::kTextSystem)) {
    if (auto system = WellKnownText(text_in(*text)).read()) return system;
  }
  const auto keys = find_record(records, io::kProjectionUser, io::kGeoKeys);
  if (!keys) return std::nullopt;
  const auto texts = find_record(records, io::kProjectionUser, io::kGeoKeyTexts);
  return GeoKeys(*keys, texts ? text_in(*texts) : std::string_view()).read();
}

}  // namespace

std::optional<CoordinateSystem> coordinate_system(const Scan& scan) {
  auto system = scan.las ? system_in(*scan.las) : std::nullopt;
  if (!system) return system;
  system->name = io::printable(system->name);
  system->unit = io::printable(system->unit);
  if (system->heights) {
    system->heights->name = io::printable(system->heights->name);
    system->heights->unit = io::printable(system->heights->unit);
  }
  return system;
}

std::string to_string(const CoordinateSystem& system) {
  const auto text_of = [](const auto& part) {
    std::string text = part.name;
    if (part.epsg) {
      const std::string number = fmt::format("EPSG:{}", *part.epsg);
      text = text.empty() ? number : fmt::format("{} ({})", text, number);
    }
    if (part.unit.empty()) return text;
    return text.empty() ? "in " + part.unit : fmt::format("{}, in {}", text, part.unit);
  };
  const std::string text = text_of(system);
  return system.heights ? fmt::format("{}; heights: {}", text, text_of(*system.heights)) : text;
}

}  // namespace voxloom
