// What is told of a scan in pieces, by several processes, is what is told of it in one.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "data/input_survey.h"
#include "data/input_values.h"
#include "data/profile_survey.h"
#include "data/scan_rows.h"
#include "voxloom/dataset.h"
#include "voxloom/input_profile.h"

namespace voxloom::test {
namespace {

constexpr std::int64_t kSurveyed = 150'000;  // more than are sampled

// Stray values and some that are not finite; one of 100 or a few more decides on the range.
Scan surveyed_scan(double stray_share) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> unit(0, 1);
  Scan scan;
  std::vector<float> intensity, ring;
  std::array<std::vector<float>, 3> colours;
  for (std::int64_t i = 0; i < kSurveyed; ++i) {
    scan.positions.push_back({80 * unit(random) - 40.0, 60 * unit(random) - 30.0, unit(random)});
    intensity.push_back(unit(random) < stray_share ? 200 : unit(random));
    ring.push_back(i % 5000 == 4999 ? std::numeric_limits<float>::quiet_NaN() : i % 64);
    for (auto& channel : colours) channel.push_back(unit(random) < stray_share ? 255 : 0.5F);
  }
  scan.set("intensity", intensity);
  scan.set("ring", ring);
  for (std::size_t c = 0; c < 3; ++c) {
    scan.set(std::array{"red", "green", "blue"}.at(c), colours.at(c));
  }
  return scan;
}

Scan rows_of(const Scan& scan, std::int64_t begin, std::int64_t end) {
  Scan some = scan;
  some.positions = {scan.positions.begin() + begin, scan.positions.begin() + end};
  for (Column& column : some.attributes) {
    const auto values = column.span<float>();
    column.values = std::vector<float>(values.begin() + begin, values.begin() + end);
  }
  return some;
}

FeatureSet features_of_all() {
  return {.features = {{PointValue::intensity},
                       {PointValue::height},
                       {PointValue::distance},
                       {PointValue::red, {}, Frame::sensor, {}, 1, 0, 0.25},
                       {PointValue::green, {}, Frame::sensor, {}, 1, 0, 0.25},
                       {PointValue::blue, {}, Frame::sensor, {}, 1, 0, 0.25},
                       {PointValue::column, "ring", Frame::sensor, 64.0, 1, 0, 3.0}}};
}

// As several processes do it, each with some of the points.
ScanInput input_in_pieces(const Scan& scan, const InputOptions& options, std::int64_t of_process,
                          InputProfile& profile) {
  constexpr std::int64_t kPiece = 7001;
  const auto pieces = [&](std::int64_t begin, const auto& use) {
    const std::int64_t end = std::min(scan.size(), begin + of_process);
    for (std::int64_t at = begin; at < end; at += kPiece) {
      use(rows_of(scan, at, std::min(end, at + kPiece)), at);
    }
  };
  data::InputSurvey all(scan.size(), options);
  all.look(rows_of(scan, 0, 0), 0);
  for (std::int64_t begin = 0; begin < scan.size(); begin += of_process) {
    data::InputSurvey mine(scan.size(), options);
    pieces(begin, [&](const Scan& piece, std::int64_t at) { mine.look(piece, at); });
    all.add(mine.seen());
  }
  data::InputValues values(options, all.choices());
  data::ProfileSurvey survey(scan.size(), options.features);
  ScanInput out;
  static_cast<void>(values.of(rows_of(scan, 0, 0), 0));
  for (std::int64_t begin = 0; begin < scan.size(); begin += of_process) {
    InputOptions silent = options;
    silent.on_note = {};
    data::InputValues mine(silent, all.choices());
    data::ProfileSurvey seen(scan.size(), options.features);
    pieces(begin, [&](const Scan& piece, std::int64_t at) {
      const LabelledScan points = mine.of(piece, at);
      seen.look(points, at);
      const data::RowForm form(options.features);
      if (out.points.columns.empty()) out.points = form.empty();
      std::vector<float> row(form.size());
      for (std::size_t i = 0; i < points.positions.size(); ++i) {
        form.write(points, i, row.data());
        form.add(out.points, row.data());
      }
    });
    values.add(mine.replaced());
    survey.add(seen.seen());
  }
  out.facts = values.finish();
  profile = survey.profile();
  return out;
}

TEST(Survey, OfPiecesIsThatOfTheWhole) {
  for (const double stray_share : {0.002, 0.05}) {
    const Scan scan = surveyed_scan(stray_share);
    std::vector<std::string> said, said_in_pieces;
    InputOptions options{.features = features_of_all()};
    options.on_note = [&](const std::string& note) { said.push_back(note); };
    const ScanInput whole = to_input(scan, options);
    const InputProfile whole_profile = profile_of(whole.points, options.features);
    EXPECT_EQ(whole.facts.intensity->range.high, stray_share < 0.01 ? 1 : 255);
    EXPECT_EQ(whole.facts.not_finite, kSurveyed / 5000);
    for (const std::int64_t of_process : {kSurveyed, kSurveyed / 3 + 11}) {
      said_in_pieces.clear();
      options.on_note = [&](const std::string& note) { said_in_pieces.push_back(note); };
      InputProfile profile;
      const ScanInput cut = input_in_pieces(scan, options, of_process, profile);
      EXPECT_TRUE(cut.points == whole.points);
      EXPECT_EQ(said_in_pieces, said);
      EXPECT_EQ(cut.facts.sources, whole.facts.sources);
      EXPECT_EQ(cut.facts.outside, whole.facts.outside);
      EXPECT_EQ(profile, whole_profile);
    }
  }
}

TEST(Survey, SixteenBitsAreLookedAtInFull) {
  Scan scan;
  scan.positions.resize(kSurveyed);
  std::vector<std::uint16_t> intensity(kSurveyed, 9);
  intensity[77'777] = 4000;  // between the points of an even choice
  scan.set("intensity", intensity);
  data::IntensitySurvey survey(kSurveyed, {});
  survey.look(scan, 0);
  EXPECT_EQ(survey.choice()->range.high, 4095);
  data::IntensitySurvey other(kSurveyed, {});
  other.look(Scan(scan), 0);
  other.add(65000, {});
  EXPECT_EQ(other.choice()->range.high, 65535);
}

// Float64 that float32 does not hold, met by another process alone.
TEST(Survey, SaysWhatOthersFoundBeyondFloat32) {
  Scan scan;
  scan.positions.resize(3);
  scan.set("ring", std::vector<double>{1, 1e39, 2});
  std::vector<std::string> said, said_of_others;
  InputOptions options{
      .features = {.features = {{PointValue::column, "ring", Frame::sensor, 64.0}}}};
  options.on_note = [&](const std::string& note) { said.push_back(note); };
  data::InputValues whole(options, {});
  static_cast<void>(whole.of(scan, 0));
  static_cast<void>(whole.finish());
  options.on_note = [&](const std::string& note) { said_of_others.push_back(note); };
  data::InputValues first(options, {}), other(options, {});
  Scan head = scan;
  head.positions.clear();
  head.set("ring", std::vector<double>{});
  static_cast<void>(first.of(head, 0));
  static_cast<void>(other.of(scan, 0));
  first.add(other.replaced());
  static_cast<void>(first.finish());
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("or not as float32"), std::string::npos) << said[0];
  EXPECT_EQ(said_of_others, said);
}

TEST(Survey, RefusesWhatIsNone) {
  data::InputSurvey survey(10, {});
  EXPECT_THROW(survey.add(std::vector<double>{1}), std::invalid_argument);
  EXPECT_THROW(survey.add(std::vector<double>{0, 0, 5, 1}), std::invalid_argument);
  data::ProfileSurvey profile(10, {});
  EXPECT_THROW(profile.add(std::vector<std::byte>(12)), std::invalid_argument);
}

}  // namespace
}  // namespace voxloom::test
