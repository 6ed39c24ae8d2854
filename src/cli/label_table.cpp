#include "cli/label_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "cli/streams.h"
#include "core/error.h"
#include "data/label_map.h"
#include "io/lines.h"
#include "viz/palette.h"

namespace voxloom::cli {
namespace {

constexpr std::string_view kLabelTableOp = "view";
constexpr std::size_t kMostClasses = 255;  // of a page

std::int64_t label_at(const Column& labels, std::int64_t i) {
  const double value = labels.as_double(i);
  require(std::floor(value) == value && std::abs(value) < 9e15, kLabelTableOp,
          "'{}' of point {} is {}: labels are whole numbers", labels.name, i, value);
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

PageLabels numbered(const Column& labels) {
  std::map<std::int64_t, std::int32_t> places;
  for (std::int64_t i = 0; i < labels.points(); ++i) places.try_emplace(label_at(labels, i), -1);
  require(places.size() <= kMostClasses, kLabelTableOp,
          "'{}' has {} different labels; a page shows at most {}", labels.name, places.size(),
          kMostClasses);
  PageLabels result;
  for (auto& [label, place] : places) {
    place = static_cast<std::int32_t>(result.table.size());
    const std::size_t k = result.table.size();
    result.table.push_back(
        labels.name == "classification"
            ? las_class(label, k)
            : viz::PageClass{fmt::format("class {}", label), viz::class_color(k)});
  }
  for (std::int64_t i = 0; i < labels.points(); ++i) {
    result.classes.push_back(places.at(label_at(labels, i)));
  }
  return result;
}

bool holds_all(const ClassTable& table, const Column& labels) {
  const data::LabelMap map(table);
  for (std::int64_t i = 0; i < labels.points(); ++i) {
    if (!map.class_of(label_at(labels, i))) return false;
  }
  return true;
}

bool is_of_streets(const Column& labels) {
  return labels.name == "label" && holds_all(street_classes(), labels);
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

PageLabels labels_by(const ClassTable& classes, const Column& labels) {
  const data::LabelMap map(classes);
  PageLabels result{.classes = {}, .table = page_classes(classes)};
  for (std::int64_t i = 0; i < labels.points(); ++i) {
    const auto place = map.class_of(label_at(labels, i));
    require(place.has_value(), kLabelTableOp,
            "point {} has the label {}, which the table of classes lacks", i, label_at(labels, i));
    result.classes.push_back(*place);
  }
  return result;
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

PageLabels labels_by_legend(const std::filesystem::path& cloud, const Column& labels,
                            const std::vector<std::string>& comments, const OnNote& note) {
  const std::optional<ClassTable> own = classes_in(comments);
  if (own && holds_all(*own, labels)) return labels_by(*own, labels);
  const std::filesystem::path legend = cloud.parent_path() / "classes.json";
  if (cloud != kStream && std::filesystem::exists(legend)) {
    const ClassTable table = read_classes(legend);
    if (holds_all(table, labels)) return labels_by(table, labels);
    note(
        fmt::format("{} does not know all labels; --classes tells another table", legend.string()));
  } else if (is_of_streets(labels)) {
    note(
        "labels are named by the classes of streets, as SemanticKITTI numbers them; --classes "
        "tells others");
  }
  return labels_by_name(labels);
}

PageLabels labels_by_name(const Column& labels) {
  if (is_of_streets(labels)) {
    return labels_by(street_classes(), labels);
  }
  return numbered(labels);
}

}  // namespace voxloom::cli
