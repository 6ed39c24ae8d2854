// Points that a network has nothing to say of, and values that it must not see.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "oracle/random.h"
#include "support/keep_bundles.h"
#include "train/toy_data.h"
#include "voxloom/export_module.h"
#include "voxloom/point_labeller.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class Labeller : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("voxloom-labeller-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    const nn::MinkUNet net({.in_channels = train::kPointFeatures,
                            .classes = 3,
                            .depth = 14,
                            .stem = 8,
                            .planes = {8, 8, 8, 8, 8, 8, 8, 8},
                            .seed = 3});
    artifact::write_bundle(bundle(),
                           artifact::export_on_points(net, {.voxel_size = {0.5, 0.5, 0.5}},
                                                      {.in_channels = train::kPointFeatures}));
  }
  void TearDown() override {
    keep_bundles(folder_);
    fs::remove_all(folder_);
  }

  [[nodiscard]] fs::path bundle() const { return folder_ / "toy.lattice"; }
  [[nodiscard]] label::PointLabeller labeller() const { return {bundle(), data_.classes()}; }

  ToyDataset data_{1, 200};
  fs::path folder_;
};

TEST_F(Labeller, GivesNoClassToPointsThatAreNowhere) {
  LabelledScan scan = data_.get(0, 0);
  const label::PointLabels before = labeller().label(scan);
  scan.positions.push_back({1, kNan, 1});
  scan.positions.push_back({std::numeric_limits<float>::infinity(), 0, 0});
  scan.intensity.resize(scan.positions.size(), 0.5F);
  scan.labels.resize(scan.positions.size(), kIgnoreLabel);
  const label::PointLabels after = labeller().label(scan);
  for (std::size_t i = 0; i < before.classes.size(); ++i) {
    ASSERT_EQ(after.classes[i], before.classes[i]);
    ASSERT_EQ(after.confidence[i], before.confidence[i]);
    ASSERT_LT(after.classes[i], 3);
  }
  for (std::size_t i = before.classes.size(); i < after.classes.size(); ++i) {
    EXPECT_EQ(after.classes[i], label::kNoClass);
    EXPECT_EQ(after.confidence[i], 0.0F);
    EXPECT_EQ(labeller()(scan)[i], kIgnoreLabel);
  }
}

TEST_F(Labeller, GivesNoClassWhereScoresAreNoNumbers) {
  artifact::Bundle broken = artifact::read_bundle(bundle());
  for (auto& [name, tensor] : broken.weights) {
    tensor = Tensor::full(tensor.shape(), tensor.dtype(), kNan);
  }
  artifact::write_bundle(bundle(), broken);
  const LabelledScan scan = data_.get(0, 0);
  const label::PointLabels labels = labeller().label(scan);
  for (const std::uint16_t one : labels.classes) ASSERT_EQ(one, label::kNoClass);
  for (const float one : labels.confidence) ASSERT_EQ(one, 0.0F);
}

TEST_F(Labeller, NamesThePointWhoseValueIsNone) {
  LabelledScan scan = data_.get(0, 0);
  scan.intensity[7] = kNan;
  for (const auto& use :
       {std::function<void()>([&] { static_cast<void>(labeller().label(scan)); }),
        std::function<void()>([&] { static_cast<void>(train::make_batch({scan}, 1)); })}) {
    try {
      use();
      ADD_FAILURE();
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find("the intensity of point 7 is nan"),
                std::string::npos)
          << error.what();
    }
  }
}

TEST_F(Labeller, TakesWhatTheBundleSaysOfItsFeatures) {
  EXPECT_EQ(labeller().features(), FeatureSet{}) << "bundles from before say nothing";
  std::ofstream(bundle() / kFeaturesFile) << R"({"intensity_range": [0, 255]})";
  const label::PointLabeller wide = labeller();
  EXPECT_EQ(wide.features().intensity_range, (Interval{0, 255}));
  const LabelledScan scan = data_.get(0, 0);
  const Tensor features = train::point_features(scan, wide.features());
  EXPECT_FLOAT_EQ(features.span<float>()[0], 255 * scan.intensity[0]);
  std::ofstream(bundle() / kFeaturesFile) << R"({"features": ["red"]})";
  EXPECT_THROW(static_cast<void>(labeller()), std::invalid_argument);
}

// Heights above the ground and the place in the scene are those of the whole scan, in tiles, too.
TEST_F(Labeller, FeedsTilesWhatFollowsFromTheWholeScan) {
  std::ofstream(bundle() / kFeaturesFile)
      << R"({"features": [{"value": "height", "frame": "ground"}, {"value": "x", "frame": "scene"}, "normal_z"]})";
  voxloom_oracle::Random random(4);
  LabelledScan scan;
  for (int i = 0; i < 6000; ++i) {
    const auto unit = [&] { return static_cast<float>(random.unit()); };
    scan.positions.push_back({900 * unit(), 900 * unit(), 3 * unit()});
    scan.intensity.push_back(0);
    scan.labels.push_back(kIgnoreLabel);
  }
  const label::PointLabeller one = labeller();
  const label::PointLabels whole = one.label(scan);
  const label::PointLabels tiled = one.label(scan, {.memory = one.most_bytes(6000) / 3});
  EXPECT_GT(tiled.tiles, 1U);
  EXPECT_EQ(tiled.classes, whole.classes);
  EXPECT_EQ(tiled.confidence, whole.confidence);
  scan.labels.pop_back();
  EXPECT_THROW(static_cast<void>(one.label(scan)), std::invalid_argument);
}

// The sums of softmaxes of turned scans, worked out here.
TEST_F(Labeller, TakesTheVotesOfTurnedScans) {
  const LabelledScan scan = data_.get(0, 0);
  const label::PointLabeller one = labeller();
  std::vector<double> sums(static_cast<std::size_t>(scan.size()) * 3, 0.0);
  for (int vote = 0; vote < 4; ++vote) {
    LabelledScan seen = scan;
    const double c = std::array{1, 0, -1, 0}.at(vote), s = std::array{0, 1, 0, -1}.at(vote);
    for (auto& p : seen.positions) {
      const double x = p[0], y = vote % 2 == 1 ? -p[1] : p[1];
      p[0] = static_cast<float>(c * x - s * y);
      p[1] = static_cast<float>(s * x + c * y);
    }
    const Tensor scores = one.scores(seen);
    for (std::size_t i = 0; i < scan.positions.size(); ++i) {
      const float* z = scores.data<float>() + 3 * i;
      double total = 0;
      for (int k = 0; k < 3; ++k) total += std::exp(double{z[k]});
      for (std::size_t k = 0; k < 3; ++k) sums[3 * i + k] += std::exp(double{z[k]}) / total;
    }
  }
  const label::PointLabels votes = one.label(scan, {.votes = 4});
  EXPECT_EQ(votes.tiles, 4U);
  std::size_t right = 0;
  for (std::size_t i = 0; i < votes.classes.size(); ++i) {
    const auto best = std::max_element(&sums[3 * i], &sums[3 * i] + 3);
    const bool is_close = std::abs(double{votes.confidence[i]} - *best / 4) < 1e-4;
    right += votes.classes[i] == best - &sums[3 * i] && is_close ? 1U : 0U;
  }
  // A point that a turn rounds to the other side of a voxel's face may differ.
  EXPECT_GE(right, votes.classes.size() * 95 / 100);
  EXPECT_NE(votes.confidence, one.label(scan).confidence);
  EXPECT_EQ(one.label(scan, {.votes = 1}).classes, one.label(scan).classes);
  EXPECT_THROW(static_cast<void>(one.label(scan, {.votes = 0})), std::invalid_argument);
}

// The softmax of what the network says, whole and in tiles, of one view and of several.
TEST_F(Labeller, GivesScoresWhereTheyAreAskedFor) {
  LabelledScan scan = data_.get(0, 0);
  scan.labels.assign(scan.labels.size(), 0);
  scan.positions[5][1] = std::numeric_limits<float>::quiet_NaN();
  const label::PointLabeller one = labeller();
  EXPECT_TRUE(one.label(scan).scores.empty());
  const label::PointLabels labels = one.label(scan, {.scores = true});
  EXPECT_EQ(labels.classes, one.label(scan).classes);
  EXPECT_EQ(labels.confidence, one.label(scan).confidence);
  const Tensor scores = one.scores(scan);
  ASSERT_EQ(labels.scores.size(), labels.classes.size() * 3);
  for (std::size_t i = 0; i < labels.classes.size(); ++i) {
    const float* z = scores.data<float>() + 3 * i;
    double total = 0;
    for (int k = 0; k < 3; ++k) total += std::exp(double{z[k]});
    for (std::size_t k = 0; k < 3; ++k) {
      const double expected = i == 5 ? 0 : std::exp(double{z[k]}) / total;
      EXPECT_NEAR(labels.scores[3 * i + k], expected, 1e-6) << i;
    }
  }
  const label::PointLabels votes = one.label(scan, {.votes = 2, .scores = true});
  for (std::size_t i = 0; i < votes.classes.size(); ++i) {
    const float* of_point = votes.scores.data() + 3 * i;
    EXPECT_EQ(*std::max_element(of_point, of_point + 3), votes.confidence[i]) << i;
  }
  Scan file = to_scan(scan, data_.classes());
  label::set_labels(file, labels, data_.classes());
  const Column* column = file.find("score_" + data_.classes().classes[1].name);
  ASSERT_NE(column, nullptr);
  EXPECT_EQ(column->span<float>()[7], labels.scores[3 * 7 + 1]);
}

// Before the network runs, and before the memory is taken.
TEST_F(Labeller, CountsTheMemoryOfScoresBeforehand) {
  const LabelledScan scan = data_.get(0, 0);
  const auto needed = static_cast<std::size_t>(scan.size()) * 3 * sizeof(float);
  int tiles = 0;
  label::LabelOptions options{.memory = needed,
                              .on_tile = [&](std::size_t, std::size_t) { ++tiles; }};
  for (const bool by_votes : {false, true}) {
    options.votes = by_votes ? 2 : 1;
    options.scores = !by_votes;
    try {
      static_cast<void>(labeller().label(scan, options));
      ADD_FAILURE();
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find("the scores of"), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(tiles, 0);
}

// What is unlike the scans of the training is said.
TEST_F(Labeller, SaysWhereAScanIsUnlikeThoseOfTheTraining) {
  LabelledScan scan = data_.get(0, 0);
  scan.labels.assign(scan.labels.size(), 0);
  std::ofstream(bundle() / kFeaturesFile) << format_features({}, profile_of(data_, {}));
  std::vector<std::string> notes;
  const InputOptions options = {.on_note = [&](const std::string& n) { notes.push_back(n); }};
  Scan file = to_scan(scan, data_.classes());
  EXPECT_TRUE(labeller().input(file, options).facts.misfits.empty());
  notes.clear();  // of the intensity's range
  for (auto& p : file.positions) p = {100 * p[0], 100 * p[1], 100 * p[2]};
  const InputFacts facts = labeller().input(file, options).facts;
  ASSERT_FALSE(facts.misfits.empty());
  ASSERT_GE(notes.size(), facts.misfits.size());
  EXPECT_TRUE(std::ranges::equal(facts.misfits, std::span(notes).last(facts.misfits.size())));
}

TEST(SetLabels, NoClassIsWhatTheTableIgnores) {
  const label::PointLabels labels = {.classes = {1, label::kNoClass}, .confidence = {0.5F, 0}};
  ClassTable table = {.classes = {{"a", {1, 2, 3}, {4}}, {"b", {5, 6, 7}, {8}}}, .ignored = {}};
  Scan scan;
  scan.positions.resize(2);
  label::set_labels(scan, labels, table);
  EXPECT_EQ(scan.find("label")->as_double(0), 8);
  EXPECT_EQ(scan.find("label")->as_double(1), -1);
  EXPECT_EQ(scan.find("red")->as_double(1), 0);
  table.ignored = {9};
  label::set_labels(scan, labels, table);
  EXPECT_EQ(scan.find("label")->as_double(1), 9);
}

TEST(Trainer, WantsAPointWithAClass) {
  class Unlabelled final : public ToyDataset {
   public:
    Unlabelled() : ToyDataset(2) {}
    [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t seed) const override {
      LabelledScan scan = ToyDataset::get(index, seed);
      scan.labels.assign(scan.labels.size(), kIgnoreLabel);
      return scan;
    }
  };
  ToyNet net;
  try {
    const train::Trainer trainer(net, std::make_shared<Unlabelled>(), {});
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("none of the 2 scans has a point with a class"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace voxloom::test
