// The encodings of a map agree with the oracle's and with each other, read forward and swapped.
#include <gtest/gtest.h>

#include <algorithm>

#include "coords/cases.h"
#include "coords/map_blocks.h"

namespace voxloom::test {
namespace {

struct Case {
  std::string name;
  KernelMap map;
  oracle::KernelMap expected;
};

Case forward_case(std::string name, const CoordinateSet& in, const CoordinateSet& out,
                  const KernelSpec& kernel) {
  return {std::move(name), forward_map(in, out, kernel),
          oracle_map(in, out, kernel, oracle::Direction::kForward)};
}

std::vector<Case> cases() {
  oracle::Random random(61);
  const CoordinateSet set = set_of(oracle::random_coords(
      random, {.count = 700, .start = {-9, -9, -4}, .extent = {18, 18, 8}, .batches = {0, 2}}));
  const CoordinateSet sorted = sort_canonical(set).set;
  const KernelSpec down{.kernel_size = 2, .stride = 2};
  const KernelSpec lopsided{.kernel_size = {3, 1, 5}, .padding = {1, 0, 2}};
  return {forward_case("submanifold", set, set, {}),
          forward_case("canonical submanifold", sorted, sorted, {}),
          forward_case("strided", set, strided_support(set, 2), down),
          forward_case("wide strided", sorted, strided_support(sorted, 2),
                       {.kernel_size = 5, .stride = 2}),
          forward_case("lopsided", set, set, lopsided),
          forward_case("listed", set, set, {.offsets = offset_lists()[2]}),
          forward_case("other set", set, reachable_support(set, {}), {}),
          forward_case("empty target", set, CoordinateSet(), {}),
          forward_case("empty source", CoordinateSet(), set, {}),
          forward_case("nothing at all", CoordinateSet(), CoordinateSet(), {})};
}

void expect_public_encodings(const KernelMap& map, const oracle::KernelMap& expected) {
  expect_map(map, expected);
  const std::vector<std::int32_t> dense = map.dense();
  EXPECT_EQ(std::vector<std::int64_t>(dense.begin(), dense.end()), oracle::dense_table(expected));
  const MapByOffset actual = map.by_offset();
  const oracle::CsrByOffset csr = oracle::csr_by_offset(expected);
  EXPECT_EQ(actual.begin, csr.start);
  EXPECT_EQ(std::vector<std::int64_t>(actual.in_rows.begin(), actual.in_rows.end()), csr.in_row);
  EXPECT_EQ(std::vector<std::int64_t>(actual.out_rows.begin(), actual.out_rows.end()), csr.out_row);
}

// The engine's encoding holds each entry once, ascending within a slice, and 5 bytes per entry.
void expect_blocks(const KernelMap& map, const oracle::KernelMap& expected) {
  const MapBlocks blocks = blocks_of(map);
  ASSERT_EQ(blocks.out_rows, map.target().size());
  ASSERT_EQ(blocks.volume, map.volume());
  ASSERT_EQ(blocks.entries->begin.size(),
            static_cast<std::size_t>(blocks.block_count() * blocks.volume) + 1);
  ASSERT_EQ(blocks.entries->in_row.size(), expected.entries.size());
  ASSERT_EQ(blocks.entries->out_local.size(), expected.entries.size());
  std::vector<oracle::MapEntry> entries;
  for (std::int64_t b = 0; b < blocks.block_count(); ++b) {
    for (std::int64_t k = 0; k < blocks.volume; ++k) {
      const BlockSlice slice = blocks.slice(b, k);
      for (std::int64_t i = 0; i < slice.count; ++i) {
        ASSERT_LT(slice.out_local[i], blocks.rows_in(b));
        ASSERT_TRUE(i == 0 || slice.out_local[i - 1] < slice.out_local[i]);
        entries.push_back({slice.in_row[i], blocks.out_row(b, slice.out_local[i]), k});
      }
    }
  }
  oracle::sort_entries(entries);
  EXPECT_EQ(entries, expected.entries);
}

TEST(Encoding, AllAgreeForwardAndSwapped) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    expect_public_encodings(c.map, c.expected);
    expect_blocks(c.map, c.expected);
    const oracle::KernelMap swapped = oracle::swapped(c.expected);
    expect_public_encodings(c.map.swapped(), swapped);
    expect_blocks(c.map.swapped(), swapped);
    EXPECT_EQ(c.map.swapped().swapped(), c.map);
  }
}

TEST(Encoding, SwappedIsTheTransposedMap) {
  oracle::Random random(63);
  const CoordinateSet fine = set_of(oracle::random_coords(random, {.count = 300}));
  const CoordinateSet coarse = strided_support(fine, 2);
  const KernelSpec kernel{.kernel_size = 3, .stride = 2, .padding = 1};
  EXPECT_EQ(forward_map(fine, coarse, kernel).swapped(), transposed_map(coarse, fine, kernel));
  EXPECT_EQ(transposed_map(coarse, fine, kernel).swapped(), forward_map(fine, coarse, kernel));
}

TEST(Encoding, ASymmetricMapServesBothWaysWithOneEncoding) {
  oracle::Random random(65);
  const CoordinateSet set = set_of(oracle::random_coords(random, {.count = 300}));
  const KernelMap map = forward_map(set, set, {.dilation = 2});
  EXPECT_EQ(blocks_of(map).entries, blocks_of(map.swapped()).entries);
  const KernelMap lopsided = forward_map(set, set, {.padding = 1});
  EXPECT_NE(blocks_of(lopsided).entries, blocks_of(lopsided.swapped()).entries);
}

// The promise that an engine may store a product as it is.
TEST(Encoding, SinglePartnersAreKnownAndTrue) {
  oracle::Random random(67);
  const CoordinateSet fine = set_of(oracle::random_coords(
      random, {.count = 700, .start = {-9, -9, -4}, .extent = {18, 18, 8}, .batches = {0, 2}}));
  const auto known = [](const KernelMap& map) { return blocks_of(map).entries->single_partner; };
  struct Expected {
    KernelSpec kernel;
    bool transposed;
  };
  const std::vector<Expected> kernels = {
      {{.kernel_size = 2, .stride = 2}, true},
      {{.kernel_size = 2, .stride = 2, .padding = 1}, true},
      {{.kernel_size = {2, 1, 3}, .stride = {2, 3, 3}}, true},
      {{.kernel_size = 2, .stride = 3, .dilation = 2}, true},
      {{.kernel_size = 1}, true},
      {{.kernel_size = 2, .stride = 2, .dilation = 2}, false},
      {{.kernel_size = 3, .stride = 2}, false},
      {{.stride = 2, .offsets = {{0, 0, 0}, {-1, 3, 0}}}, true},
      {{.stride = 2, .offsets = {{0, 0, 0}, {-2, 4, 0}}}, false}};
  for (const Expected& e : kernels) {
    SCOPED_TRACE(describe(e.kernel));
    const CoordinateSet coarse = strided_support(fine, e.kernel.stride);
    const KernelMap map = transposed_map(coarse, fine, e.kernel);
    EXPECT_EQ(known(map), e.transposed);
    EXPECT_EQ(known(map.swapped()), map.volume() == 1);
    std::vector<int> partners(static_cast<std::size_t>(fine.size()), 0);
    for (const MapEntry& entry : map.triples()) ++partners[static_cast<std::size_t>(entry.out_row)];
    if (known(map)) {
      EXPECT_LE(*std::ranges::max_element(partners), 1);
    }
  }
}

}  // namespace
}  // namespace voxloom::test
