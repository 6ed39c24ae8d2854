#include "cli/run_folder.h"

#include <fmt/core.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "cli/outputs.h"
#include "core/atomic_file.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Calls body(line, json) for each whole line; a line that a crash cut off is none.
template <typename Body>
void for_each_line(const fs::path& path, const Body& body) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object() && json.contains("step") && json["step"].is_number_integer()) {
      body(line, json);
    }
  }
}

}  // namespace

void RunFolder::require_free(const fs::path& path, bool overwrite) {
  if (fs::exists(RunFolder(path).config())) {
    throw std::invalid_argument(fmt::format(
        "'{}' holds a run already: continue it with `voxloom train --resume {}`, or choose "
        "another --out",
        path.string(), path.string()));
  }
  // That of a data set, it may be.
  const Outputs outputs({}, overwrite);
  outputs.require_free(path / "classes.json");
  outputs.require_free(RunFolder(path).page());
}

RunFolder RunFolder::create(const fs::path& path, const TrainConfig& config,
                            const ClassTable& classes, bool overwrite) {
  require_free(path, overwrite);
  RunFolder folder(path);
  const fs::path table = path / "classes.json";
  if (!fs::exists(path)) folder.made_.push_back(path);
  if (!fs::exists(table)) folder.made_.push_back(table);
  folder.made_.push_back(folder.config());
  fs::create_directories(path);
  remove_stale_temporaries(path);
  write_classes(table, classes);
  Outputs::mark(table);
  AtomicFile file(folder.config());
  file.write(to_json(config));
  file.commit();
  return folder;
}

void RunFolder::withdraw() const {
  std::error_code
      ignored;  // of a folder that has other things in it, and then of nothing worth a second error
  for (auto path = made_.rbegin(); path != made_.rend(); ++path) fs::remove(*path, ignored);
}

RunFolder RunFolder::open(const fs::path& path) {
  RunFolder folder(path);
  if (!fs::exists(folder.config())) {
    throw std::invalid_argument(
        fmt::format("'{}' holds no run: there is no config.json", path.string()));
  }
  remove_stale_temporaries(path);
  return folder;
}

void RunFolder::for_each_metric(const std::function<void(const Json&)>& body) const {
  for_each_line(metrics(), [&](const std::string&, const Json& json) { body(json); });
}

void RunFolder::rewind_metrics(std::int64_t step) const {
  if (!fs::exists(metrics())) return;
  AtomicFile file(metrics());
  for_each_line(metrics(), [&](const std::string& line, const Json& json) {
    if (json["step"] <= step) file.write(line + "\n");
  });
  file.commit();
}

void RunFolder::append(const std::string& line) const {
  std::ofstream out(metrics(), std::ios::app);
  if (!(out << line << '\n' << std::flush)) {
    throw std::system_error(errno, std::generic_category(), metrics().string());
  }
}

void RunFolder::write_step(const train::StepReport& report, std::optional<double> mean_iou) const {
  Json json = {{"step", report.step},
               {"epoch", report.epoch},
               {"loss", report.loss},
               {"rate", report.rate},
               {"gradient_norm", report.gradient_norm},
               {"voxels", report.voxels},
               {"seconds", report.seconds}};
  if (mean_iou) json["mean_iou"] = *mean_iou;
  append(json.dump());
}

void RunFolder::write_evaluation(std::int64_t step, const train::ConfusionMatrix& seen,
                                 const ClassTable& classes) const {
  Json iou = Json::object();
  for (std::int64_t c = 0; c < seen.classes(); ++c) {
    const auto value = seen.iou(c);
    iou[classes.classes[static_cast<std::size_t>(c)].name] = value ? Json(*value) : Json(nullptr);
  }
  append(Json({{"step", step},
               {"validation_mean_iou", seen.mean_iou()},
               {"validation_accuracy", seen.accuracy()},
               {"validation_iou", iou}})
             .dump());
}

}  // namespace voxloom::cli
