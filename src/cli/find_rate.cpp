#include "cli/find_rate.h"

#include <fmt/core.h>

#include "bench/progress.h"
#include "cli/csv.h"
#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "cli/streams.h"
#include "voxloom/plot.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

std::string rates_csv(const train::RateCurve& curve) {
  std::string text = csv_row({"step", "rate", "loss", "smoothed"});
  for (std::size_t i = 0; i < curve.rates.size(); ++i) {
    text += csv_row({fmt::format("{}", i + 1), fmt::format("{}", curve.rates[i]),
                     fmt::format("{}", curve.losses[i]), fmt::format("{}", curve.smoothed[i])});
  }
  return text;
}

viz::Canvas rates_picture(const train::RateCurve& curve) {
  const std::vector<double> rates(curve.rates.begin(), curve.rates.end());
  std::vector<viz::Series> series = {
      {.name = "of a step", .x = rates, .y = curve.losses, .color = viz::Color{190, 205, 225}},
      {.name = "smoothed", .x = rates, .y = curve.smoothed}};
  if (curve.suggestion) {
    const auto& [low, high] = std::ranges::minmax(curve.smoothed);
    const double rate = *curve.suggestion;
    series.push_back({.name = fmt::format("{:.2g}", rate), .x = {rate, rate}, .y = {low, high}});
  }
  return viz::plot(series, {.title = "Loss over the rate", .x_label = "rate", .log_x = true});
}

}  // namespace

void require_free_rates(const fs::path& folder, bool overwrite) {
  const Outputs outputs({}, overwrite);
  for (const char* name : {"rates.csv", "rates.png"}) outputs.require_free(folder / name);
}

void find_rate(train::Trainer& trainer, const fs::path& folder, bool says) {
  const InterruptWatch watch;
  bench::Progress progress(stderr);
  bool is_stopped = false;
  const train::RateCurve curve = train::sweep_rates(
      trainer, {.steps = trainer.total_steps()}, [&](const train::StepReport& report) {
        if (says) {
          progress.show(fmt::format("step {}/{}  rate {:.2g}  loss {:.4f}", report.step,
                                    report.steps, report.rate, report.loss));
        }
        is_stopped = dist::any(trainer.ranks(), watch.was_asked());
        return !is_stopped;
      });
  progress.clear();
  if (is_stopped) throw Stopped("the last rate was tried: none is named");
  if (!says) return;
  if (curve.rates.empty()) {
    throw std::runtime_error("the loss is no number at the first step, whatever the rate is");
  }
  fs::create_directories(folder);
  write_text_to((folder / "rates.csv").string(), rates_csv(curve));
  viz::write_png(folder / "rates.png", rates_picture(curve));
  Outputs::mark(folder / "rates.png");
  if (curve.suggestion) {
    fmt::print("\"rate\": {:.2g}\nthere the loss has come half its way down; the curve is in {}\n",
               *curve.suggestion, (folder / "rates.png").string());
  } else {
    fmt::print(
        "no rate: the loss never fell by more than it scatters; try more --steps, or a larger "
        "batch. The curve is in {}\n",
        (folder / "rates.png").string());
  }
}

}  // namespace voxloom::cli
