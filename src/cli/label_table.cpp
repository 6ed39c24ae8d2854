#include "cli/label_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "cli/streams.h"
#include "core/error.h"
#include "data/label_map.h"
#include "io/lines.h"
#include "viz/palette.h"

namespace voxloom::cli {
namespace {

constexpr std::string_view kLabelTableOp = "view";
constexpr std::size_t kMostClasses = 255;  // of a page

bool is_label(double value) { return std::floor(value) == value && std::abs(value) < 9e15; }

std::int64_t label_at(const Column& labels, std::int64_t i) {
  const double value = labels.as_double(i);
  require(is_label(value), kLabelTableOp, "'{}' of point {} is {}: labels are whole numbers",
          labels.name, i, value);
  return static_cast<std::int64_t>(value);
}

// ASPRS, LAS specification 1.4, table 17, in colours that stay the same from file to file.
struct LasClass {
  std::string_view name;
  viz::Color color;
};

viz::PageClass las_class(std::int64_t label, std::size_t place) {
  constexpr std::array<LasClass, 19> kClasses = {{
      {"never classified", {130, 130, 130}},
      {"unassigned", {175, 175, 175}},
      {"ground", {170, 140, 100}},
      {"low vegetation", {160, 220, 90}},
      {"medium vegetation", {80, 180, 70}},
      {"high vegetation", {30, 130, 50}},
      {"building", {220, 70, 60}},
      {"low point (noise)", {190, 60, 110}},
      {"model key point", {240, 225, 150}},
      {"water", {60, 130, 240}},
      {"rail", {150, 110, 210}},
      {"road surface", {110, 115, 150}},
      {"overlap", {210, 200, 180}},
      {"wire, guard", {250, 170, 240}},
      {"wire, conductor", {230, 60, 220}},
      {"transmission tower", {240, 180, 60}},
      {"wire connector", {255, 230, 60}},
      {"bridge deck", {110, 200, 210}},
      {"high noise", {255, 120, 150}},
  }};
  if (label >= 0 && label < static_cast<std::int64_t>(kClasses.size())) {
    const LasClass& one = kClasses.at(static_cast<std::size_t>(label));
    return {std::string(one.name), one.color};
  }
  return {fmt::format("class {}", label), viz::class_color(place)};
}

void require_room(std::size_t classes, const Column& labels) {
  require(classes <= kMostClasses, kLabelTableOp,
          "'{}' has {} different labels; a page shows at most {}", labels.name, classes,
          kMostClasses);
}

constexpr std::string_view kClassWord = "class", kNoClassWord = "no class";

// "WORD rest", the rest; nothing for another word.
std::optional<std::string_view> behind(std::string_view word, std::string_view comment) {
  if (!comment.starts_with(word) || comment.size() <= word.size() || comment[word.size()] != ' ') {
    return std::nullopt;
  }
  return comment.substr(word.size() + 1);
}

std::optional<std::int32_t> no_class_in(std::string_view comment) {
  const auto text = behind(kNoClassWord, comment);
  std::int32_t value = 0;
  if (!text || io::parse_number(*text, value) != io::Number::good) return std::nullopt;
  return value;
}

std::optional<LabelClass> class_in(std::string_view comment) {
  const auto text = behind(kClassWord, comment);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  std::array<std::int32_t, 4> numbers{};
  for (std::int32_t& number : numbers) {
    const std::size_t end = rest.find(' ');
    if (end == std::string_view::npos ||
        io::parse_number(rest.substr(0, end), number) != io::Number::good) {
      return std::nullopt;
    }
    rest.remove_prefix(end + 1);
  }
  LabelClass one{.name = std::string(rest), .values = {numbers[0]}};
  for (std::size_t i = 0; i < 3; ++i) {
    if (numbers.at(i + 1) < 0 || numbers.at(i + 1) > 255) return std::nullopt;
    one.color.at(i) = static_cast<std::uint8_t>(numbers.at(i + 1));
  }
  return one;
}

}  // namespace

std::vector<viz::PageClass> page_classes(const ClassTable& classes) {
  std::vector<viz::PageClass> table;
  const auto is_black = [](const LabelClass& one) {
    return one.color == std::array<std::uint8_t, 3>{};
  };
  const bool has_colors = !std::ranges::all_of(classes.classes, is_black);
  for (const LabelClass& one : classes.classes) {
    table.push_back({one.name, has_colors ? viz::Color{one.color[0], one.color[1], one.color[2]}
                                          : viz::class_color(table.size())});
  }
  return table;
}

PageTable::PageTable(const ClassTable& classes) : classes_(page_classes(classes)) {
  for (const std::int32_t value : classes.ignored) places_.emplace(value, -1);
  for (std::size_t c = 0; c < classes.classes.size(); ++c) {
    for (const std::int32_t value : classes.classes[c].values) {
      places_.emplace(value, static_cast<std::int32_t>(c));
    }
  }
}

PageTable::PageTable(const Column& labels) {
  std::set<std::int64_t> different;
  for (std::int64_t i = 0; i < labels.points(); ++i) different.insert(label_at(labels, i));
  require_room(different.size(), labels);
  for (const std::int64_t label : different) {
    places_.emplace(label, static_cast<std::int32_t>(classes_.size()));
    const std::size_t place = classes_.size();
    classes_.push_back(
        labels.name == "classification"
            ? las_class(label, place)
            : viz::PageClass{fmt::format("class {}", label), viz::class_color(place)});
  }
}

bool PageTable::knows_all(const Column& labels) const {
  for (std::int64_t i = 0; i < labels.points(); ++i) {
    if (!is_label(labels.as_double(i)) || !places_.contains(label_at(labels, i))) return false;
  }
  return true;
}

void PageTable::add_unknown(const Column& labels) {
  std::set<std::int64_t> unknown;
  for (std::int64_t i = 0; i < labels.points(); ++i) {
    const std::int64_t label = label_at(labels, i);
    if (!places_.contains(label)) unknown.insert(label);
  }
  require_room(classes_.size() + unknown.size(), labels);
  for (const std::int64_t label : unknown) {
    places_.emplace(label, static_cast<std::int32_t>(classes_.size()));
    classes_.push_back({fmt::format("label {}", label), viz::class_color(classes_.size())});
  }
}

std::vector<std::int32_t> PageTable::places_of(const Column& labels) const {
  std::vector<std::int32_t> places;
  places.reserve(static_cast<std::size_t>(labels.points()));
  for (std::int64_t i = 0; i < labels.points(); ++i) {
    const auto place = places_.find(label_at(labels, i));
    require(place != places_.end(), kLabelTableOp,
            "point {} has the label {}, which the table of classes lacks", i, label_at(labels, i));
    places.push_back(place->second);
  }
  return places;
}

ClassTable legend_of(ClassTable classes) {
  if (classes.ignored.empty()) classes.ignored = {-1};
  return classes;
}

std::vector<std::string> class_comments(const ClassTable& classes) {
  std::vector<std::string> comments;
  for (const LabelClass& one : classes.classes) {
    comments.push_back(fmt::format("{} {} {} {}", kClassWord, one.values.front(),
                                   fmt::join(one.color, " "), one.name));
  }
  for (const std::int32_t value : classes.ignored) {
    comments.push_back(fmt::format("{} {}", kNoClassWord, value));
  }
  return comments;
}

bool is_class_comment(const std::string& comment) {
  return class_in(comment).has_value() || no_class_in(comment).has_value();
}

std::optional<ClassTable> classes_in(const std::vector<std::string>& comments) {
  ClassTable table;
  for (const std::string& comment : comments) {
    if (const auto one = class_in(comment)) table.classes.push_back(*one);
    if (const auto value = no_class_in(comment)) table.ignored.push_back(*value);
  }
  if (table.classes.empty()) return std::nullopt;
  try {
    data::validate(table);
  } catch (const std::invalid_argument&) {
    return std::nullopt;  // somebody else's words
  }
  return table;
}

PageTable legend_for(const std::filesystem::path& cloud, const Column& labels,
                     const std::vector<std::string>& comments, const OnNote& note) {
  if (const std::optional<ClassTable> own = classes_in(comments)) {
    PageTable table(*own);
    if (table.knows_all(labels)) return table;
  }
  const std::filesystem::path legend = cloud.parent_path() / "classes.json";
  const bool has_legend = cloud != kStream && std::filesystem::exists(legend);
  if (has_legend) {
    PageTable table(read_classes(legend));
    if (table.knows_all(labels)) return table;
    note(
        fmt::format("{} does not know all labels; --classes tells another table", legend.string()));
  }
  PageTable streets(street_classes());
  if (labels.name != "label" || !streets.knows_all(labels)) return PageTable(labels);
  if (!has_legend) {
    note(
        "labels are named by the classes of streets, as SemanticKITTI numbers them; --classes "
        "tells others");
  }
  return streets;
}

}  // namespace voxloom::cli
