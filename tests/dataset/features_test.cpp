// What a network reads of a point: as text, from a scan's attributes, and from where its points lie.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "data/feature_json.h"
#include "data/feature_values.h"
#include "oracle/random.h"
#include "voxloom/augment.h"
#include "voxloom/error.h"
#include "voxloom/input_profile.h"

namespace voxloom::test {
namespace {

using Json = nlohmann::ordered_json;

FeatureSet set_of(const char* json) { return {.features = data::features_from(Json::parse(json))}; }

std::vector<float> values(const LabelledScan& scan, const FeatureSet& set, std::size_t feature) {
  std::vector<float> out(scan.positions.size());
  data::write_feature(scan, set.features.at(feature), set, 1, out.data());
  return out;
}

Scan points(const std::vector<std::array<double, 3>>& positions) {
  Scan scan;
  scan.positions = positions;
  return scan;
}

// Rows of points 0.1 m apart on z = slope * x + height.
LabelledScan plane(double slope, double height, int half = 30) {
  LabelledScan scan;
  for (int x = -half; x < half; ++x) {
    for (int y = -half; y < half; ++y) {
      scan.positions.push_back({0.1F * static_cast<float>(x), 0.1F * static_cast<float>(y),
                                static_cast<float>(slope * 0.1 * x + height)});
    }
  }
  scan.intensity.assign(scan.positions.size(), 0.5F);
  scan.labels.assign(scan.positions.size(), 0);
  return scan;
}

TEST(Features, AreNamesOrObjects) {
  const FeatureSet set = set_of(
      R"(["intensity", "colour", "normal", "returns", {"value": "height", "frame": "ground", "unit": 1},
          {"column": "ring", "unit": 64, "missing": 3}, {"column": "intensity"},
          {"column": "intensity", "unit": 255, "scale": 2, "offset": -1}])");
  ASSERT_EQ(set.size(), 13);
  EXPECT_EQ(set.features[1], PointFeature{PointValue::red});
  EXPECT_EQ(set.features[6], PointFeature{PointValue::normal_z});
  EXPECT_EQ(name_of(set.features[7]), "return_number");
  EXPECT_EQ(name_of(set.features[9]), "height above the ground");
  EXPECT_EQ(set.features[10].missing, 3);
  EXPECT_EQ(set.features[11], PointFeature{PointValue::intensity}) << "without a unit: its share";
  EXPECT_EQ(set.features[12].value, PointValue::column);
  EXPECT_EQ(data::features_from(data::json_of(set.features)), set.features);
  EXPECT_THROW(validate(set), std::invalid_argument) << "the intensity stands twice";
}

TEST(Features, RefuseWhatIsNone) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"([{"column": "ring", "colum": 1}])", "there is no \"colum\""},
      {R"([{"unit": 3}])", "neither a \"value\" nor a \"column\""},
      {R"([{"value": "colour"}])", "there is no value \"colour\""},
      {R"([{"value": "height", "frame": "moon"}])", "there is no frame \"moon\""},
      {R"([{"value": "red", "frame": "scene"}])", "red has no frame"},
      {R"([{"value": "x", "frame": "ground"}])", "only a height is measured from the ground"},
      {R"([{"column": "ring", "unit": 0}])", "the unit of ring is 0"},
      {R"([{"value": "height", "missing": 1}])", "never missing"},
      {R"([{"column": "a", "missing": 1}, {"column": "a", "unit": 2}])", "two values stand in"},
      {R"([{"column": "ring", "scale": "big"}])", "\"scale\" of"},
      {R"([7])", "there is no feature 7"}};
  for (const auto& [json, reason] : cases) {
    try {
      validate(set_of(json.c_str()));
      ADD_FAILURE() << json;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  }
}

TEST(Features, AreDividedByTheirUnitThenScaledAndShifted) {
  const FeatureSet set = set_of(
      R"([{"column": "ring", "unit": 4, "scale": 10, "offset": 1}, {"value": "x", "frame": "scene"},
          {"value": "distance", "frame": "scene", "unit": 1}, {"value": "height", "frame": "scene", "unit": 2}])");
  Scan scan = points({{0, 0, 1}, {6, 8, 5}});
  scan.set("ring", std::vector<std::uint16_t>{2, 6});
  const LabelledScan seen = to_input(scan, {.features = set}).points;
  LabelledScan whole = seen;
  EXPECT_TRUE(needs_completion(seen, set));
  complete(whole, set);
  EXPECT_FALSE(needs_completion(whole, set));
  EXPECT_EQ(values(whole, set, 0), (std::vector<float>{6, 16}));
  EXPECT_EQ(values(whole, set, 1), (std::vector<float>{-3.0F / 50, 3.0F / 50}));
  EXPECT_EQ(values(whole, set, 2), (std::vector<float>{5, 5}));
  EXPECT_EQ(values(whole, set, 3), (std::vector<float>{0, 2}));
}

TEST(Features, WithoutTheirColumnAreRefusedUnlessSomethingStandsIn) {
  Scan scan = points({{1, 2, 3}, {4, 5, 6}});
  scan.set("gain", std::vector<float>{1, 2});
  try {
    static_cast<void>(to_input(scan, {.features = set_of(R"([{"column": "ring"}])")}));
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(
        error.what(),
        "[scan_input] the network reads ring, and the scan has no such attribute; it has gain");
  }
  const InputOptions options = {.features = set_of(R"([{"column": "ring", "missing": 7}])")};
  const ScanInput seen = to_input(scan, options);
  EXPECT_EQ(seen.points.columns.at(0).values, (std::vector<float>{7, 7}));
  EXPECT_EQ(seen.facts.missing, (std::vector<std::string>{"ring"}));
  scan.set("ring", std::vector<double>{std::numeric_limits<double>::quiet_NaN(), 1e300});
  EXPECT_EQ(to_input(scan, options).points.columns.at(0).values, (std::vector<float>{7, 7}));
}

TEST(Features, SayWhereTheyComeFrom) {
  Scan scan = points({{1, 2, 3}});
  scan.set("intensity", std::vector<std::uint8_t>{51});
  scan.set("ring", std::vector<std::uint16_t>{2});
  const ScanInput seen = to_input(
      scan,
      {.features = set_of(R"(["intensity", "height", {"column": "ring", "unit": 64, "offset": 1},
                                    {"column": "echo", "missing": 1}])")});
  EXPECT_EQ(seen.facts.sources,
            (std::vector<std::string>{"intensity from column intensity, divided by 255",
                                      "height above the sensor, divided by 4",
                                      "ring from column ring, divided by 64, plus 1",
                                      "echo: 1 for every point, no column fills it"}));
}

TEST(Completion, FindsTheNormalsOfSlopesTowardsTheSensor) {
  const FeatureSet set = set_of(R"(["normal"])");
  for (const double slope : {0.0, 0.5}) {
    LabelledScan scan = plane(slope, -2);
    scan.positions.push_back({100, 100, 100});  // alone
    scan.intensity.push_back(0);
    scan.labels.push_back(0);
    complete(scan, set);
    const double length = std::hypot(1.0, slope);
    for (std::size_t i = 0; i + 1 < scan.normals.size(); ++i) {
      ASSERT_NEAR(scan.normals[i][0], -slope / length, 1e-3) << i;
      ASSERT_NEAR(scan.normals[i][1], 0, 1e-3) << i;
      ASSERT_NEAR(scan.normals[i][2], 1 / length, 1e-3) << i;
    }
    EXPECT_EQ(scan.normals.back(), (std::array<float, 3>{0, 0, 0}));
  }
}

TEST(Completion, TakesTheNormalsOfTheFile) {
  const FeatureSet set = set_of(R"(["normal"])");
  Scan scan = points({{1, 2, 3}, {4, 5, 6}});
  scan.set("nx", std::vector<float>{0, 3});
  scan.set("ny", std::vector<float>{2, 0});
  scan.set("nz", std::vector<float>{0, 4});
  const ScanInput seen = to_input(scan, {.features = set});
  EXPECT_EQ(seen.points.normals[0], (std::array<float, 3>{0, 1, 0}));
  EXPECT_FLOAT_EQ(seen.points.normals[1][2], 0.8F);
  EXPECT_FALSE(needs_completion(seen.points, set));
  EXPECT_EQ(seen.facts.sources[0], "normal_x from the file");
}

TEST(Completion, MeasuresFromTheGroundUnderARoofAndOnASlope) {
  const FeatureSet set = set_of(R"([{"value": "height", "frame": "ground", "unit": 1}])");
  LabelledScan scan = plane(0.2, -1, 200);  // 40 m
  const std::size_t ground = scan.positions.size();
  for (int i = 0; i < 100; ++i) {  // a table of 1 m, 0.7 m above
    const float x = 3 + 0.1F * static_cast<float>(i % 10), y = 0.1F * static_cast<float>(i / 10);
    scan.positions.push_back({x, y, 0.2F * x - 1 + 0.7F});
    scan.intensity.push_back(0);
    scan.labels.push_back(1);
  }
  complete(scan, set);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    // Cells of 1 m along the slope; at the scan's edge the opening reaches no further.
    if (std::abs(scan.positions[i][0]) > 8) continue;
    const auto& p = scan.positions[i];
    ASSERT_NEAR(scan.above_ground[i], i < ground ? 0.1 : 0.8, 0.13)
        << i << ": " << p[0] << " " << p[1] << " " << p[2];
  }
}

TEST(Augmentation, TurnsNormalsAndKeepsColumns) {
  LabelledScan scan = plane(0, -2, 3);
  scan.normals.assign(scan.positions.size(), {1, 0, 0});
  scan.columns = {{"ring", std::vector<float>(scan.positions.size())}};
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    scan.columns[0].values[i] = static_cast<float>(i);
  }
  scan.above_ground.assign(scan.positions.size(), 1);
  scan.scene_origin = {1, 2, 3};
  const LabelledScan out =
      augment(scan, {.rotation = 180, .scale = {2, 2}, .flip_x = 1, .shift_z = 1, .drop = 0.5}, 5);
  ASSERT_LT(out.size(), scan.size());
  EXPECT_FALSE(out.scene_origin.has_value());
  EXPECT_TRUE(out.above_ground.empty());
  for (std::size_t i = 0; i < out.positions.size(); ++i) {
    const auto from = static_cast<std::size_t>(out.columns[0].values[i]);
    // What points along x still does: two points of a row lie along their normal.
    const auto& n = out.normals[i];
    ASSERT_NEAR(std::hypot(n[0], n[1], n[2]), 1, 1e-6);
    for (std::size_t k = 0; k < i; ++k) {
      const auto other = static_cast<std::size_t>(out.columns[0].values[k]);
      if (scan.positions[from][1] != scan.positions[other][1]) continue;
      const float dx = out.positions[i][0] - out.positions[k][0];
      const float dy = out.positions[i][1] - out.positions[k][1];
      const float apart = 2 * (scan.positions[from][0] - scan.positions[other][0]);
      ASSERT_NEAR(dx, apart * n[0], 1e-5);
      ASSERT_NEAR(dy, apart * n[1], 1e-5);
    }
  }
  LabelledScan other = scan;
  EXPECT_EQ(mix_sectors(scan, other, 3).columns[0].values.size(),
            mix_sectors(scan, other, 3).positions.size());
  other.columns[0].name = "gain";
  EXPECT_THROW(static_cast<void>(mix_sectors(scan, other, 3)), std::invalid_argument);
}

class Profiles : public ::testing::Test {
 protected:
  // All around a sensor 2 m above the ground.
  static LabelledScan street(std::uint64_t seed) {
    voxloom_oracle::Random random(seed);
    LabelledScan scan;
    for (int i = 0; i < 5000; ++i) {
      const auto in = [&](double reach) {
        return static_cast<float>(reach * (2 * random.unit() - 1));
      };
      scan.positions.push_back({in(40), in(40), i % 2 == 0 ? -2.0F : 1 + in(2)});
      scan.intensity.push_back(0.2F + 0.2F * static_cast<float>(random.unit()));
      scan.labels.push_back(0);
    }
    return scan;
  }
  [[nodiscard]] std::vector<std::string> misfits_of(const LabelledScan& scan) const {
    return misfits(trained_, profile_of(scan, set_));
  }
  [[nodiscard]] std::string only(const LabelledScan& scan) const {
    const auto lines = misfits_of(scan);
    EXPECT_EQ(lines.size(), 1U);
    for (std::size_t i = 1; i < lines.size(); ++i) ADD_FAILURE() << lines[i];
    return lines.empty() ? "" : lines[0];
  }

  FeatureSet set_ = {};
  InputProfile trained_ = profile_of(street(1), set_);
};

TEST_F(Profiles, SayNothingOfScansLikeThose) {
  EXPECT_EQ(misfits_of(street(2)), std::vector<std::string>{});
  EXPECT_EQ(misfits(trained_, {}), std::vector<std::string>{});
  EXPECT_EQ(misfits({}, profile_of(street(2), set_)), std::vector<std::string>{});
}

TEST_F(Profiles, SayWhatIsUnlike) {
  LabelledScan scan = street(2);
  for (auto& p : scan.positions) p[2] += 5;
  EXPECT_NE(only(scan).find("no ground below the sensor"), std::string::npos);
  scan = street(2);
  for (auto& p : scan.positions) p[2] -= 50;
  EXPECT_NE(only(scan).find("the sensor is high"), std::string::npos);
  scan = street(2);
  for (auto& p : scan.positions) p[0] = 60 + std::abs(p[0]), p[1] /= 2;
  EXPECT_NE(only(scan).find("points lie to 2 of 8 sides of the sensor"), std::string::npos);
  scan = street(2);
  for (float& one : scan.intensity) one *= 0.1F;
  EXPECT_NE(only(scan).find("intensity is 0.03"), std::string::npos);
  scan = street(2);
  for (auto& p : scan.positions) p = {p[0] * 1000, p[1] * 1000, p[2] * 1000};
  EXPECT_NE(misfits_of(scan)[0].find("are the positions metres?"), std::string::npos);
  scan = street(2);
  for (auto& p : scan.positions) p = {p[0] * 0.5F, p[1] * 0.5F, p[2]};
  EXPECT_TRUE(misfits_of(scan).empty()) << misfits_of(scan)[0];
  scan = street(2);
  const LabelledScan once = scan;
  for (int times = 1; times < 8; ++times) {
    scan.positions.insert(scan.positions.end(), once.positions.begin(), once.positions.end());
    scan.intensity.insert(scan.intensity.end(), once.intensity.begin(), once.intensity.end());
    scan.labels.insert(scan.labels.end(), once.labels.begin(), once.labels.end());
  }
  EXPECT_NE(only(scan).find("cubic metres"), std::string::npos);
}

// Where the points lie evenly, the scan was not taken by a sensor that stood among them.
TEST_F(Profiles, SayThatPointsLieInAnotherWay) {
  EXPECT_NEAR(trained_.nearness.high, 0.06, 0.03);
  LabelledScan scan = street(2);
  for (auto& p : scan.positions) {
    const float inwards = std::hypot(p[0], p[1]) / 60;
    p = {p[0] * inwards, p[1] * inwards, p[2]};
  }
  EXPECT_NE(only(scan).find("seen in another way"), std::string::npos);
  InputProfile older = trained_;
  older.nearness = InputProfile{}.nearness;
  EXPECT_EQ(misfits(older, profile_of(scan, set_)), std::vector<std::string>{});
}

// Without anything that changes with the sensor's place it is all the same where it stood.
TEST_F(Profiles, AskForTheSensorOnlyWhereItMatters) {
  FeatureSet set = set_;
  set.features = {{PointValue::intensity}, {.value = PointValue::height, .frame = Frame::ground}};
  const InputProfile trained = profile_of(street(1), set);
  LabelledScan scan = street(2);
  for (auto& p : scan.positions) p[2] += 500;
  EXPECT_EQ(misfits(trained, profile_of(scan, set)), std::vector<std::string>{});
  EXPECT_NE(misfits_of(scan), std::vector<std::string>{});
}

TEST_F(Profiles, TellHowUnlikeAScanIs) {
  const auto unlike = [&](const LabelledScan& scan) {
    return unlikeness(trained_, profile_of(scan, set_));
  };
  EXPECT_LT(unlike(street(2)), 0.1);
  LabelledScan scan = street(2);
  for (auto& p : scan.positions) p = {p[0] * 4, p[1] * 4, p[2]};
  EXPECT_NEAR(unlike(scan), 2, 0.3);
  for (auto& p : scan.positions) p[2] += 1.5F;
  EXPECT_NEAR(unlike(scan), 3.5, 0.3);
  for (auto& p : scan.positions) p[2] += 1000;
  EXPECT_NEAR(unlike(scan), 5, 0.3);  // no measure decides alone
  // Each point by itself, as of metres that are taken for millimetres.
  scan = street(2);
  for (auto& p : scan.positions) p = {p[0] * 1000, p[1] * 1000, p[2]};
  InputProfile dense = trained_;
  dense.density = {3, 9};
  EXPECT_GE(unlikeness(dense, profile_of(scan, set_)), 6);
  EXPECT_EQ(misfits(dense, profile_of(scan, set_)).size(), 2U);
  EXPECT_EQ(unlikeness(trained_, {}), 0);
}

TEST_F(Profiles, TravelInFeaturesJson) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("voxloom-profile-{}.json", ::getpid());
  std::ofstream(path) << format_features(set_, trained_);
  EXPECT_EQ(read_features(path), set_);
  EXPECT_EQ(read_profile(path), trained_);
  std::string older = format_features(set_, trained_);
  const std::size_t nearness = older.find(",\"nearness\"");
  older.erase(nearness, older.find(']', nearness) + 1 - nearness);
  std::ofstream(path) << older;
  EXPECT_EQ(read_profile(path).value().nearness, InputProfile{}.nearness);
  std::ofstream(path) << format_features(set_);
  EXPECT_FALSE(read_profile(path).has_value());
  for (const char* text : {R"({"trained_on": 3})", R"({"trained_on": {"scans": 1}})"}) {
    std::ofstream(path) << text;
    EXPECT_THROW(static_cast<void>(read_profile(path)), FormatError) << text;
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace voxloom::test
