#include "cli/score_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/json_text.h"

namespace voxloom::cli {
namespace {

constexpr std::string_view kMean = "mean";

const std::string& name(const ClassTable& classes, std::int64_t c) {
  return classes.classes[static_cast<std::size_t>(c)].name;
}

}  // namespace

std::string score_table(const train::ConfusionMatrix& seen, const ClassTable& classes) {
  std::size_t width = kMean.size();
  for (const LabelClass& c : classes.classes) width = std::max(width, c.name.size());
  const auto cell = [](const std::optional<double>& share) {
    return share ? fmt::format("{:.3f}", *share) : "-";
  };
  std::string text = fmt::format("{:<{}}  {:>10}  {:>9}  {:>6}  {:>6}\n", "class", width, "points",
                                 "precision", "recall", "IoU");
  std::int64_t points = 0;
  for (std::int64_t c = 0; c < seen.classes(); ++c) {
    points += seen.labelled(c);
    text += fmt::format("{:<{}}  {:>10}  {:>9}  {:>6}  {:>6}\n", name(classes, c), width,
                        seen.labelled(c), cell(seen.precision(c)), cell(seen.recall(c)),
                        cell(seen.iou(c)));
  }
  text += fmt::format("{:<{}}  {:>10}  {:>9}  {:>6}  {:>6.3f}\naccuracy {:.3f}\n", kMean, width,
                      points, "", "", seen.mean_iou(), seen.accuracy());
  return text;
}

std::string score_json(const train::ConfusionMatrix& seen, const ClassTable& classes,
                       const std::vector<std::string>& notes) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  const auto value = [](const std::optional<double>& share) {
    return share ? Json(*share) : Json(nullptr);
  };
  Json confusion = Json::array();  // a row for each label; the last column: no class
  for (std::int64_t c = 0; c < seen.classes(); ++c) {
    list.push_back({{"name", name(classes, c)},
                    {"points", seen.labelled(c)},
                    {"precision", value(seen.precision(c))},
                    {"recall", value(seen.recall(c))},
                    {"iou", value(seen.iou(c))}});
    Json& row = confusion.emplace_back(Json::array());
    for (std::int64_t other = 0; other < seen.classes(); ++other) {
      row.push_back(seen.count(c, other));
    }
    row.push_back(seen.count(c, -1));
  }
  const Json json = {{"mean_iou", seen.mean_iou()},
                     {"accuracy", seen.accuracy()},
                     {"classes", list},
                     {"confusion", confusion},
                     {"notes", notes}};
  return json_text(json, 2) + "\n";
}

}  // namespace voxloom::cli
