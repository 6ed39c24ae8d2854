// One scan as different tools would write it: in other units, under other names, at another place, with a broken
// value. The bundled model gives all of them the labels of the plain one.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/shell.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;
using Labels = std::vector<std::int32_t>;

class FieldScan : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    const ShellResult done = run(fmt::format(
        "simulate --scans 1 --split test --sensor vlp16 --seed 2 --out '{}'", in_folder("sim")));
    ASSERT_EQ(done.exit_code, 0) << done.text;
    scan_ = read_scan(in_folder("sim/000000.bin"));
    scan_.attributes.resize(1);  // the intensity
    ASSERT_EQ(scan_.attributes[0].name, "intensity");
    write_scan(in_folder("plain.ply"), scan_);
    plain_ = labels("plain.ply", "");
    ASSERT_EQ(static_cast<std::int64_t>(plain_.size()), scan_.size());
  }

  [[nodiscard]] ShellResult segment(const std::string& file, const std::string& options) const {
    const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
    return run(
        fmt::format("segment '{}' --model '{}/models/street.lattice' --out '{}' --json '{}' "
                    "--no-pictures {}",
                    in_folder(file), source == nullptr ? "." : source, in_folder("out"),
                    in_folder("report.json"), options));
  }
  Labels labels(const std::string& file, const std::string& options) {
    said_ = segment(file, options);
    EXPECT_EQ(said_.exit_code, 0) << said_.text;
    const Scan result = read_scan(in_folder("out/" + fs::path(file).stem().string() + ".ply"));
    std::ifstream json(in_folder("report.json"));
    report_ = nlohmann::json::parse(json)[0];
    for (const float confidence : result.find("confidence")->span<float>()) {
      EXPECT_TRUE(confidence > 0 && confidence <= 1) << confidence;
    }
    const auto span = result.find("label")->span<std::int32_t>();
    return {span.begin(), span.end()};
  }
  [[nodiscard]] std::vector<float> intensity() const {
    const auto span = scan_.find("intensity")->span<float>();
    return {span.begin(), span.end()};
  }
  [[nodiscard]] std::size_t differences(const Labels& other) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < plain_.size(); ++i) count += plain_[i] == other[i] ? 0U : 1U;
    return count;
  }
  [[nodiscard]] bool said(const std::string& text) const {
    return said_.text.find(text) != std::string::npos;
  }

  Scan scan_;
  Labels plain_;
  ShellResult said_;
  nlohmann::json report_;
};

TEST_F(FieldScan, UnderAnotherName) {
  Scan scan = scan_;
  scan.attributes[0].name = "reflectance";
  write_scan(in_folder("a.ply"), scan);
  EXPECT_EQ(labels("a.ply", ""), plain_);
  EXPECT_TRUE(said("'reflectance' as intensity")) << said_.text;
  EXPECT_TRUE(said("intensity is taken to go from 0 to 1, by its values")) << said_.text;
  EXPECT_EQ(report_["input"]["intensity"]["range"], nlohmann::json({0.0, 1.0}));
  EXPECT_EQ(report_["input"]["intensity"]["told_by"], "values");

  scan.attributes[0].name = "gain";
  write_scan(in_folder("b.ply"), scan);
  EXPECT_EQ(labels("b.ply", "--column intensity=gain --strict"), plain_);
  EXPECT_NE(labels("b.ply", ""), plain_);
  EXPECT_TRUE(said("the network reads intensity, which no column fills")) << said_.text;
  const ShellResult strict = segment("b.ply", "--strict");
  EXPECT_EQ(strict.exit_code, 1);
  EXPECT_NE(strict.text.find("the scan has no such attribute"), std::string::npos) << strict.text;
}

TEST_F(FieldScan, InAnotherUnit) {
  const std::vector<float> shares = intensity();
  for (const double full : {255.0, 4095.0}) {
    Scan scan = scan_;
    std::vector<float> values;
    for (const float share : shares) {
      values.push_back(static_cast<float>(static_cast<double>(share) * full));
    }
    scan.set("intensity", values);
    write_scan(in_folder("a.ply"), scan);
    EXPECT_LT(differences(labels("a.ply", "")), 20U) << full;
    EXPECT_EQ(report_["input"]["intensity"]["range"][1], full);
    EXPECT_TRUE(said(fmt::format("0..{}", full))) << said_.text;
  }
}

TEST_F(FieldScan, With12BitsInLas) {
  Scan scan = scan_;
  std::vector<std::uint16_t> values;
  for (const float share : intensity()) {
    values.push_back(static_cast<std::uint16_t>(std::lround(share * 4095.0F)));
  }
  scan.set("intensity", values);
  write_scan(in_folder("a.las"), scan);
  // Positions are rounded to millimetres, and intensities: a few points at the rim of a voxel change it.
  EXPECT_LT(differences(labels("a.las", "")), plain_.size() / 100);
  EXPECT_EQ(report_["input"]["intensity"]["range"], nlohmann::json({0.0, 4095.0}));
  EXPECT_TRUE(said("by its type and values")) << said_.text;
  EXPECT_GT(differences(labels("a.las", "--intensity-range 0 65535")), plain_.size() / 100);
  EXPECT_EQ(report_["input"]["intensity"]["told_by"], "caller");
}

TEST_F(FieldScan, WithOneStrayIntensity) {
  std::vector<float> values = intensity();
  values[7] = 1.001F;
  Scan scan = scan_;
  scan.set("intensity", values);
  write_scan(in_folder("a.ply"), scan);
  // Near that point a few may change.
  EXPECT_LT(differences(labels("a.ply", "")), 100U);
  EXPECT_TRUE(said("1 intensities lie outside 0 to 1")) << said_.text;
}

TEST_F(FieldScan, WithOneValueThatIsNone) {
  for (const float wrong :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> values = intensity();
    values[7] = wrong;
    Scan scan = scan_;
    scan.set("intensity", values);
    write_scan(in_folder("a.ply"), scan);
    EXPECT_LT(differences(labels("a.ply", "")), 100U);
    EXPECT_TRUE(said("1 values that the network reads are not finite, first intensity of point 7"))
        << said_.text;
    EXPECT_EQ(report_["input"]["not_finite"], 1);
    const ShellResult strict = segment("a.ply", "--strict");
    EXPECT_EQ(strict.exit_code, 1);
    EXPECT_NE(strict.text.find("a.ply: [scan_input] intensity of point 7 is "), std::string::npos)
        << strict.text;
  }
}

// Whole voxels of 0.2 m, and the sensor with them.
TEST_F(FieldScan, AtAnotherPlace) {
  const std::vector<std::array<double, 3>> places = {
      {4096, -2048, 0}, {1000, 0, 0}, {448262.2, 5411932.4, 120.6}, {-5e6, 5e6, 0.2}};
  for (const auto& place : places) {
    Scan moved = scan_;
    moved.position_type = ColumnType::f64;
    for (auto& p : moved.positions) {
      for (std::size_t axis = 0; axis < 3; ++axis) p[axis] += place[axis];
    }
    write_scan(in_folder("moved.ply"), moved);
    EXPECT_EQ(differences(labels("moved.ply",
                                 fmt::format("--sensor {} {} {}", place[0], place[1], place[2]))),
              0U)
        << place[0];
    EXPECT_FALSE(said("the sensor is taken")) << said_.text;
  }
}

// Far from 0 on one axis is far: the sensor is taken to be in the middle on all of them, and nowhere else.
TEST_F(FieldScan, AtAnotherPlaceAndNobodySaysWhereTheSensorStood) {
  struct Case {
    std::array<double, 3> by;
    bool is_far;
  };
  for (const auto& [by, is_far] :
       {Case{{1000, 0, 0}, false}, Case{{9000, -2048, 0}, true},
        Case{{448262.2, 5411932.4, 120.6}, true}, Case{{-5e6, 5e6, 0.2}, true}}) {
    Scan moved = scan_;
    moved.position_type = ColumnType::f64;
    for (auto& p : moved.positions) {
      for (std::size_t axis = 0; axis < 3; ++axis) p[axis] += by[axis];
    }
    write_scan(in_folder("moved.ply"), moved);
    const Labels guessed = labels("moved.ply", "");
    EXPECT_EQ(said("the scan's middle; --sensor tells"), is_far) << said_.text;
    EXPECT_EQ(said("the sensor is taken to be at 0 0 0, outside the scan"), !is_far) << said_.text;
    if (!is_far) continue;
    const std::array<double, 3> place = sensor_place(read_scan(in_folder("moved.ply")));
    for (std::size_t axis = 0; axis < 3; ++axis) EXPECT_NEAR(place[axis], by[axis], 30) << axis;
    EXPECT_EQ(labels("moved.ply", fmt::format("--sensor {} {} {}", place[0], place[1], place[2])),
              guessed);
  }
}

// A corner of the lattice is no place of a sensor.
TEST_F(FieldScan, InAFileWhoseOffsetIsItsCorner) {
  Scan scan = scan_;
  scan.position_type = ColumnType::f64;
  for (auto& p : scan.positions) {
    p[0] += 448262;
    p[1] += 5411932;
  }
  scan.quantization = Quantization{.offset = {448100, 5411800, 0}};
  write_scan(in_folder("map.las"), scan);
  static_cast<void>(labels("map.las", ""));
  EXPECT_FALSE(said("taken to be at 448100 5411800")) << said_.text;
  EXPECT_TRUE(said("taken to be at 4482")) << said_.text;
  EXPECT_TRUE(said("the scan's middle")) << said_.text;
}

TEST_F(FieldScan, VoxelsMoveWithIt) {
  const auto voxels = [&](const std::string& file) {
    const ShellResult done =
        run(fmt::format("voxelize '{}' '{}' --size 0.2", in_folder(file), in_folder("voxels.st")));
    EXPECT_EQ(done.exit_code, 0) << done.text;
    const std::string text = done.text.substr(0, done.text.rfind(" voxels"));
    return std::stoll(text.substr(text.rfind(' ') + 1));
  };
  const auto before = voxels("plain.ply");
  Scan moved = scan_;
  moved.position_type = ColumnType::f64;
  for (auto& p : moved.positions) {
    p[0] += 448262.2;
    p[1] += 5411932.4;
  }
  write_scan(in_folder("moved.ply"), moved);
  EXPECT_EQ(voxels("moved.ply"), before);
}

TEST_F(FieldScan, KeepsItsColumnsInEveryFormat) {
  Scan scan = scan_;
  std::vector<std::int64_t> stamps;
  for (std::int64_t i = 0; i < scan.size(); ++i) stamps.push_back(1'700'000'000'123'456'789 + i);
  scan.set("stamp", stamps);
  std::vector<float> broken(stamps.size(), std::numeric_limits<float>::quiet_NaN());
  scan.set("quality", broken);  // which nobody reads
  write_scan(in_folder("a.npz"), scan);
  for (const std::string format : {"ply", "las", "pcd", "npz", "csv"}) {
    const ShellResult done = segment("a.npz", "--strict --format " + format);
    ASSERT_EQ(done.exit_code, 0) << done.text;
    const Scan result = read_scan(in_folder("out/a." + format));
    EXPECT_EQ(result.size(), scan.size()) << format;
    EXPECT_NE(result.find("quality"), nullptr) << format;
    const Column* label = result.find(format == "las" ? "classification" : "label");
    ASSERT_NE(label, nullptr) << format;
    std::size_t equal = 0;
    for (std::size_t i = 0; i < plain_.size(); ++i) {
      equal += label->as_double(static_cast<std::int64_t>(i)) == plain_[i] ? 1U : 0U;
    }
    EXPECT_EQ(equal, plain_.size()) << format;
    if (format == "ply") {
      EXPECT_NE(done.text.find("stamp becomes stamp_high and stamp_low"), std::string::npos);
      EXPECT_NE(result.find("stamp_high"), nullptr);
    } else {
      EXPECT_EQ(result.find("stamp")->as_double(5), static_cast<double>(stamps[5])) << format;
    }
  }
}

TEST_F(FieldScan, SaysBeforehandWhereItsReportCannotGo) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  const ShellResult done = run(fmt::format(
      "segment '{}' --model '{}/models/street.lattice' --out '{}' --json '{}/no/a.json'",
      in_folder("plain.ply"), source, in_folder("early"), in_folder("none")));
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_NE(done.text.find("none/no/a.json': No such file or directory"), std::string::npos)
      << done.text;
  EXPECT_FALSE(fs::exists(in_folder("early")));
}

TEST_F(FieldScan, SensorsThatAreNowhereAreRefused) {
  for (const char* place : {"1e300 0 0", "0 nan 0", "0 0 -2e12"}) {
    const ShellResult done = segment("plain.ply", fmt::format("--sensor {}", place));
    EXPECT_EQ(done.exit_code, 2) << done.text;
    EXPECT_NE(done.text.find("is no coordinate between"), std::string::npos) << done.text;
  }
}

// Models that come with the program have names, for whatever takes a model.
TEST_F(FieldScan, ModelsAreFoundByTheirNames) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  const std::string there = fmt::format("cd '{}' && ", source);
  const std::string program = "\"$VOXLOOM_PROGRAM\" ";
  for (const char* name : {"street", "street.lattice", "street_int8"}) {
    for (const std::string& command :
         {fmt::format("info {}", name), fmt::format("verify {}", name),
          fmt::format("eval {} street --scans 1", name),
          fmt::format("segment '{}' --model {} --no-pictures --out '{}'", in_folder("plain.ply"),
                      name, in_folder("named"))}) {
      const ShellResult done = run_shell(there + program + command);
      EXPECT_EQ(done.exit_code, 0) << command << done.text;
    }
  }
  const ShellResult exported =
      run_shell(there + program + fmt::format("export street '{}'", in_folder("plain.lattice")));
  EXPECT_EQ(exported.exit_code, 0) << exported.text;
  for (const char* command : {"info", "verify", "run --inputs x --output y"}) {
    const ShellResult none = run(fmt::format("{} nothing_of_that_name", command));
    EXPECT_EQ(none.exit_code, 1) << none.text;
    EXPECT_NE(none.text.find("there is no model 'nothing_of_that_name'; looked for "),
              std::string::npos)
        << none.text;
  }
}

// Found before the network runs: nothing but the message.
TEST_F(FieldScan, SaysBeforehandWhatCannotBeWritten) {
  Scan scan = scan_;
  scan.set("a name that is longer than the thirty-two bytes of LAS", intensity());
  write_scan(in_folder("a.npz"), scan);
  const ShellResult done = segment("a.npz", "--format las");
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_NE(done.text.find("longer than 32 bytes"), std::string::npos) << done.text;
  EXPECT_FALSE(fs::exists(in_folder("out/a.las")));
}

TEST_F(FieldScan, ThroughPipes) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  const ShellResult pipe = run(
      fmt::format("convert '{0}' - --to pcd 2>/dev/null | \"$VOXLOOM_PROGRAM\" segment - --model "
                  "'{1}/models/street.lattice' --out '{2}' --no-pictures",
                  in_folder("plain.ply"), source, in_folder("out")));
  EXPECT_EQ(pipe.exit_code, 0) << pipe.text;
  const Scan result = read_scan(in_folder("out/stdin.ply"));
  const auto span = result.find("label")->span<std::int32_t>();
  EXPECT_EQ(differences({span.begin(), span.end()}), 0U);

  const ShellResult page = run(fmt::format("view - --out - < '{}'", in_folder("plain.ply")));
  EXPECT_EQ(page.exit_code, 0);
  EXPECT_NE(page.text.find("<!DOCTYPE html>"), std::string::npos) << page.text.substr(0, 200);
  EXPECT_EQ(run(fmt::format("convert '{}' -", in_folder("plain.ply"))).exit_code, 2);
}

}  // namespace
}  // namespace voxloom::test
