// The figures of docs/concepts.md are drawn from sets and maps that scripts/figures.py computes on its
// own. docs/images/concepts/maps.txt lists them; the library must find the same.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "voxloom/voxloom.h"

namespace {

using namespace voxloom;
using Numbers = std::vector<std::int32_t>;

struct Figure {
  std::int32_t stride = 0;
  std::vector<Triple> offsets;
  CoordinateSet source, target;
  std::vector<MapEntry> map;
};

// "word 1,2 3,4" -> {{1,2},{3,4}}
std::vector<Numbers> groups_of(std::istringstream& line) {
  std::vector<Numbers> groups;
  for (std::string group; line >> group;) {
    std::istringstream numbers(group);
    groups.emplace_back();
    for (std::string n; std::getline(numbers, n, ',');) groups.back().push_back(std::stoi(n));
  }
  return groups;
}

CoordinateSet set_of(const std::vector<Numbers>& cells) {
  std::vector<Coordinate> rows;
  for (const Numbers& c : cells) rows.push_back({0, c.at(0), c.at(1), 0});
  return CoordinateSet::from_rows(rows);
}

std::map<std::string, Figure> read_figures() {
  const char* root = std::getenv("VOXLOOM_SOURCE_DIR");
  std::ifstream file(std::string(root == nullptr ? "." : root) + "/docs/images/concepts/maps.txt");
  std::map<std::string, Figure> figures;
  Figure* figure = nullptr;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string word;
    line >> word;
    if (word == "figure") {
      line >> word;
      figure = &figures[word];
    } else if (word == "stride") {
      line >> figure->stride;
    } else if (word == "offsets") {
      for (const Numbers& o : groups_of(line)) figure->offsets.push_back({o.at(0), o.at(1), 0});
    } else if (word == "source") {
      figure->source = set_of(groups_of(line));
    } else if (word == "target") {
      figure->target = set_of(groups_of(line));
    } else if (word == "map") {
      for (const Numbers& t : groups_of(line)) figure->map.push_back({t.at(0), t.at(1), t.at(2)});
    }
  }
  return figures;
}

Figure figure_named(const std::string& name) { return read_figures().at(name); }

KernelSpec plane(std::int32_t size, std::int32_t stride, Origin origin = Origin::centered) {
  return {.kernel_size = {size, size, 1}, .stride = {stride, stride, 1}, .origin = origin};
}

void expect_rows(const CoordinateSet& found, const CoordinateSet& drawn) {
  ASSERT_EQ(found.size(), drawn.size());
  for (std::int64_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], drawn[i]) << "row " << i;
}

TEST(Figures, DenseIsTheReachableSupport) {
  const Figure f = figure_named("dense");
  expect_rows(reachable_support(f.source, plane(3, 1)), f.target);
  EXPECT_EQ(forward_map(f.source, f.target, plane(3, 1)).triples(), f.map);
}

TEST(Figures, SubmanifoldKeepsTheRows) {
  const Figure f = figure_named("submanifold");
  expect_rows(f.source, f.target);
  EXPECT_EQ(forward_map(f.source, f.source, plane(3, 1)).triples(), f.map);
}

TEST(Figures, StridedRoundsDown) {
  for (const std::int32_t size : {2, 3}) {
    const Figure f = figure_named("strided_" + std::to_string(size));
    EXPECT_EQ(f.stride, 2);
    expect_rows(strided_support(f.source, {2, 2, 1}), f.target);
    EXPECT_EQ(forward_map(f.source, f.target, plane(size, 2)).triples(), f.map);
  }
}

TEST(Figures, TransposedOntoATarget) {
  const Figure f = figure_named("transposed");
  EXPECT_EQ(transposed_map(f.source, f.target, plane(2, 2, Origin::corner)).triples(), f.map);
}

TEST(Figures, InverseSwapsAForwardMap) {
  const Figure f = figure_named("inverse");
  EXPECT_EQ(forward_map(f.target, f.source, plane(3, 2)).swapped().triples(), f.map);
}

TEST(Figures, GenerativeMakesRows) {
  const Figure f = figure_named("generative");
  // Going up divides the lattice stride, so the source must have one.
  const CoordinateSet source =
      CoordinateSet::from_rows(f.source.rows(), CoordinateSetOptions{.stride = {2, 2, 1}});
  expect_rows(transposed_support(source, plane(3, 2, Origin::corner)), f.target);
  EXPECT_EQ(transposed_map(f.source, f.target, plane(3, 2, Origin::corner)).triples(), f.map);
}

TEST(Figures, GeneralizedTakesAList) {
  const Figure f = figure_named("generalized");
  EXPECT_EQ(forward_map(f.source, f.source, {.offsets = f.offsets}).triples(), f.map);
}

TEST(Figures, AreAllCompared) { EXPECT_EQ(read_figures().size(), 8U); }

}  // namespace
