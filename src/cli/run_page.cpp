#include "cli/run_page.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/label_table.h"
#include "cli/score_files.h"
#include "viz/html.h"
#include "voxloom/pictures.h"

namespace voxloom::cli {
namespace {

constexpr std::int64_t kMostScans = 100;  // judged
constexpr std::size_t kMostWorst = 4;     // shown
constexpr viz::Color kUnlabelled = {90, 90, 90}, kRight = {74, 80, 92}, kWrong = {240, 72, 60};

constexpr std::string_view kRunPageStyle = R"(h2 { font-size: 16px; margin-top: 32px; }
p { color: #a4acbb; }
img { max-width: 100%; border-radius: 8px; }
table { border-collapse: collapse; }
th, td { padding: 3px 12px; text-align: right; }
th:first-child, td:first-child { text-align: left; }
tr:nth-child(even) { background: #181c25; }
td span { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; }
.scans { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 12px; }
pre { background: #181c25; padding: 12px; border-radius: 8px; overflow: auto; }
)";

std::string image(const viz::Canvas& canvas, const std::string& what) {
  const std::vector<std::byte> png = viz::format_png(canvas);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(png.data()), png.size());
  return fmt::format("<img src=\"data:image/png;base64,{}\" alt=\"{}\">\n", viz::base64(bytes),
                     viz::html_text(what));
}

std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f}", 100 * *share) : "";
}

std::string score_rows(const train::ConfusionMatrix& seen, const ClassTable& classes) {
  const std::vector<viz::PageClass> table = page_classes(classes);
  std::string text =
      "<table>\n<tr><th>class</th><th>points</th><th>precision</th><th>recall</th>"
      "<th>IoU, %</th></tr>\n";
  for (std::int64_t c = 0; c < seen.classes(); ++c) {
    const viz::PageClass& one = table[static_cast<std::size_t>(c)];
    text += fmt::format(
        "<tr><td><span style=\"background:rgb({},{},{})\"></span>{}</td><td>{}</td><td>{}</td>"
        "<td>{}</td><td>{}</td></tr>\n",
        one.color.r, one.color.g, one.color.b, viz::html_text(one.name), seen.labelled(c),
        percent(seen.precision(c)), percent(seen.recall(c)), percent(seen.iou(c)));
  }
  return text + "</table>\n";
}

std::string judged_scores(const JudgedScans& judged, const Dataset& validation) {
  return fmt::format(
             "<h2>How well it labels</h2>\n<p>{} of {} validation scans: mean IoU {:.3f}, {:.1f} % "
             "of the labelled points are right.</p>\n",
             judged.scans, validation.size(), judged.seen.mean_iou(),
             100 * judged.seen.accuracy()) +
         score_rows(judged.seen, validation.classes()) +
         "<p>What the points of each class (rows) are taken for, in percent:</p>\n" +
         image(confusion_picture(judged.seen, validation.classes()), "confusion matrix");
}

bool is_empty(const train::ConfusionMatrix& seen) {
  return std::ranges::all_of(seen.counts(), [](std::int64_t count) { return count == 0; });
}

// One scan three times: its labels, what the model says, and where these differ.
std::string worst_scan(const RunPage& page, const JudgedScans::Worst& worst) {
  const LabelledScan scan = page.validation->get(worst.scan);
  const std::vector<std::int32_t> labels = page.labeller(scan);
  const std::vector<viz::PageClass> table = page_classes(page.validation->classes());
  const auto color_of = [&](std::int32_t label) {
    return label < 0 ? kUnlabelled : table[static_cast<std::size_t>(label)].color;
  };
  std::vector<viz::Color> truth, said, wrong;
  for (std::size_t i = 0; i < scan.labels.size(); ++i) {
    const std::int32_t label = scan.labels[i];
    truth.push_back(color_of(label));
    said.push_back(color_of(labels[i]));
    wrong.push_back(label < 0 || label == labels[i] ? kRight : kWrong);
  }
  const std::string name = page.validation->name(worst.scan);
  std::string text = fmt::format(
      "<p><strong>{}</strong>: mean IoU {:.3f}, {:.1f} % right</p>\n<div class=\"scans\">\n",
      viz::html_text(name), worst.seen.mean_iou(), 100 * worst.seen.accuracy());
  for (const auto& [title, colors] : {std::pair("labels", &truth), std::pair("the model", &said),
                                      std::pair("wrong ones in red", &wrong)}) {
    text += image(viz::view_from_above({scan.positions, *colors},
                                       {.width = 640, .height = 480, .title = title}),
                  name + ": " + title);
  }
  return text + "</div>\n";
}

}  // namespace

std::optional<JudgedScans> judge_scans(const Dataset& data, const train::Labeller& labeller,
                                       const std::function<bool()>& goes_on) {
  JudgedScans judged{.seen = train::ConfusionMatrix(data.classes().size()),
                     .scans = std::min(kMostScans, data.size()),
                     .worst = {}};
  for (std::int64_t i = 0; i < judged.scans; ++i) {
    if (!goes_on()) return std::nullopt;
    const std::int64_t index = i * data.size() / judged.scans;
    const LabelledScan scan = data.get(index);
    train::ConfusionMatrix seen(data.classes().size());
    seen.add(scan.labels, labeller(scan));
    if (is_empty(seen)) continue;  // nothing to be wrong about
    judged.seen.add(seen);
    judged.worst.push_back({index, std::move(seen)});
  }
  std::ranges::stable_sort(judged.worst, {},
                           [](const JudgedScans::Worst& scan) { return scan.seen.mean_iou(); });
  judged.worst.resize(std::min(kMostWorst, judged.worst.size()));
  return judged;
}

std::string format_run_page(const RunPage& page) {
  const std::string name = page.folder.path().string();
  std::string text =
      viz::page_head(name, kRunPageStyle) + fmt::format("<h1>{}</h1>\n", viz::html_text(name));
  if (!page.curves.empty()) text += "<h2>Curves</h2>\n" + image(page.curves.picture(), "curves");
  if (page.judged != nullptr) {
    text += judged_scores(*page.judged, *page.validation) + "<h2>The scans it labels worst</h2>\n";
    for (const JudgedScans::Worst& worst : page.judged->worst) text += worst_scan(page, worst);
  }
  return text + "<h2>Settings</h2>\n<pre>" + viz::html_text(page.settings) +
         "</pre>\n</body>\n</html>\n";
}

}  // namespace voxloom::cli
