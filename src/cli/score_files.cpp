#include "cli/score_files.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/csv.h"
#include "cli/outputs.h"
#include "cli/score_table.h"
#include "cli/streams.h"
#include "voxloom/canvas.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

std::string share_text(const std::optional<double>& share) {
  return share ? fmt::format("{}", *share) : "";
}

std::string scores_csv(const train::ConfusionMatrix& seen, const ClassTable& classes) {
  std::string text = csv_row({"class", "points", "precision", "recall", "iou"});
  for (std::int64_t c = 0; c < seen.classes(); ++c) {
    text += csv_row({classes.classes[static_cast<std::size_t>(c)].name,
                     fmt::format("{}", seen.labelled(c)), share_text(seen.precision(c)),
                     share_text(seen.recall(c)), share_text(seen.iou(c))});
  }
  return text;
}

std::string confusion_csv(const train::ConfusionMatrix& seen, const ClassTable& classes) {
  std::vector<std::string> cells = {"label"};
  for (const LabelClass& one : classes.classes) cells.push_back(one.name);
  cells.emplace_back("no class");
  std::string text = csv_row(cells);
  for (std::int64_t label = 0; label < seen.classes(); ++label) {
    cells = {classes.classes[static_cast<std::size_t>(label)].name};
    for (std::int64_t c = 0; c < seen.classes(); ++c) {
      cells.push_back(fmt::format("{}", seen.count(label, c)));
    }
    cells.push_back(fmt::format("{}", seen.count(label, -1)));
    text += csv_row(cells);
  }
  return text;
}

}  // namespace

// A square for each pair, the darker the larger its share of the row.
viz::Canvas confusion_picture(const train::ConfusionMatrix& seen, const ClassTable& classes) {
  constexpr double kText = 8, kGap = 12;
  const auto count = static_cast<int>(seen.classes());
  const int cell = std::clamp(1600 / (count + 1), 4, 44);
  double widest = viz::text_width("no class", kText);
  for (const LabelClass& one : classes.classes) {
    widest = std::max(widest, viz::text_width(one.name, kText));
  }
  const double margin = std::min(400.0, widest + 2 * kGap);
  viz::Canvas canvas(static_cast<int>(margin + kGap) + (count + 1) * cell,
                     static_cast<int>(margin + kGap) + count * cell);
  const viz::Color dark = {20, 60, 120}, black = {30, 30, 30}, white = {255, 255, 255};
  const auto name = [&](int c) {
    return c < count ? viz::fitted_text(classes.classes[static_cast<std::size_t>(c)].name, kText,
                                        margin - kGap)
                     : std::string("no class");
  };
  for (int column = 0; cell >= 12 && column <= count; ++column) {
    canvas.text({margin + (column + 0.5) * cell, margin - kGap / 2}, name(column),
                {.color = black, .size = kText, .vertical = viz::Align::center, .upright = true});
  }
  for (int row = 0; row < count; ++row) {
    const double top = margin + row * cell;
    if (cell >= 12) {
      canvas.text({margin - kGap / 2, top + cell / 2.0}, name(row),
                  {.color = black,
                   .size = kText,
                   .horizontal = viz::Align::end,
                   .vertical = viz::Align::center});
    }
    const auto all = static_cast<double>(seen.labelled(row));
    for (int column = 0; column <= count; ++column) {
      const auto hits = static_cast<double>(seen.count(row, column < count ? column : -1));
      const double share = all > 0 ? hits / all : 0;
      const double left = margin + column * cell;
      canvas.fill({left + 1, top + 1, cell - 2.0, cell - 2.0},
                  viz::mix({238, 240, 244}, dark, share));
      if (cell >= 24 && share >= 0.005) {
        canvas.text({left + cell / 2.0, top + cell / 2.0}, fmt::format("{:.0f}", 100 * share),
                    {.color = share > 0.5 ? white : black,
                     .size = kText,
                     .horizontal = viz::Align::center,
                     .vertical = viz::Align::center});
      }
    }
  }
  return canvas;
}

std::vector<fs::path> score_files(const fs::path& folder) {
  return {folder / "scores.csv", folder / "confusion.csv", folder / "confusion.png",
          folder / "scores.json"};
}

void write_score_files(const fs::path& folder, const train::ConfusionMatrix& seen,
                       const ClassTable& classes, const std::vector<std::string>& notes) {
  fs::create_directories(folder);
  const std::vector<fs::path> files = score_files(folder);
  write_text_to(files[0].string(), scores_csv(seen, classes));
  write_text_to(files[1].string(), confusion_csv(seen, classes));
  viz::write_png(files[2], confusion_picture(seen, classes));
  Outputs::mark(files[2]);
  write_text_to(files[3].string(), score_json(seen, classes, notes));
}

}  // namespace voxloom::cli
