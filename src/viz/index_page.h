// A page that leads to the results of several scans: for each its picture, a bar of its classes, and
// links to its page and to its labelled points.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "voxloom/page.h"

namespace voxloom::viz {

struct IndexEntry {
  std::string name;       // files are NAME.html and NAME_perspective.png beside the page
  std::string points;     // and the labelled points, NAME.ply, say
  std::string note = {};  // one line below the name
  std::vector<std::int64_t> of_class = {};  // points of each class
};

[[nodiscard]] std::string format_index(const std::vector<IndexEntry>& entries,
                                       const std::vector<PageClass>& classes);

}  // namespace voxloom::viz
