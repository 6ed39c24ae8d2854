// What a network sees of a scan: units, values that are missing, colours, the sensor.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "voxloom/dataset.h"
#include "voxloom/error.h"

namespace voxloom::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <typename T>
Scan scan_of(const std::vector<T>& intensity) {
  Scan scan;
  for (std::size_t i = 0; i < intensity.size(); ++i) {
    scan.positions.push_back({0.1 * static_cast<double>(i), 0, 0});
  }
  scan.set("intensity", intensity);
  return scan;
}

// 1000 values from 0 to `most`.
template <typename T>
std::vector<T> ramp(double most) {
  std::vector<T> values;
  for (int i = 0; i < 1000; ++i) values.push_back(static_cast<T>(most * i / 999));
  return values;
}

TEST(IntensityRange, FollowsFormatTypeAndMostValues) {
  const auto choice = [](const Scan& scan) {
    const IntensityChoice chosen = choose_intensity(scan).value();
    return std::pair(chosen.range.high, chosen.source);
  };
  EXPECT_EQ(choice(scan_of(ramp<std::uint8_t>(9))), std::pair(255.0, RangeSource::type));
  EXPECT_EQ(choice(scan_of(ramp<std::uint16_t>(255))), std::pair(255.0, RangeSource::type));
  EXPECT_EQ(choice(scan_of(ramp<std::uint16_t>(256))), std::pair(4095.0, RangeSource::type));
  EXPECT_EQ(choice(scan_of(ramp<std::uint16_t>(4096))), std::pair(65535.0, RangeSource::type));
  EXPECT_EQ(choice(scan_of(ramp<float>(1))), std::pair(1.0, RangeSource::values));
  EXPECT_EQ(choice(scan_of(ramp<double>(200))), std::pair(255.0, RangeSource::values));
  EXPECT_EQ(choice(scan_of(ramp<std::int32_t>(4000))), std::pair(4095.0, RangeSource::values));
  EXPECT_EQ(choice(scan_of(ramp<float>(60000))), std::pair(65535.0, RangeSource::values));

  Scan scan = scan_of(ramp<float>(1));
  scan.intensity_range = Interval{0, 255};  // a dark scan of nuScenes
  EXPECT_EQ(choice(scan), std::pair(255.0, RangeSource::format));
  scan.intensity_range = Interval{-2048, 2047};
  EXPECT_EQ(choice(scan), std::pair(1.0, RangeSource::values));
  scan = scan_of(ramp<float>(200));
  scan.intensity_range = Interval{0, 1};  // what the format says is not so
  EXPECT_EQ(choice(scan), std::pair(255.0, RangeSource::values));
  EXPECT_EQ(choose_intensity(scan, Interval{10, 20})->range, (Interval{10, 20}));
  EXPECT_THROW(static_cast<void>(choose_intensity(scan, Interval{1, 1})), std::invalid_argument);
  EXPECT_FALSE(choose_intensity(Scan{}).has_value());
}

TEST(IntensityRange, IsForgottenWithItsColumn) {
  Scan scan = scan_of(ramp<float>(1));
  scan.intensity_range = Interval{0, 255};
  scan.set("intensity", ramp<float>(1));
  EXPECT_FALSE(scan.intensity_range.has_value());
}

TEST(IntensityRange, OneStrayValueChangesNoOther) {
  for (const double most : {1.0, 200.0, 4000.0}) {
    std::vector<float> values = ramp<float>(most);
    const LabelledScan before = to_unlabelled(scan_of(values));
    values[500] = static_cast<float>(most * 1.001 + 300);
    std::vector<std::string> notes;
    const ScanInput after =
        to_input(scan_of(values), {.on_note = [&](const std::string& n) { notes.push_back(n); }});
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i == 500) continue;
      ASSERT_EQ(after.points.intensity[i], before.intensity[i]) << most << " " << i;
    }
    EXPECT_LE(after.points.intensity[500], 1.0F);
    ASSERT_FALSE(notes.empty());
    EXPECT_NE(notes[0].find("by its values"), std::string::npos) << notes[0];
  }
}

TEST(ScanInput, ValuesBeyondTheRangeAreItsEndsAndSaid) {
  std::vector<std::string> notes;
  const ScanInput input = to_input(scan_of<float>({-1, 0, 15, 30}),
                                   {.intensity_range = Interval{0, 20},
                                    .on_note = [&](const std::string& n) { notes.push_back(n); }});
  EXPECT_EQ(input.points.intensity, (std::vector<float>{0, 0, 0.75F, 1}));
  EXPECT_EQ(input.facts.outside, 2);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0], "2 intensities lie outside 0 to 20: they count as its ends");
}

TEST(ScanInput, PositionsAreSeenFromTheSensor) {
  Scan scan = scan_of(ramp<float>(1));
  scan.origin = {500000, 0, 0};
  scan.viewpoint = kIdentityPose;
  scan.viewpoint->at(0)[3] = 499999;
  scan.viewpoint->at(1)[3] = 2;
  scan.viewpoint->at(2)[3] = -3;
  const ScanInput input = to_input(scan);
  EXPECT_EQ(input.points.positions[0], (std::array<float, 3>{1, -2, 3}));
  EXPECT_FLOAT_EQ(input.points.positions[20][0], 3);
}

TEST(ScanInput, PositionsBeyondFloat32AreRefused) {
  Scan scan = scan_of(ramp<float>(1));
  scan.viewpoint = kIdentityPose;
  scan.viewpoint->at(1)[3] = 1e300;
  try {
    static_cast<void>(to_input(scan));
    FAIL() << "taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("point 0 is -1e+300 from the sensor"),
              std::string::npos)
        << error.what();
  }
}

// A column that is read as it is must be a float32.
TEST(ScanInput, WhatFloat32DoesNotHoldIsMissing) {
  Scan scan = scan_of(ramp<float>(1));
  std::vector<double> depth(static_cast<std::size_t>(scan.size()), 2.5);
  depth[3] = 1e39;
  depth[4] = std::numeric_limits<double>::quiet_NaN();
  scan.set("depth", depth);
  PointFeature feature{PointValue::column};
  feature.column = "depth";
  feature.missing = 9;
  std::vector<std::string> notes;
  InputOptions options{.features = {.features = {feature}},
                       .on_note = [&](const std::string& n) { notes.push_back(n); }};
  const ScanInput input = to_input(scan, options);
  EXPECT_EQ(input.facts.not_finite, 2);
  ASSERT_EQ(input.points.columns.size(), 1U);
  for (std::size_t i = 0; i < depth.size(); ++i) {
    EXPECT_EQ(input.points.columns[0].values[i], i == 3 || i == 4 ? 9.0F : 2.5F) << i;
  }
  EXPECT_EQ(notes, std::vector<std::string>{"2 values that the network reads are not finite, or "
                                            "not as float32, first depth of point 3: "
                                            "they count as what stands in for them"});
  options.strict = true;
  try {
    static_cast<void>(to_input(scan, options));
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "[scan_input] depth of point 3 is 1e+39, which float32 does not hold");
  }
}

TEST(ScanInput, WhatIsNotFiniteIsMissing) {
  std::vector<float> values = ramp<float>(1);
  const LabelledScan before = to_unlabelled(scan_of(values));
  values[7] = kNan;
  values[9] = std::numeric_limits<float>::infinity();
  std::vector<std::string> notes;
  const OnNote note = [&](const std::string& n) { notes.push_back(n); };
  const ScanInput input = to_input(scan_of(values), {.on_note = note});
  EXPECT_EQ(input.facts.not_finite, 2);
  EXPECT_EQ(notes.back(),
            "2 values that the network reads are not finite, first intensity of point 7: they "
            "count as 0");
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(input.points.intensity[i], i == 7 || i == 9 ? 0.0F : before.intensity[i]) << i;
  }
  try {
    static_cast<void>(to_input(scan_of(values), {.strict = true}));
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[scan_input] intensity of point 7 is nan");
  }
  // A network that reads no intensity does not care.
  const InputOptions height = {.features = {.features = {{PointValue::height}}}, .strict = true};
  EXPECT_EQ(to_input(scan_of(values), height).facts.not_finite, 0);
}

TEST(ScanInput, WhatNoColumnFillsIsSaidOrRefused) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  std::vector<std::string> notes;
  const OnNote note = [&](const std::string& n) { notes.push_back(n); };
  const InputOptions options = {
      .features = {.features = {{PointValue::intensity},
                                {.value = PointValue::red, .missing = 0.0}}},
      .on_note = note};
  const ScanInput input = to_input(scan, options);
  EXPECT_EQ(input.facts.missing, (std::vector<std::string>{"intensity", "red"}));
  EXPECT_EQ(input.points.colours.size(), 1U);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0], "the network reads intensity, red, which no column fills: taken as 0");
  EXPECT_THROW(static_cast<void>(to_input(scan, {.strict = true})), std::invalid_argument);
  // Nothing stands in for a colour.
  EXPECT_THROW(static_cast<void>(to_input(scan, {.features = {.features = {{PointValue::red}}}})),
               std::invalid_argument);
}

TEST(ScanInput, ColoursOfAnyTypeGoFrom0To1) {
  const InputOptions options = {.features = {.features = {{PointValue::red}}}};
  const auto reds = [&](auto values) {
    Scan scan;
    scan.positions.resize(values.size());
    for (const char* name : {"red", "green", "blue"}) scan.set(name, values);
    std::vector<float> out;
    for (const auto& colour : to_input(scan, options).points.colours) out.push_back(colour[0]);
    return out;
  };
  EXPECT_EQ(reds(std::vector<std::uint8_t>{0, 51, 255}), (std::vector<float>{0, 0.2F, 1}));
  EXPECT_EQ(reds(std::vector<std::uint16_t>{0, 13107, 65535}), (std::vector<float>{0, 0.2F, 1}));
  EXPECT_EQ(reds(std::vector<std::uint16_t>{0, 51, 255}), (std::vector<float>{0, 0.2F, 1}));
  EXPECT_EQ(reds(std::vector<float>{0, 0.2F, 1}), (std::vector<float>{0, 0.2F, 1}));
  std::vector<float> stray(1000, 0.5F);
  stray[3] = 1.001F;
  stray[4] = kNan;
  const std::vector<float> seen = reds(stray);
  EXPECT_EQ(seen[0], 0.5F);
  EXPECT_EQ(seen[3], 1.0F);
  EXPECT_EQ(seen[4], 0.0F);
}

TEST(ByteColours, AreNoneWhereOneStrayValueWouldBeClipped) {
  Scan scan;
  scan.positions.resize(1000);
  std::vector<float> values(1000, 0.5F);
  values[3] = 1.001F;
  for (const char* name : {"red", "green", "blue"}) scan.set(name, values);
  EXPECT_FALSE(byte_colours(scan).has_value());
  const auto clamped = byte_colours(scan, StrayColours::clamp);
  ASSERT_TRUE(clamped.has_value());
  EXPECT_EQ((*clamped)[0][0], 128);
  EXPECT_EQ((*clamped)[0][3], 255);
}

TEST(ScanInput, LabelsMayBeCalledClassification) {
  Scan scan = scan_of<float>({0, 1});
  scan.set("classification", std::vector<std::uint8_t>{40, 10});
  EXPECT_EQ(to_labelled(scan, street_classes()).labels,
            (std::vector<std::int32_t>{static_cast<std::int32_t>(StreetClass::road),
                                       static_cast<std::int32_t>(StreetClass::car)}));
}

class FeaturesFile : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("voxloom-features-" + std::to_string(::getpid()) + ".json");
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }

  std::filesystem::path path_;
};

TEST_F(FeaturesFile, ReadsBackWhatItSays) {
  const FeatureSet set = {.features = {{PointValue::red},
                                       {PointValue::green},
                                       {PointValue::blue},
                                       {PointValue::height}},
                          .intensity_range = {0, 255}};
  write(format_features(set));
  EXPECT_EQ(read_features(path_), set);
  write("{}");
  EXPECT_EQ(read_features(path_), FeatureSet{});
}

TEST_F(FeaturesFile, RefusesWhatIsNone) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "is no object"},
      {R"({"features": 3})", "\"features\" is not a list"},
      {R"({"features": ["hue"]})", "there is no feature \"hue\""},
      {R"({"features": []})", "there is none"},
      {R"({"features": ["red", "red"]})", "'red' stands twice"},
      {R"({"intensity_range": [1]})", "is not two numbers"},
      {R"({"intensity_range": [1, 0]})", "are no range"}};
  for (const auto& [text, reason] : cases) {
    write(text);
    try {
      static_cast<void>(read_features(path_));
      ADD_FAILURE() << text;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace voxloom::test
