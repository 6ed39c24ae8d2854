#include "viz/index_page.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "viz/html.h"

namespace voxloom::viz {
namespace {

constexpr std::string_view kStyle = R"(ul { list-style: none; padding: 0; }
a { color: inherit; }
.scans { display: grid; grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); gap: 20px; }
.scans li { background: #181c25; border-radius: 8px; overflow: hidden; }
.scans img { width: 100%; display: block; aspect-ratio: 8 / 5; object-fit: cover; }
.scans p { margin: 4px 12px 10px; color: #a4acbb; }
.scans p strong { color: #dee2ea; }
.bar { display: flex; height: 8px; }
.legend li { display: inline-block; margin: 0 14px 4px 0; }
.legend span { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; }
)";

std::string css_color(Color c) { return fmt::format("rgb({},{},{})", c.r, c.g, c.b); }

std::string legend(const std::vector<PageClass>& classes) {
  std::string text = "<ul class=\"legend\">\n";
  for (const PageClass& one : classes) {
    text += fmt::format("<li><span style=\"background:{}\"></span>{}</li>\n", css_color(one.color),
                        html_text(one.name));
  }
  return text + "</ul>\n";
}

std::string bar(const IndexEntry& entry, const std::vector<PageClass>& classes) {
  const auto total = static_cast<double>(
      std::accumulate(entry.of_class.begin(), entry.of_class.end(), std::int64_t{0}));
  std::string text = "<div class=\"bar\">";
  for (std::size_t c = 0; c < std::min(entry.of_class.size(), classes.size()); ++c) {
    if (entry.of_class[c] == 0) continue;
    const double percent = 100 * static_cast<double>(entry.of_class[c]) / total;
    text += fmt::format("<div style=\"width:{:.3f}%;background:{}\" title=\"{} {:.1f} %\"></div>",
                        percent, css_color(classes[c].color), html_text(classes[c].name), percent);
  }
  return text + "</div>\n";
}

std::string card(const IndexEntry& entry, const std::vector<PageClass>& classes) {
  const std::string page = link_to(entry.name + ".html"), points = link_to(entry.points),
                    picture = link_to(entry.name + "_perspective.png"),
                    name = html_text(entry.name);
  return fmt::format(
      "<li><a href=\"{}\"><img src=\"{}\" loading=\"lazy\" alt=\"{}, labelled\"></a>\n{}"
      "<p><strong>{}</strong> {}<br><a href=\"{}\">turn it</a> · <a "
      "href=\"{}\">points</a></p></li>\n",
      page, picture, name, bar(entry, classes), name, html_text(entry.note), page, points);
}

}  // namespace

std::string format_index(const std::vector<IndexEntry>& entries,
                         const std::vector<PageClass>& classes) {
  std::string text = page_head("Labelled scans", kStyle);
  text += fmt::format("<h1>{} labelled scans</h1>\n", entries.size());
  text += legend(classes) + "<ul class=\"scans\">\n";
  for (const IndexEntry& entry : entries) text += card(entry, classes);
  return text + "</ul>\n</body>\n</html>\n";
}

}  // namespace voxloom::viz
