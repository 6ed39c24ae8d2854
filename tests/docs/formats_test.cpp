// docs/formats.md has a row for each scan format, with its endings.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "voxloom/io.h"

namespace {

TEST(Formats, StandInThePage) {
  const char* folder = std::getenv("VOXLOOM_SOURCE_DIR");
  std::ifstream page(std::filesystem::path(folder == nullptr ? "." : folder) / "docs/formats.md");
  std::set<std::string> rows;  // the first two cells of each
  for (std::string line; std::getline(page, line);) {
    const std::size_t cells = line.find("` | ", line.find("` | ") + 1);
    if (line.starts_with("| `") && cells != std::string::npos) rows.insert(line.substr(0, cells));
  }
  for (const voxloom::ScanFormatInfo& format : voxloom::scan_formats()) {
    std::string row = "| `" + std::string(format.name) + "` | `";
    for (const std::string_view ending : format.endings) row += std::string(ending) + " ";
    row.pop_back();
    EXPECT_TRUE(rows.contains(row)) << row;
  }
  EXPECT_EQ(rows.size(), voxloom::scan_formats().size());
}

}  // namespace
