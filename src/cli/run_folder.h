// What a training run leaves behind.
//
//   config.json              the settings; what --resume starts from
//   classes.json             the table of classes
//   checkpoint.safetensors   where the run stands
//   best.safetensors         the parameters of the best evaluation, where they are asked for
//   metrics.jsonl            one line for each step and for each evaluation
//   metrics.csv              the same as a table
//   curves.png               the same as a picture
//   events.out.tfevents.*    the same for TensorBoard
//   model.lattice            at the end: from points to scores; model_int8.lattice: the same, packed
//   index.html               at the end: all of it on a page, with the scans that are labelled worst
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/train_config.h"

namespace voxloom::cli {

class RunFolder {
 public:
  // std::invalid_argument for a folder that has a run, or a table of classes or a page of somebody's own, which
  // `overwrite` replaces: to know before any work is done.
  static void require_free(const std::filesystem::path& path, bool overwrite);
  // A folder without a run; made when it is not there. What dead processes left of unfinished files goes,
  // here and in open().
  static RunFolder create(const std::filesystem::path& path, const TrainConfig& config,
                          const ClassTable& classes, bool overwrite);
  // Takes away again what create() made of that, the folder too where nothing else is in it: a run that fails before its
  // first step can neither be continued nor, with a run there, begun anew.
  void withdraw() const;
  // std::invalid_argument for a folder without a run.
  static RunFolder open(const std::filesystem::path& path);
  // For whoever only looks: nothing is taken away.
  static RunFolder at(const std::filesystem::path& path) { return RunFolder(path); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path config() const { return path_ / "config.json"; }
  [[nodiscard]] std::filesystem::path checkpoint() const {
    return path_ / "checkpoint.safetensors";
  }
  [[nodiscard]] std::filesystem::path model() const { return path_ / "model.lattice"; }
  [[nodiscard]] std::filesystem::path packed_model() const { return path_ / "model_int8.lattice"; }

  [[nodiscard]] std::filesystem::path best() const { return path_ / "best.safetensors"; }
  [[nodiscard]] std::filesystem::path table() const { return path_ / "metrics.csv"; }
  [[nodiscard]] std::filesystem::path curves() const { return path_ / "curves.png"; }
  [[nodiscard]] std::filesystem::path events() const {
    return path_ / "events.out.tfevents.0.voxloom";
  }
  [[nodiscard]] std::filesystem::path page() const { return path_ / "index.html"; }

  // The whole lines of metrics.jsonl.
  void for_each_metric(const std::function<void(const nlohmann::ordered_json&)>& body) const;
  // Lines of steps that the run will take again are dropped.
  void rewind_metrics(std::int64_t step) const;
  void write_step(const train::StepReport& report, std::optional<double> mean_iou) const;
  void write_evaluation(std::int64_t step, const train::ConfusionMatrix& seen,
                        const ClassTable& classes) const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  [[nodiscard]] std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  void append(const std::string& line) const;

  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_ = {};  // by create(), the last one first to go
};

}  // namespace voxloom::cli
