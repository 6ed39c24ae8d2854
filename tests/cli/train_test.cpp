// voxloom train and eval as their user meets them: a small folder of scans, a run, its files, a kill
// and a resumption. No test looks at a time.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/shell.h"
#include "oracle/random.h"
#include "support/npy.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class TrainCommand : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    write_boxes(3, 240);
  }

  void write_config(const std::string& name, std::int64_t steps,
                    const std::string& more = "") const {
    std::ofstream(in_folder(name)) << fmt::format(
        R"({{"data": {{"folder": "{0}"}}, "validation": {{"folder": "{0}", "cache": true}},
            "model": {{"depth": 14, "width": 0.25}}, "voxel_size": 0.5, "steps": {1}, "rate": 0.01,
            "warmup": 1, "evaluate_every": 4, "save_every": 2,
            "class_weights": "balanced"{2}}})",
        in_folder("scans"), steps, more);
  }
  [[nodiscard]] ShellResult train(const std::string& arguments) const {
    return run("train " + arguments);
  }
  [[nodiscard]] std::vector<nlohmann::json> metrics(const std::string& run_name) const {
    std::vector<nlohmann::json> lines;
    std::ifstream in(in_folder(run_name + "/metrics.jsonl"));
    for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
};

TEST_F(TrainCommand, LeavesARunThatEvalCanJudge) {
  write_config("config.json", 8);
  const ShellResult result =
      train(fmt::format("'{}' --out '{}'", in_folder("config.json"), in_folder("run")));
  ASSERT_EQ(result.exit_code, 0) << result.text;
  EXPECT_NE(result.text.find("8 steps, 3 scans, 2 classes"), std::string::npos) << result.text;
  EXPECT_NE(result.text.find("step 8/8"), std::string::npos) << result.text;
  EXPECT_NE(result.text.find("validation mIoU"), std::string::npos);
  EXPECT_NE(result.text.find("box"), std::string::npos);
  EXPECT_EQ(result.text.find('\x1b'), std::string::npos) << "progress is for terminals";
  for (const char* name : {"config.json", "classes.json", "checkpoint.safetensors", "model.lattice",
                           "model_int8.lattice"}) {
    EXPECT_TRUE(fs::exists(in_folder("run") + "/" + name)) << name;
  }
  EXPECT_EQ(bytes_of("run/curves.png").substr(1, 3), "PNG");
  const auto lines = metrics("run");
  ASSERT_EQ(lines.size(), 10U);  // and two evaluations
  EXPECT_TRUE(lines.front()["loss"].is_number());
  EXPECT_TRUE(lines.back()["validation_iou"]["floor"].is_number());

  const ShellResult seen =
      run(fmt::format("eval '{}' '{}' --json '{}'", in_folder("run/model.lattice"),
                      in_folder("scans"), in_folder("scores.json")));
  ASSERT_EQ(seen.exit_code, 0) << seen.text;
  std::ifstream scores(in_folder("scores.json"));
  const auto json = nlohmann::json::parse(scores);
  EXPECT_EQ(json["classes"][1]["name"], "box");
  EXPECT_EQ(json["classes"][1]["points"], 240);
  // The bundle is the network: it scores what the last evaluation scored.
  EXPECT_NEAR(json["mean_iou"].get<double>(), lines.back()["validation_mean_iou"].get<double>(),
              0.01);
}

TEST_F(TrainCommand, AKilledRunEndsWithTheSameBits) {
  write_config("config.json", 9);
  ASSERT_EQ(
      train(fmt::format("'{}' --out '{}'", in_folder("config.json"), in_folder("whole"))).exit_code,
      0);
  // Killed as soon as there is a checkpoint.
  const ShellResult killed = run(fmt::format(
      "train '{0}' --out '{1}' & p=$!; while [ ! -f '{1}/checkpoint.safetensors' ]; do sleep 0.01; "
      "done; kill -9 $p; wait $p",
      in_folder("config.json"), in_folder("killed")));
  ASSERT_TRUE(fs::exists(in_folder("killed/checkpoint.safetensors"))) << killed.text;
  const ShellResult resumed = train(fmt::format("--resume '{}'", in_folder("killed")));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.text;
  EXPECT_TRUE(bytes_of("whole/checkpoint.safetensors") ==
              bytes_of("killed/checkpoint.safetensors"));
  EXPECT_TRUE(bytes_of("whole/model.lattice/weights.safetensors") ==
              bytes_of("killed/model.lattice/weights.safetensors"));
  std::int64_t step = 0;
  for (const auto& line : metrics("killed")) {
    if (!line.contains("loss")) continue;
    EXPECT_EQ(line["step"], ++step);
  }
  EXPECT_EQ(step, 9);
}

// At every place between the end of the training and the end of the program.
TEST_F(TrainCommand, AFinishedRunCanBeResumed) {
  write_config("config.json", 4);
  ASSERT_EQ(
      train(fmt::format("'{}' --out '{}'", in_folder("config.json"), in_folder("run"))).exit_code,
      0);
  const std::string weights = bytes_of("run/model.lattice/weights.safetensors");
  const std::string metrics_before = bytes_of("run/metrics.jsonl");
  for (const char* missing : {"nothing", "run/model_int8.lattice", "run/model.lattice",
                              "run/model.lattice/classes.json"}) {
    fs::remove_all(in_folder(missing));
    const ShellResult again = train(fmt::format("--resume '{}'", in_folder("run")));
    EXPECT_EQ(again.exit_code, 0) << missing << again.text;
    EXPECT_TRUE(bytes_of("run/model.lattice/weights.safetensors") == weights);
    EXPECT_TRUE(fs::exists(in_folder("run/model_int8.lattice/classes.json")));
    EXPECT_EQ(bytes_of("run/metrics.jsonl"), metrics_before);
  }
}

// What a killed run says of its steps is what one says that was not killed.
TEST_F(TrainCommand, AResumedRunHasTheSameMetrics) {
  write_config("config.json", 9);
  ASSERT_EQ(
      train(fmt::format("'{}' --out '{}'", in_folder("config.json"), in_folder("whole"))).exit_code,
      0);
  const ShellResult stopped = run(fmt::format(
      "train '{0}' --out '{1}' & p=$!; while [ ! -f '{1}/checkpoint.safetensors' ]; do sleep 0.01; "
      "done; kill -9 $p; wait $p",
      in_folder("config.json"), in_folder("killed")));
  std::ofstream(in_folder("killed/checkpoint.safetensors.tmp-999999999-0")) << "unfinished";
  std::ofstream(in_folder("killed/metrics.jsonl"), std::ios::app) << "{\"step\": 3, \"lo";
  ASSERT_EQ(train(fmt::format("--resume '{}'", in_folder("killed"))).exit_code, 0) << stopped.text;
  auto whole = metrics("whole"), killed = metrics("killed");
  ASSERT_EQ(killed.size(), whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (auto* line : {&whole[i], &killed[i]}) line->erase("seconds");
    EXPECT_EQ(killed[i], whole[i]);
  }
  EXPECT_FALSE(fs::exists(in_folder("killed/checkpoint.safetensors.tmp-999999999-0")));
}

TEST_F(TrainCommand, ARefusedConfigurationLeavesNoFolder) {
  for (const char* more : {R"(, "batch_size": 0)", R"(, "clip": -1)"}) {
    write_config("odd.json", 2, more);
    EXPECT_NE(
        train(fmt::format("'{}' --out '{}'", in_folder("odd.json"), in_folder("run"))).exit_code,
        0);
    EXPECT_FALSE(fs::exists(in_folder("run"))) << more;
  }
}

// What only the first step finds: the folder could neither be continued nor, with a run in it, begun anew.
TEST_F(TrainCommand, ARunWithoutAStepLeavesNoFolder) {
  std::ofstream(in_folder("odd.json")) << fmt::format(
      R"({{"data": {{"folder": "{}"}}, "model": {{"depth": 14, "width": 0.25}},
          "voxel_size": 1e-30, "steps": 2}})",
      in_folder("scans"));
  const std::string odd = fmt::format("'{}' --out '{}'", in_folder("odd.json"), in_folder("run"));
  const ShellResult failed = train(odd);
  EXPECT_EQ(failed.exit_code, 1) << failed.text;
  EXPECT_NE(failed.text.find("32 bits"), std::string::npos) << failed.text;
  EXPECT_FALSE(fs::exists(in_folder("run")));
  // What stood there stays.
  fs::create_directory(in_folder("run"));
  std::ofstream(in_folder("run/notes.txt")) << "mine";
  EXPECT_EQ(train(odd).exit_code, 1);
  EXPECT_EQ(bytes_of("run/notes.txt"), "mine");
  EXPECT_EQ(std::distance(fs::directory_iterator(in_folder("run")), {}), 1);
}

TEST_F(TrainCommand, PointsThatAreNowhereAreLeftOutAndCounted) {
  std::fstream bin(in_folder("scans/1.bin"), std::ios::binary | std::ios::in | std::ios::out);
  const float broken = std::numeric_limits<float>::quiet_NaN();
  bin.seekp(4 * 16);
  bin.write(reinterpret_cast<const char*>(&broken), sizeof(broken));
  bin.close();
  write_config("config.json", 4);
  const ShellResult done =
      train(fmt::format("'{}' --out '{}'", in_folder("config.json"), in_folder("run")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const std::string said = "1.bin: 1 points that are not finite are left out";
  EXPECT_NE(done.text.find(said), std::string::npos) << done.text;
  const ShellResult measured =
      run(fmt::format("eval '{}' '{}'", in_folder("run/model.lattice"), in_folder("scans")));
  EXPECT_EQ(measured.exit_code, 0) << measured.text;
  EXPECT_NE(measured.text.find(said), std::string::npos) << measured.text;
}

TEST_F(TrainCommand, CtrlCSavesAndSaysHowToGoOn) {
  write_config("config.json", 1000000);
  const ShellResult result = run(fmt::format(
      "train '{0}' --out '{1}' & p=$!; while [ ! -s '{1}/metrics.jsonl' ]; do sleep 0.01; done; "
      "kill -INT $p; wait $p; echo code $?",
      in_folder("config.json"), in_folder("run")));
  EXPECT_NE(result.text.find("code 130"), std::string::npos) << result.text;
  EXPECT_NE(result.text.find(fmt::format("voxloom train --resume {}", in_folder("run"))),
            std::string::npos)
      << result.text;
  EXPECT_TRUE(fs::exists(in_folder("run/checkpoint.safetensors")));
}

TEST_F(TrainCommand, RefusesWhatItDoesNotKnow) {
  const auto refuses = [&](const std::string& arguments, const std::string& text) {
    const ShellResult result = run(arguments);
    EXPECT_NE(result.exit_code, 0) << arguments;
    EXPECT_NE(result.text.find(text), std::string::npos) << result.text;
  };
  const auto with = [&](const std::string& more) {
    write_config("odd.json", 2, more);
    return fmt::format("train '{}' --out '{}'", in_folder("odd.json"), in_folder("odd"));
  };
  refuses(with(R"(, "ratee": 1)"), "there is no setting \"ratee\"");
  refuses(with(R"(, "epochs": "many")"), "\"epochs\" is \"many\"");
  refuses(with(R"(, "optimizer": {"rule": "adam"})"), "\"optimizer\": \"rule\" is \"adam\"");
  refuses(with(R"(, "batch_size": 0)"), "should be at least 1");
  std::ofstream(in_folder("odd.json"))
      << fmt::format(R"({{"data": {{"folder": "{}"}}, "voxel_size": 0}})", in_folder("scans"));
  refuses(fmt::format("train '{}' --out '{}'", in_folder("odd.json"), in_folder("odd")),
          "the voxel size should be above 0");
  EXPECT_FALSE(fs::exists(in_folder("odd"))) << "it could neither be started nor continued";
  refuses("train", "give either a configuration or --resume RUN");
  // What a run that goes on would pass over.
  for (const char* option : {"--steps 5", "--data scans", "--out other", "--strict",
                             "--column intensity=i", "--from ply", "--drop a"}) {
    const ShellResult result = run(fmt::format("train --resume run {}", option));
    EXPECT_EQ(result.exit_code, 2) << option << result.text;
    EXPECT_NE(result.text.find("--resume "), std::string::npos) << result.text;
  }
  // And what simulated streets would.
  for (const char* option : {"--strict", "--column intensity=i", "--intensity-range 0 1"}) {
    const ShellResult result = run(fmt::format("train street --print-config {}", option));
    EXPECT_EQ(result.exit_code, 2) << option << result.text;
    EXPECT_NE(result.text.find("the data are simulated"), std::string::npos) << result.text;
  }
  for (const char* name : {R"("parts": ["0"])", R"("strict": true)", R"("classes": "dales")",
                           R"("split": "list.txt")", R"("columns": {"intensity": "i"})"}) {
    std::ofstream(in_folder("street.json"))
        << fmt::format(R"({{"data": {{"street": {{"scans": 1}}, {}}}}})", name);
    refuses(fmt::format("train '{}' --print-config", in_folder("street.json")),
            "beside a \"street\" stand \"cache\" and \"crop\"");
  }
  refuses(fmt::format("train --resume '{}'", in_folder("nowhere")), "there is no config.json");
  refuses(fmt::format("train '{}'", in_folder("nowhere.json")), "[train] ");
  std::ofstream(in_folder("broken.json")) << "{";
  refuses(fmt::format("train '{}'", in_folder("broken.json")), "is not JSON");
  refuses(fmt::format("eval '{}' street", in_folder("nowhere.lattice")), "nowhere.lattice");
  const std::string model = "'" + in_folder("nowhere.lattice") + "'";
  refuses("eval " + model + " street --strict", "the data are simulated");
  refuses("eval " + model + " street --parts 00", "--classes and --parts are of a folder");
  refuses("eval " + model + " scans --scans 3", "--scans and --seed are of made-up worlds");
  refuses("eval " + model + " scans --seed 0", "--scans and --seed are of made-up worlds");

  fs::create_directory(in_folder("taken"));
  std::ofstream(in_folder("taken/config.json")) << "{}";
  write_config("good.json", 2);
  refuses(fmt::format("train '{}' --out '{}'", in_folder("good.json"), in_folder("taken")),
          "holds a run already");
}

// One broken intensity is a warning that names the file and the point, once, however often the scan is read.
TEST_F(TrainCommand, SaysWhatItReplacesAndRefusesItWhenAsked) {
  std::fstream bin(in_folder("scans/1.bin"), std::ios::binary | std::ios::in | std::ios::out);
  const float broken = std::numeric_limits<float>::quiet_NaN();
  bin.seekp(4 * 16 + 12);
  bin.write(reinterpret_cast<const char*>(&broken), sizeof(broken));
  bin.close();
  write_config("config.json", 4);
  const std::string said =
      "1.bin: 1 values that the network reads are not finite, first intensity of point 4";
  const auto count = [&](const std::string& text) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(said, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  const ShellResult done =
      train(fmt::format("'{}' --out '{}'", in_folder("config.json"), in_folder("run")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  EXPECT_EQ(count(done.text), 2U) << "the training data's, and the validation's\n" << done.text;
  const ShellResult measured =
      run(fmt::format("eval '{}' '{}' --json '{}'", in_folder("run/model.lattice"),
                      in_folder("scans"), in_folder("score.json")));
  ASSERT_EQ(measured.exit_code, 0) << measured.text;
  EXPECT_EQ(count(measured.text), 1U) << measured.text;
  std::ifstream file(in_folder("score.json"));
  const auto notes = nlohmann::json::parse(file)["notes"];
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(count(notes[0]), 1U);
  for (const std::string& command :
       {fmt::format("train '{}' --out '{}' --strict", in_folder("config.json"), in_folder("no")),
        fmt::format("eval '{}' '{}' --strict", in_folder("run/model.lattice"),
                    in_folder("scans"))}) {
    const ShellResult strict = run(command);
    EXPECT_EQ(strict.exit_code, 1);
    EXPECT_NE(strict.text.find("1.bin: [scan_input] intensity of point 4 is nan"),
              std::string::npos)
        << strict.text;
    EXPECT_FALSE(fs::exists(in_folder("no")));
  }
}

// Two classes that differ by their colour alone, as scenes of arrays.
class ColouredScenes : public ShellTest {
 protected:
  static constexpr int kPoints = 400;

  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    for (int scene = 0; scene < 2; ++scene) write_scene(fmt::format("room{}", scene), scene);
    std::ofstream(in_folder("scenes/classes.json"))
        << R"({"classes": [{"name": "sofa", "values": [3]}, {"name": "wall", "values": [5]}],
               "ignored": [-1]})";
    std::ofstream(in_folder("config.json")) << fmt::format(
        R"({{"data": {{"folder": "{}", "strict": true}}, "features": ["red", "green", "blue"],
            "model": {{"depth": 14, "width": 0.125}}, "voxel_size": 0.02, "steps": 30,
            "batch_size": 1, "rate": 0.01, "warmup": 1, "augment": true}})",
        in_folder("scenes"));
  }

  void write_scene(const std::string& name, int seed) const {
    fs::create_directories(in_folder("scenes/" + name));
    voxloom_oracle::Random random(static_cast<std::uint64_t>(seed) + 1);
    std::vector<float> coord;
    std::vector<std::uint8_t> color;
    std::vector<std::int64_t> segment;
    for (int i = 0; i < kPoints; ++i) {
      // Each in a voxel of its own, without neighbours.
      for (const int place : {i % 8, i / 8 % 8, i / 64}) {
        coord.push_back(static_cast<float>(0.4 * place + 0.2 * random.unit()));
      }
      const bool is_red = i % 2 == 0;
      for (const int channel : {is_red ? 220 : 30, 40, is_red ? 30 : 220}) {
        color.push_back(static_cast<std::uint8_t>(channel));
      }
      segment.push_back(i % 20 == 19 ? -1 : is_red ? 3 : 5);
    }
    write_npy(in_folder("scenes/" + name + "/coord.npy"), "<f4", fmt::format("{}, 3", kPoints),
              coord);
    write_npy(in_folder("scenes/" + name + "/color.npy"), "|u1", fmt::format("{}, 3", kPoints),
              color);
    write_npy(in_folder("scenes/" + name + "/segment.npy"), "<i8", fmt::format("{},", kPoints),
              segment);
  }
};

TEST_F(ColouredScenes, AreLearntFromTheirColoursAndLabelled) {
  const ShellResult trained =
      run(fmt::format("train '{}' --out '{}'", in_folder("config.json"), in_folder("run")));
  ASSERT_EQ(trained.exit_code, 0) << trained.text;
  const std::string model = in_folder("run/model.lattice");
  const ShellResult measured = run(fmt::format("eval '{}' '{}'", model, in_folder("scenes")));
  ASSERT_EQ(measured.exit_code, 0) << measured.text;
  EXPECT_NE(measured.text.find("accuracy 1.000"), std::string::npos) << measured.text;

  const ShellResult labelled =
      run(fmt::format("segment '{}' --model '{}' --out '{}' --no-pictures --strict",
                      in_folder("scenes/room0"), model, in_folder("out")));
  ASSERT_EQ(labelled.exit_code, 0) << labelled.text;
  const Scan scan = read_scan(in_folder("out/room0.ply"));
  ASSERT_EQ(scan.size(), kPoints);
  for (std::int64_t i = 0; i < kPoints; ++i) {
    ASSERT_EQ(scan.find("label")->as_double(i), i % 2 == 0 ? 3 : 5) << i;
  }
  // A scan without colours is no input for it.
  std::ofstream(in_folder("grey.csv")) << "x,y,z,intensity\n1,2,3,0.5\n";
  const ShellResult grey = run(fmt::format("segment '{}' --model '{}' --out '{}' --strict",
                                           in_folder("grey.csv"), model, in_folder("out")));
  EXPECT_EQ(grey.exit_code, 1);
  EXPECT_NE(grey.text.find("the network reads red, and the scan has no such attribute"),
            std::string::npos)
      << grey.text;
}

TEST_F(ColouredScenes, WithNothingLabelledAreRefused) {
  std::ofstream(in_folder("scenes/classes.json"))
      << R"({"classes": [{"name": "door", "values": [9]}], "ignored": [-1, 3, 5]})";
  const ShellResult trained =
      run(fmt::format("train '{}' --out '{}'", in_folder("config.json"), in_folder("run")));
  EXPECT_EQ(trained.exit_code, 1);
  EXPECT_NE(trained.text.find("none of the 2 scans has a point with a class"), std::string::npos)
      << trained.text;
  EXPECT_FALSE(fs::exists(in_folder("run")));
}

// From the configuration into the bundle, and from there to whoever labels.
TEST_F(TrainCommand, FeedsTheColumnsThatTheConfigurationNames) {
  fs::create_directory(in_folder("surveys"));
  fs::copy(in_folder("scans/classes.json"), in_folder("surveys/classes.json"));
  voxloom_oracle::Random random(3);
  std::ofstream survey(in_folder("surveys/a.csv"));
  survey << "x,y,z,echo,label\n";
  for (int i = 0; i < 400; ++i) {  // the column alone tells them apart
    survey << fmt::format("{},{},{},{},{}\n", 20 * random.unit(), 20 * random.unit(),
                          20 * random.unit(), i % 2 == 0 ? 10 : 30, i % 2 == 0 ? 7 : 9);
  }
  survey.close();
  std::ofstream(in_folder("config.json")) << fmt::format(
      R"({{"data": {{"folder": "{}"}}, "features": [{{"column": "echo", "unit": 10, "offset": -2}}, "normal",
          {{"value": "height", "frame": "ground"}}],
          "model": {{"depth": 14, "width": 0.125}}, "voxel_size": 0.02, "steps": 30, "augment": false,
          "batch_size": 1, "rate": 0.01, "warmup": 1}})",
      in_folder("surveys"));
  const ShellResult trained =
      train(fmt::format("'{}' --out '{}'", in_folder("config.json"), in_folder("run")));
  ASSERT_EQ(trained.exit_code, 0) << trained.text;
  const std::string model = in_folder("run/model.lattice");
  const ShellResult measured = run(fmt::format("eval '{}' '{}'", model, in_folder("surveys")));
  EXPECT_NE(measured.text.find("accuracy 1.000"), std::string::npos) << measured.text;
  const ShellResult labelled =
      run(fmt::format("segment '{}' --model '{}' --out '{}' --no-pictures --json '{}'",
                      in_folder("surveys/a.csv"), model, in_folder("out"), in_folder("a.json")));
  ASSERT_EQ(labelled.exit_code, 0) << labelled.text;
  EXPECT_NE(labelled.text.find("echo from column echo, divided by 10, plus -2"), std::string::npos)
      << labelled.text;
  const auto report = nlohmann::json::parse(bytes_of("a.json"))[0];
  EXPECT_EQ(report["input"]["features"].size(), 5U);
  EXPECT_EQ(report["input"]["misfits"].size(), 0U) << report["input"]["misfits"].dump();
  std::ofstream(in_folder("b.csv")) << "x,y,z,gain\n1,2,3,4\n";
  const ShellResult without = run(fmt::format("segment '{}' --model '{}' --out '{}'",
                                              in_folder("b.csv"), model, in_folder("out")));
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_NE(
      without.text.find("the network reads echo, and the scan has no such attribute; it has gain"),
      std::string::npos)
      << without.text;
}

}  // namespace
}  // namespace voxloom::test
