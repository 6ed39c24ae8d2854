// The models for rooms and for land from the air, and the advice which of the three fits a scan.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/shell.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class WhichModel : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    for (const char* world : {"street", "rooms", "aerial"}) {
      const ShellResult made =
          run(fmt::format("simulate --world {} --scans 1 --split test --seed 5 --out '{}'", world,
                          in_folder(world)));
      ASSERT_EQ(made.exit_code, 0) << made.text;
    }
  }
  [[nodiscard]] std::string scan_of(const std::string& world) const {
    const fs::path name = world == "street" ? "000000.bin" : "000000.ply";
    return in_folder(world) + "/" + name.string();
  }
  [[nodiscard]] std::string segment(const std::string& scan, const std::string& model) const {
    const ShellResult done =
        run(fmt::format("segment '{}' --model {} --out '{}' --overwrite --no-pictures", scan, model,
                        in_folder("out")));
    EXPECT_EQ(done.exit_code, 0) << done.text;
    return done.text;
  }
};

TEST_F(WhichModel, IsSaidWhereAnotherFits) {
  for (const char* world : {"rooms", "aerial"}) {
    const std::string said = segment(scan_of(world), "street");
    EXPECT_NE(said.find(fmt::format("what --model {} was trained on", world)), std::string::npos)
        << said;
  }
  const std::string other = segment(scan_of("aerial"), "rooms");
  EXPECT_NE(other.find("what --model aerial was trained on"), std::string::npos) << other;
}

TEST_F(WhichModel, IsNotSaidOfTheOneThatFits) {
  for (const char* world : {"street", "rooms", "aerial"}) {
    const std::string said = segment(scan_of(world), world);
    EXPECT_EQ(said.find("was trained on"), std::string::npos) << said;
  }
  EXPECT_EQ(segment(scan_of("street"), "street_int8").find("was trained on"), std::string::npos);
}

TEST_F(WhichModel, IsSaidWhereTheScanIsRefused) {
  const auto refused = [&](const std::string& options) {
    const ShellResult done = run(fmt::format("segment '{}' {} --out '{}' --no-pictures",
                                             scan_of("aerial"), options, in_folder("none")));
    return done.text;
  };
  const std::string colourless = refused("--model street --drop red,green,blue");
  EXPECT_NE(colourless.find("--model aerial was trained on, which also reads red, green, blue"),
            std::string::npos)
      << colourless;
  const std::string room = refused("--model rooms --drop red");
  EXPECT_NE(room.find("reads red, and the scan has no such attribute"), std::string::npos) << room;
  EXPECT_NE(room.find("--model aerial"), std::string::npos) << room;
}

// Who brings a model is not told of others.
TEST_F(WhichModel, IsNotSaidOfAModelOfOnesOwn) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  fs::copy(fs::path(source) / "models" / "street.lattice", in_folder("street.lattice"));
  const std::string said = segment(scan_of("aerial"), "'" + in_folder("street.lattice") + "'");
  EXPECT_EQ(said.find("--model aerial"), std::string::npos) << said;
}

TEST_F(WhichModel, LabelsHeldOutRoomsAndLand) {
  for (const auto& [model, least] : {std::pair("rooms", 0.55), std::pair("aerial", 0.70)}) {
    const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
    ASSERT_NE(source, nullptr);
    const ShellResult done =
        run(fmt::format("eval '{}/models/{}.lattice' {} --split test --scans 3 --json '{}'", source,
                        model, model, in_folder("scores.json")));
    ASSERT_EQ(done.exit_code, 0) << done.text;
    std::ifstream file(in_folder("scores.json"));
    EXPECT_GE(nlohmann::json::parse(file)["mean_iou"].get<double>(), least) << done.text;
  }
}

// A survey as it is delivered: LAS in map coordinates, in another order of magnitude than the training's.
TEST_F(WhichModel, ASurveyInMapCoordinatesIsLabelled) {
  const ShellResult moved =
      run(fmt::format("convert '{}' '{}' --shift 448000 5411000 312 --drop label",
                      scan_of("aerial"), in_folder("survey.las")));
  ASSERT_EQ(moved.exit_code, 0) << moved.text;
  const std::string said = segment(in_folder("survey.las"), "aerial");
  EXPECT_EQ(said.find("was trained on"), std::string::npos) << said;
  const Scan truth = read_scan(scan_of("aerial")),
             labelled = read_scan(in_folder("out/survey.ply"));
  const auto expected = truth.find("label")->span<std::int32_t>();
  const auto labels = labelled.find("label")->span<std::int32_t>();
  ASSERT_EQ(labels.size(), expected.size());
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += labels[i] == expected[i] ? 1 : 0;
  EXPECT_GT(static_cast<double>(right), 0.95 * static_cast<double>(labels.size()));
}

}  // namespace
}  // namespace voxloom::test
