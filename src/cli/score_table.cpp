#include "cli/score_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

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
  std::string text = fmt::format("{:<{}}  {:>10}  {:>6}\n", "class", width, "points", "IoU");
  std::int64_t points = 0;
  for (std::int64_t c = 0; c < seen.classes(); ++c) {
    const auto iou = seen.iou(c);
    points += seen.labelled(c);
    text += fmt::format("{:<{}}  {:>10}  {:>6}\n", name(classes, c), width, seen.labelled(c),
                        iou ? fmt::format("{:.3f}", *iou) : "-");
  }
  text += fmt::format("{:<{}}  {:>10}  {:>6.3f}\naccuracy {:.3f}\n", kMean, width, points,
                      seen.mean_iou(), seen.accuracy());
  return text;
}

std::string score_json(const train::ConfusionMatrix& seen, const ClassTable& classes,
                       const std::vector<std::string>& notes) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (std::int64_t c = 0; c < seen.classes(); ++c) {
    const auto iou = seen.iou(c);
    list.push_back({{"name", name(classes, c)},
                    {"points", seen.labelled(c)},
                    {"iou", iou ? Json(*iou) : Json(nullptr)}});
  }
  const Json json = {{"mean_iou", seen.mean_iou()},
                     {"accuracy", seen.accuracy()},
                     {"classes", list},
                     {"notes", notes}};
  return json.dump(2) + "\n";
}

}  // namespace voxloom::cli
