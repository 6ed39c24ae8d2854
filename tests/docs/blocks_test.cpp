// The pages are held to the sources: every block of C++ in README.md and docs/*.md stands, line by line,
// in one of tests/docs/*_snippets.cpp or of the examples, which are compiled and run; every link within the project leads somewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>

#include "docs/source_folder.h"

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

Lines lines_of(const fs::path& path) {
  std::ifstream file(path);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<fs::path> files_in(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().string().ends_with(ending)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

struct Block {
  std::size_t line = 0;  // of its first line in the page, from 1
  Lines code;
};

std::vector<Block> blocks_of(const Lines& page) {
  std::vector<Block> blocks;
  bool inside = false;
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (inside && page[i] == "```") {
      inside = false;
    } else if (inside) {
      blocks.back().code.push_back(page[i]);
    } else if (page[i] == "```cpp") {
      inside = true;
      blocks.push_back({i + 2, {}});
    }
  }
  return blocks;
}

// Does `code` stand at `first` of `source`, as a whole indented by the same blanks?
bool stands_at(const Lines& source, std::size_t first, const Lines& code) {
  if (first + code.size() > source.size() || !source[first].ends_with(code.front())) return false;
  const std::string indent = source[first].substr(0, source[first].size() - code.front().size());
  if (indent.find_first_not_of(' ') != std::string::npos) return false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (source[first + i] != (code[i].empty() ? "" : indent + code[i])) return false;
  }
  return true;
}

bool stands_in(const Lines& source, const Lines& code) {
  for (std::size_t first = 0; first < source.size(); ++first) {
    if (stands_at(source, first, code)) return true;
  }
  return false;
}

TEST(Pages, EveryBlockOfCodeIsCompiled) {
  std::vector<Lines> sources;
  for (const auto& path :
       files_in(voxloom::test::source_folder() / "tests/docs", "_snippets.cpp")) {
    sources.push_back(lines_of(path));
  }
  for (const auto& path : files_in(voxloom::test::source_folder() / "examples", ".cpp"))
    sources.push_back(lines_of(path));
  std::size_t count = 0;
  std::vector<fs::path> pages = files_in(voxloom::test::source_folder() / "docs", ".md");
  pages.push_back(voxloom::test::source_folder() / "README.md");
  for (const auto& path : pages) {
    for (const Block& block : blocks_of(lines_of(path))) {
      ++count;
      ASSERT_FALSE(block.code.empty()) << path << ":" << block.line;
      EXPECT_TRUE(std::ranges::any_of(
          sources, [&](const Lines& source) { return stands_in(source, block.code); }))
          << path << ":" << block.line
          << ": not in tests/docs/*_snippets.cpp or examples/: " << block.code.front();
    }
  }
  EXPECT_GT(count, 1U);
}

// The anchors that a page's headings make: "## Pool, join" is #pool-join.
std::set<std::string> anchors_of(const Lines& page) {
  std::set<std::string> anchors;
  for (const std::string& line : page) {
    if (!line.starts_with('#')) continue;
    std::string anchor;
    for (const char c : line.substr(line.find_first_not_of("# "))) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == ' ') anchor += '-';
      if (std::isalnum(byte) != 0 || c == '-' || c == '_') {
        anchor += static_cast<char>(std::tolower(byte));
      }
    }
    anchors.insert(anchor);
  }
  return anchors;
}

void check_link(const fs::path& page, const std::string& link) {
  if (link.find("://") != std::string::npos) return;
  const std::size_t hash = link.find('#');
  const fs::path file = hash == 0 ? page : page.parent_path() / link.substr(0, hash);
  EXPECT_TRUE(fs::exists(file)) << "leads nowhere: " << link;
  if (hash == std::string::npos || !fs::exists(file)) return;
  EXPECT_TRUE(anchors_of(lines_of(file)).contains(link.substr(hash + 1)))
      << "no such heading: " << link;
}

std::vector<std::string> links_of(const std::string& line) {
  std::vector<std::string> links;
  for (const std::string start : {"](", "src=\"", "srcset=\"", "href=\""}) {
    std::size_t at = line.find(start);
    for (; at != std::string::npos; at = line.find(start, at)) {
      at += start.size();
      links.push_back(line.substr(at, line.find_first_of(")\"", at) - at));
    }
  }
  return links;
}

TEST(Pages, EveryLinkLeadsSomewhere) {
  std::size_t count = 0;
  for (const auto& path : files_in(voxloom::test::source_folder() / "docs", ".md")) {
    const Lines page = lines_of(path);
    bool is_code = false;
    for (std::size_t i = 0; i < page.size(); ++i) {
      if (page[i].starts_with("```")) is_code = !is_code;
      if (is_code) continue;
      SCOPED_TRACE(path.string() + ":" + std::to_string(i + 1));
      for (const std::string& link : links_of(page[i])) {
        check_link(path, link);
        ++count;
      }
    }
  }
  EXPECT_GT(count, 50U);
}

}  // namespace
