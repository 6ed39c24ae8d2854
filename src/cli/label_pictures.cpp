#include "cli/label_pictures.h"

#include <fmt/core.h>

#include "cli/label_table.h"
#include "core/parallel.h"
#include "voxloom/pictures.h"

namespace voxloom::cli {

std::vector<std::filesystem::path> label_pictures_of(const std::filesystem::path& folder,
                                                     const std::string& name) {
  return {folder / (name + "_above.png"), folder / (name + "_perspective.png")};
}

void write_label_pictures(const std::vector<std::filesystem::path>& files, const std::string& title,
                          std::span<const std::array<float, 3>> positions,
                          std::span<const std::int32_t> classes, const ClassTable& table,
                          std::span<const std::int64_t> counts) {
  constexpr viz::Color kNoClassColor{90, 90, 90};
  const std::vector<viz::PageClass> legend = page_classes(table);
  std::vector<viz::Color> colors;
  colors.reserve(classes.size());
  for (const std::int32_t place : classes) {
    const bool is_class = place >= 0 && place < table.size();
    colors.push_back(is_class ? legend[static_cast<std::size_t>(place)].color : kNoClassColor);
  }
  viz::PictureOptions options{.title = title};
  for (std::size_t c = 0; c < legend.size() && c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    options.legend.push_back({fmt::format("{} {}", legend[c].name, counts[c]), legend[c].color});
  }
  const viz::PointCloud cloud{positions, colors};
  parallel_for(2, 1, [&](std::int64_t i, std::int64_t) {
    const bool is_first = i == 0;
    viz::write_png(files.at(is_first ? 0 : 1), is_first ? viz::view_from_above(cloud, options)
                                                        : viz::view_in_perspective(cloud, options));
  });
}

}  // namespace voxloom::cli
