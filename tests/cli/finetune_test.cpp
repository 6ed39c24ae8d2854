// Training that starts from another's parameters, ends by its evaluations, and is judged by the names of classes.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/shell.h"
#include "oracle/random.h"
#include "voxloom/io.h"
#include "voxloom/safetensors.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class FineTuning : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    write_scans(
        "scans",
        R"({"classes": [{"name": "floor", "values": [7]}, {"name": "box", "values": [9]}]})");
    write_config("first.json", R"("trainable": true)");
    const ShellResult done = train("first.json", "first");
    ASSERT_EQ(done.exit_code, 0) << done.text;
  }

  void write_scans(const std::string& folder, const std::string& classes) const {
    fs::create_directory(in_folder(folder));
    voxloom_oracle::Random random(1);
    for (int scan = 0; scan < 2; ++scan) {
      std::ofstream csv(in_folder(fmt::format("{}/{}.csv", folder, scan)));
      csv << "x,y,z,intensity,label\n";
      for (int i = 0; i < 300; ++i) {
        const bool is_box = i % 3 == 0;
        csv << fmt::format("{},{},{},{},{}\n", 5 * random.unit(), 5 * random.unit(),
                           is_box ? 0.5 + random.unit() : 0.0, is_box ? 0.9 : 0.1, is_box ? 9 : 7);
      }
    }
    std::ofstream(in_folder(folder + "/classes.json")) << classes;
  }
  void write_config(const std::string& name, const std::string& more,
                    const std::string& folder = "scans") const {
    std::ofstream(in_folder(name)) << fmt::format(
        R"({{"data": {{"folder": "{0}"}}, "validation": {{"folder": "{0}", "cache": true}},
            "model": {{"depth": 14, "width": 0.125}}, "voxel_size": 0.5, "steps": 6, "rate": 0.01,
            "warmup": 1, "evaluate_every": 2, "save_every": 2, "augment": false, {1}}})",
        in_folder(folder), more);
  }
  [[nodiscard]] ShellResult train(const std::string& config, const std::string& out) const {
    return run(fmt::format("train '{}' --out '{}'", in_folder(config), in_folder(out)));
  }
  [[nodiscard]] TensorMap tensors(const std::string& file) const {
    return read_safetensors(in_folder(file)).tensors;
  }
  [[nodiscard]] std::vector<nlohmann::json> metrics(const std::string& run_name) const {
    std::vector<nlohmann::json> lines;
    std::ifstream in(in_folder(run_name + "/metrics.jsonl"));
    for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  static bool same(const Tensor& a, const Tensor& b) {
    return a.shape() == b.shape() && std::ranges::equal(a.span<float>(), b.span<float>());
  }
};

TEST_F(FineTuning, BeginsWithTheParametersThatFitAndLeavesFrozenOnes) {
  // The bundle that may be trained, and the run, have the same parameters.
  const TensorMap bundled = tensors("first/model.lattice/training.safetensors");
  for (const auto& [name, tensor] : tensors("first/checkpoint.safetensors")) {
    if (!name.starts_with("parameter.")) continue;
    EXPECT_TRUE(same(tensor, bundled.at(name.substr(10)))) << name;
  }
  write_scans("more",
              R"({"classes": [{"name": "box", "values": [9]}, {"name": "floor", "values": [7]},
                                       {"name": "lamp", "values": [1]}]})");
  for (const char* source : {"first", "first/model.lattice", "first/checkpoint.safetensors"}) {
    const std::string out = std::string("second-") + (source[5] == 0 ? "run" : source + 6);
    write_config("second.json",
                 fmt::format(R"("init": "{}", "frozen": ["block", "conv"])", in_folder(source)),
                 "more");
    const ShellResult done = train("second.json", out);
    ASSERT_EQ(done.exit_code, 0) << done.text;
    EXPECT_NE(done.text.find("parameters begin as in"), std::string::npos) << done.text;
    EXPECT_NE(done.text.find("new are "), std::string::npos) << done.text;
    std::size_t frozen = 0;
    bool is_moved = false;
    for (const auto& [name, tensor] : tensors(out + "/checkpoint.safetensors")) {
      if (!name.starts_with("parameter.") || name.find("running") != std::string::npos) continue;
      const std::string own = name.substr(10);
      if (own.starts_with("block") || own.starts_with("conv")) {
        EXPECT_TRUE(same(tensor, bundled.at(own))) << own;
        ++frozen;
      } else {
        is_moved = is_moved || !same(tensor, bundled.at(own));
      }
    }
    EXPECT_GT(frozen, 10U);
    EXPECT_TRUE(is_moved);
  }
}

TEST_F(FineTuning, RefusesWhatItCannotBeginWith) {
  const auto refuses = [&](const std::string& more, const std::string& reason) {
    write_config("bad.json", more);
    const ShellResult done = train("bad.json", "bad");
    EXPECT_EQ(done.exit_code, 1) << done.text;
    EXPECT_NE(done.text.find(reason), std::string::npos) << done.text;
    EXPECT_FALSE(fs::exists(in_folder("bad"))) << more;
  };
  refuses(fmt::format(R"("init": "{}")", in_folder("first/model_int8.lattice")),
          "is neither a run nor a bundle with training.safetensors");
  refuses(R"("init": "/nonexistent")", "/nonexistent");
  refuses(R"("frozen": ["nothing"])", "no parameter's name begins with 'nothing'");
  refuses(R"("frozen": [""])", "all parameters are frozen");
  refuses(R"("patience": -1)", "\"patience\" is -1");
  refuses(R"("keep": "first")", "\"keep\" is \"first\"");
  refuses(R"("focus": 2, "label_smoothing": 0.1)", "do not go together");
}

TEST_F(FineTuning, StopsWhenEvaluationsGetNoBetterAndKeepsTheBest) {
  // A rate of 0: no evaluation is better than the first, but for the norms' statistics, which hardly move.
  write_config("still.json",
               R"("rate": 0.0, "statistics_momentum": 1e-6, "patience": 1, "keep": "best")");
  const ShellResult done = train("still.json", "still");
  ASSERT_EQ(done.exit_code, 0) << done.text;
  EXPECT_NE(done.text.find("no better evaluation than that of step 2 in 1: enough"),
            std::string::npos)
      << done.text;
  EXPECT_NE(done.text.find("the models are those of step 2"), std::string::npos) << done.text;
  EXPECT_EQ(metrics("still").back()["step"], 4);
  EXPECT_TRUE(fs::exists(in_folder("still/best.safetensors")));
  const ShellResult again = run(fmt::format("train --resume '{}'", in_folder("still")));
  EXPECT_EQ(again.exit_code, 0) << again.text;
  EXPECT_EQ(metrics("still").back()["step"], 4) << "it stays stopped";
}

TEST_F(FineTuning, LeavesATableOfItsFigures) {
  std::ifstream file(in_folder("first/metrics.csv"));
  std::string head;
  std::getline(file, head);
  EXPECT_EQ(head.substr(0, 15), "step,epoch,loss");
  EXPECT_NE(head.find("validation_iou.box"), std::string::npos) << head;
  std::size_t rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    EXPECT_EQ(std::ranges::count(line, ','), std::ranges::count(head, ',')) << line;
  }
  EXPECT_EQ(rows, metrics("first").size());
}

TEST_F(FineTuning, IsJudgedByTheNamesOfClasses) {
  const auto eval = [&](const std::string& folder, const std::string& more = "") {
    return run(fmt::format("eval '{}' '{}' {}", in_folder("first/model.lattice"), in_folder(folder),
                           more));
  };
  const ShellResult plain = eval("scans", fmt::format("--out '{}'", in_folder("scores")));
  ASSERT_EQ(plain.exit_code, 0) << plain.text;
  std::ifstream json(in_folder("scores/scores.json"));
  const auto scores = nlohmann::json::parse(json);
  // The same classes in another order, and one more.
  write_scans("turned",
              R"({"classes": [{"name": "lamp", "values": [1]}, {"name": "box", "values": [9]},
                                         {"name": "floor", "values": [7]}]})");
  const ShellResult turned = eval("turned", fmt::format("--json '{}'", in_folder("turned.json")));
  ASSERT_EQ(turned.exit_code, 0) << turned.text;
  EXPECT_NE(turned.text.find("the model has no class lamp"), std::string::npos) << turned.text;
  std::ifstream other(in_folder("turned.json"));
  const auto by_name = nlohmann::json::parse(other);
  for (const char* figure : {"points", "precision", "recall", "iou"}) {
    EXPECT_EQ(by_name["classes"][1][figure], scores["classes"][1][figure]) << figure;
    EXPECT_EQ(by_name["classes"][2][figure], scores["classes"][0][figure]) << figure;
  }
  EXPECT_EQ(scores["confusion"][0].size(), 3U);
  std::ifstream csv(in_folder("scores/confusion.csv"));
  std::string head;
  std::getline(csv, head);
  EXPECT_EQ(head, "label,floor,box,no class");
  std::ifstream png(in_folder("scores/confusion.png"), std::ios::binary);
  std::string start(4, ' ');
  png.read(start.data(), 4);
  EXPECT_EQ(start.substr(1), "PNG");
  write_scans("others",
              R"({"classes": [{"name": "lamp", "values": [7]}, {"name": "sofa", "values": [9]}]})");
  const ShellResult none = eval("others");
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.text.find("no class in common"), std::string::npos) << none.text;
  EXPECT_EQ(eval("scans", "--votes 3").exit_code, 0);
  EXPECT_EQ(eval("scans", "--votes 0").exit_code, 2);
}

}  // namespace
}  // namespace voxloom::test
