// The bench measures what it says: the cases of a selection, their work, their records. No test
// looks at a time.

#include "bench/cases.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "bench/entries.h"
#include "bench/report.h"
#include "bench/statistics.h"

namespace voxloom::bench {
namespace {

std::shared_ptr<SceneMaps> small() { return std::make_shared<SceneMaps>(small_scene()); }

Record measured(const Case& c) {
  return measure(c, {.threads = 1, .least_repetitions = 2, .most_repetitions = 2});
}

TEST(Spread, IsMedianQuartilesAndEnds) {
  const Spread s = spread_of({5, 1, 4, 2, 3});
  EXPECT_EQ(s.median, 3);
  EXPECT_EQ(s.low, 2);
  EXPECT_EQ(s.high, 4);
  EXPECT_EQ(s.least, 1);
  EXPECT_EQ(s.most, 5);
  EXPECT_EQ(spread_of({1, 2}).median, 1.5);
  EXPECT_EQ(spread_of({}).median, 0);
}

TEST(ConvSpecs, DefaultsCoverEveryOperationAndType) {
  std::set<std::string> ops, types;
  for (const ConvSpec& spec : conv_specs({})) {
    ops.insert(std::string(kConvOpNames[static_cast<std::size_t>(spec.op)]));
    types.insert(std::string(spec.storage.name));
  }
  EXPECT_EQ(ops.size(), std::size(kConvOpNames));
  EXPECT_EQ(types.size(), std::size(kStorages));
}

TEST(ConvSpecs, ASelectionSaysWhatIsMeasured) {
  const std::vector<ConvSpec> specs =
      conv_specs({.channels = {{8, 8}},
                  .ops = {ConvOp::forward, ConvOp::down, ConvOp::dgrad},
                  .storages = {kStorages[0], kStorages[4]},
                  .cube = Cube{.size = 5}});
  std::vector<std::string> names;
  for (const ConvSpec& s : specs) {
    names.push_back(name_of(s) + " " + std::to_string(s.channels.out) + " " +
                    std::string(s.storage.name));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"forward 5x5x5 8 f32", "forward 5x5x5 8 int4",
                                             "dgrad 5x5x5 8 f32", "down 2x2x2 stride 2 16 f32",
                                             "down 2x2x2 stride 2 16 int4"}));
}

TEST(ConvCases, EveryKindRunsAndCountsItsWork) {
  const auto scene = small();
  const double pairs = static_cast<double>(scene->map({.size = 3}).size());
  for (std::size_t op = 0; op < std::size(kConvOpNames); ++op) {
    ConvSpec spec;
    spec.op = static_cast<ConvOp>(op);
    spec.channels = {8, 8};
    if (spec.op == ConvOp::down || spec.op == ConvOp::up) spec.cube = {.size = 2, .stride = 2};
    const Record r = measured(conv_case(scene, spec));
    EXPECT_EQ(r.repetitions, 2);
    EXPECT_GT(r.seconds.least, 0);
    double expected = 2 * pairs * 8 * 8;
    if (spec.op == ConvOp::depthwise) expected = 2 * pairs * 8;
    if (spec.cube.stride == 2 || spec.op == ConvOp::pointwise) expected = 2.0 * 1000 * 8 * 8;
    EXPECT_EQ(r.task.flops, expected) << kConvOpNames[op];
    EXPECT_TRUE(r.peak_share.has_value());
    EXPECT_EQ(r.copy_share.has_value(), r.task.bytes > 0);
  }
}

TEST(ConvCases, EveryTypeRuns) {
  const auto scene = small();
  for (const Storage& storage : kStorages) {
    ConvSpec spec;
    spec.channels = {32, 8};
    spec.storage = storage;
    const Record r = measured(conv_case(scene, spec));
    EXPECT_EQ(r.task.dtype, storage.name);
    EXPECT_EQ(r.task.in_channels, 32);
  }
}

TEST(MapCases, StagesStartFromNothingEachTime) {
  const auto scene = small();
  for (const MapStage stage : {MapStage::index, MapStage::map, MapStage::all}) {
    const Record r = measured(map_case(scene, stage, {.size = 3}));
    EXPECT_EQ(r.task.voxels, 1000);
    EXPECT_EQ(r.task.pairs > 0, stage != MapStage::index);
    EXPECT_FALSE(r.peak_share.has_value());
  }
}

TEST(Plan, HasAnEntryForEachCaseAndThreadCount) {
  Selection selection;
  selection.convs = true;
  selection.conv.channels = {{8, 8}};
  selection.conv.ops = {ConvOp::forward, ConvOp::whole};
  selection.conv.storages = {kStorages[0]};
  selection.threads = {1, 2};
  EXPECT_EQ(entries_of(small(), selection).size(), 4U);
  selection.maps = selection.nets = true;
  EXPECT_EQ(entries_of(small(), selection).size(), 4U + 2 * 4 + 2);
}

TEST(Report, TableAndJsonTellTheSame) {
  const Record conv = measured(conv_case(small(), {.channels = {8, 16}}));
  const Record map = measured(map_case(small(), MapStage::all, {.size = 3}));
  EXPECT_EQ(table_header(conv).find("case"), 0U);
  EXPECT_NE(table_header(conv).find("peak%"), std::string::npos);
  EXPECT_EQ(table_header(map).find("peak%"), std::string::npos);
  EXPECT_LE(table_row(conv).size(), table_header(conv).size());
  EXPECT_NE(table_row(conv).find("8->16"), std::string::npos);
  const auto json = nlohmann::json::parse(
      to_json({.cpu = "a \"quoted\" name", .isa = "scalar", .cores = 2}, {conv, map}));
  EXPECT_EQ(json["machine"]["cpu"], "a \"quoted\" name");
  ASSERT_EQ(json["records"].size(), 2U);
  EXPECT_EQ(json["records"][0]["case"], "forward 3x3x3");
  EXPECT_EQ(json["records"][0]["out_channels"], 16);
  EXPECT_EQ(json["records"][0]["seconds"]["median"], conv.seconds.median);
  EXPECT_FALSE(json["records"][1].contains("flops"));
  EXPECT_GT(json["records"][1]["voxels_per_second"], 0);
}

}  // namespace
}  // namespace voxloom::bench
