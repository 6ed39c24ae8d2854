#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "voxloom/train.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kSweepOp = "sweep_rates";
constexpr double kKeep = 0.9;

// Of an average that begins at nothing: Kingma and Ba 2015, section 3.
double without_bias(double average, std::size_t count) {
  return average / (1 - std::pow(kKeep, static_cast<double>(count)));
}

std::optional<float> suggestion(const RateCurve& curve) {
  const std::vector<double>& y = curve.smoothed;
  const std::int64_t until = std::ranges::min_element(y) - y.begin();
  if (until == 0) return std::nullopt;
  // The smoothed curve moves little from step to step, whatever the losses do: it tells no fall from their scatter.
  double scatter = 0;
  for (std::size_t i = 1; i <= static_cast<std::size_t>(until); ++i) {
    scatter += std::abs(curve.losses[i] - curve.losses[i - 1]);
  }
  scatter /= static_cast<double>(until);
  const double lowest = std::ranges::min(y);
  if (y.front() - lowest <= 3 * scatter) return std::nullopt;
  const double half_way = (y.front() + lowest) / 2;
  const auto there = std::ranges::find_if(y, [&](double loss) { return loss <= half_way; });
  return curve.rates[static_cast<std::size_t>(there - y.begin())];
}

}  // namespace

RateCurve sweep_rates(Trainer& trainer, const RateSweep& sweep,
                      const std::function<bool(const StepReport&)>& on_step) {
  require(std::isfinite(sweep.highest) && sweep.lowest > 0.0F && sweep.highest > sweep.lowest,
          kSweepOp, "the rates should rise from above 0, got {} to {}", sweep.lowest,
          sweep.highest);
  const std::int64_t left = trainer.total_steps() - trainer.step_count();
  require(sweep.steps >= 2 && sweep.steps <= left, kSweepOp,
          "needs 2 steps, and as many as the training has at most ({}), got {}", left, sweep.steps);
  const double factor = std::pow(static_cast<double>(sweep.highest) / sweep.lowest,
                                 1.0 / static_cast<double>(sweep.steps - 1));
  RateCurve curve;
  double average = 0, lowest = 0;
  for (std::int64_t i = 0; i < sweep.steps; ++i) {
    const auto rate = static_cast<float>(sweep.lowest * std::pow(factor, static_cast<double>(i)));
    std::optional<StepReport> report;
    try {
      report = trainer.step(rate);
    } catch (const LossNotFinite&) {
      if (trainer.ranks().size() > 1) throw;  // the others wait
      break;
    }
    average = kKeep * average + (1 - kKeep) * report->loss;
    curve.rates.push_back(rate);
    curve.losses.push_back(report->loss);
    curve.smoothed.push_back(without_bias(average, curve.rates.size()));
    lowest = i == 0 ? curve.smoothed.back() : std::min(lowest, curve.smoothed.back());
    constexpr double kTooHigh = 4;
    if ((on_step && !on_step(*report)) || curve.smoothed.back() > kTooHigh * lowest) break;
  }
  curve.suggestion = suggestion(curve);
  return curve;
}

}  // namespace voxloom::train
