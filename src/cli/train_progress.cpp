#include "cli/train_progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace voxloom::cli {
namespace {

constexpr std::int64_t kPlainLines = 50;  // over a run, about

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(0.0, seconds) + 0.5);
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours > 0) return fmt::format("{}h {:02}m", hours, minutes);
  if (minutes > 0) return fmt::format("{}m {:02}s", minutes, whole % 60);
  return fmt::format("{}s", whole);
}

TrainProgress::TrainProgress(std::int64_t first, std::int64_t steps)
    : line_(stderr),
      is_terminal_(::isatty(::fileno(stderr)) == 1),
      first_(first),
      every_(std::max<std::int64_t>(1, steps / kPlainLines)) {}

double TrainProgress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::string TrainProgress::text(const train::StepReport& report, double mean_iou) const {
  const double per_step = seconds() / static_cast<double>(report.step - first_);
  const double left = per_step * static_cast<double>(report.steps - report.step);
  return fmt::format(
      "step {}/{}  epoch {:.2f}  loss {:.4f}  mIoU {:.3f}  {:.1f}k voxels/s  {} left", report.step,
      report.steps, report.epoch, loss_, mean_iou, voxels_ / std::max(busy_, 1e-9) / 1e3,
      duration_text(left));
}

void TrainProgress::show(const train::StepReport& report, double mean_iou) {
  constexpr double kKeep = 0.9;
  loss_ = report.step == first_ + 1 ? report.loss : kKeep * loss_ + (1 - kKeep) * report.loss;
  voxels_ += static_cast<double>(report.voxels);
  busy_ += report.seconds;
  const std::string line = text(report, mean_iou);
  if (is_terminal_) return line_.show(line);
  if (report.step % every_ == 0 || report.step == report.steps) say(line);
}

void TrainProgress::say(const std::string& line) {
  line_.clear();
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace voxloom::cli
