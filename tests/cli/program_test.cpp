// The program as a user meets it: exit codes, what goes where, and what is left on disk.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "artifact/sample.h"
#include "voxloom/graph_builder.h"
#include "voxloom/version.h"

namespace voxloom::test {
namespace {

struct Outcome {
  int code = -1;
  std::string out, err;
};

std::string quoted(const std::string& word) { return "'" + word + "'"; }

std::string content(const fs::path& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

class Program : public testing::Test {
 protected:
  void SetUp() override {
    program_ = environment_path("VOXLOOM_PROGRAM");
    if (program_.empty()) GTEST_SKIP() << "VOXLOOM_PROGRAM does not name the program";
    write_sample(folder_ / "sample.lattice", sample_text(), sample_weights());
    write_safetensors(folder_ / "in.safetensors", sample_inputs());
  }

  // Runs the program in the test's folder.
  [[nodiscard]] Outcome run(const std::vector<std::string>& words) const {
    std::string command =
        "cd " + quoted(folder_.path().string()) + " && " + quoted(program_.string());
    for (const std::string& word : words) command += " " + quoted(word);
    const int status = std::system((command + " >.out 2>.err").c_str());
    Outcome outcome{.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                    .out = content(folder_ / ".out"),
                    .err = content(folder_ / ".err")};
    fs::remove(folder_ / ".out");
    fs::remove(folder_ / ".err");
    return outcome;
  }

  [[nodiscard]] Outcome run_sample(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"run",      "sample.lattice", "--inputs", "in.safetensors",
                                      "--output", "out.safetensors"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  // One line, naming the program, with the fragment in it.
  static void expect_complaint(const Outcome& outcome, int code, const std::string& fragment) {
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_TRUE(outcome.err.starts_with("voxloom: ")) << outcome.err;
    EXPECT_NE(outcome.err.find(fragment), std::string::npos) << outcome.err;
  }

  fs::path program_;
  TemporaryFolder folder_;
};

TEST_F(Program, RunWritesWhatTheModelGives) {
  const Outcome outcome = run_sample();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find("output  float32   (2,2)"), std::string::npos) << outcome.out;
  const auto model = artifact::Model::load(folder_ / "sample.lattice");
  expect_identical(read_safetensors(folder_ / "out.safetensors").tensors,
                   artifact::to_tensors(model.run(sample_inputs())));
}

TEST_F(Program, TheNumberOfThreadsDoesNotMatter) {
  EXPECT_EQ(run_sample({"--threads", "1"}).code, 0);
  const TensorMap one = read_safetensors(folder_ / "out.safetensors").tensors;
  EXPECT_EQ(run_sample({"--threads", "3"}).code, 0);
  expect_identical(read_safetensors(folder_ / "out.safetensors").tensors, one);
}

TEST_F(Program, SparseResultsBecomeThreeArrays) {
  artifact::GraphBuilder b;
  b.output("y", b.sparse_input("x", {.channels = 2, .stride = 2}));
  b.save(folder_ / "sparse.lattice");
  write_safetensors(folder_ / "sparse.safetensors",
                    {{"x_coords", Tensor::from(std::vector<std::int32_t>{0, 2, 4, 6}, {1, 4})},
                     {"x_features", Tensor::full({1, 2}, DType::f32, 3)},
                     {"x_active", Tensor::from(std::vector<std::int32_t>{1}, {1})}});
  const std::vector<std::string> words = {
      "run", "sparse.lattice", "--inputs", "sparse.safetensors", "--output", "y.safetensors"};
  ASSERT_EQ(run(words).code, 0);
  TensorMap expected = {{"y.coords", Tensor::from(std::vector<std::int32_t>{0, 1, 2, 3}, {1, 4})},
                        {"y.features", Tensor::full({1, 2}, DType::f32, 3)},
                        {"y.active", Tensor::from(std::vector<std::int32_t>{1}, {1})}};
  expect_identical(read_safetensors(folder_ / "y.safetensors").tensors, expected);

  std::vector<std::string> logical = words;
  logical.emplace_back("--logical-coordinates");
  ASSERT_EQ(run(logical).code, 0);
  expected["y.coords"] = Tensor::from(std::vector<std::int32_t>{0, 2, 4, 6}, {1, 4});
  expect_identical(read_safetensors(folder_ / "y.safetensors").tensors, expected);
}

TEST_F(Program, RunSaysWhichInputsAreNoNumbers) {
  artifact::GraphBuilder b;
  b.output("y", b.sparse_input("x", {.channels = 2}));
  b.save(folder_ / "sparse.lattice");
  write_safetensors(
      folder_ / "sparse.safetensors",
      {{"x_coords", Tensor::from(std::vector<std::int32_t>{0, 0, 0, 0, 0, 0, 0, 1}, {2, 4})},
       {"x_features", Tensor::from(std::vector<float>{1, 2, 3, NAN}, {2, 2})},
       {"x_active", Tensor::from(std::vector<std::int32_t>{2}, {1})}});
  const Outcome outcome =
      run({"run", "sparse.lattice", "--inputs", "sparse.safetensors", "--output", "y.safetensors"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err,
            "voxloom: 1 values of the input 'x_features' are not finite, the first in row 1\n");
}

TEST_F(Program, BadDataIsExitCodeOneAndLeavesNothing) {
  const auto expect_failure = [&](const std::string& fragment) {
    expect_complaint(run_sample(), 1, fragment);
    EXPECT_FALSE(fs::exists(folder_ / "out.safetensors"));
  };
  TensorMap inputs = sample_inputs();
  inputs.erase("active");
  write_safetensors(folder_ / "in.safetensors", inputs);
  expect_failure("the input 'active' is missing");
  std::ofstream(folder_ / "in.safetensors") << "nonsense";
  expect_failure("in.safetensors: announces a header of");
  fs::remove(folder_ / "in.safetensors");
  expect_failure("in.safetensors: No such file");
  std::ofstream(folder_ / "sample.lattice/graph.mlir") << "module {";
  expect_failure("sample.lattice: graph.mlir:1:9: expected 'func.func'");
  fs::remove_all(folder_ / "sample.lattice");
  expect_failure("there is no model 'sample.lattice'; looked for sample.lattice, models/");
  std::ofstream(folder_ / "sample.lattice") << "no folder";
  expect_failure("sample.lattice: is not a folder");
}

TEST_F(Program, AFailedRunKeepsTheOldResult) {
  ASSERT_EQ(run_sample().code, 0);
  const std::string before = content(folder_ / "out.safetensors");
  std::ofstream(folder_ / "in.safetensors") << "nonsense";
  EXPECT_EQ(run_sample().code, 1);
  EXPECT_EQ(content(folder_ / "out.safetensors"), before);
}

TEST_F(Program, AnUnwritableOutputIsNamed) {
  expect_complaint(run({"run", "sample.lattice", "--inputs", "in.safetensors", "--output",
                        "no/such/folder/out.safetensors"}),
                   1, "cannot write 'no/such/folder/out.safetensors': No such file or directory");
}

TEST_F(Program, BadUsageIsExitCodeTwo) {
  expect_complaint(run({}), 2, "A subcommand is required");
  expect_complaint(run({"dance"}), 2, "there is no command 'dance'");
  expect_complaint(run({"run", "sample.lattice", "--inputs", "in.safetensors"}), 2,
                   "--output is required");
  expect_complaint(run({"run", "--inputs", "a", "--output", "b"}), 2, "bundle is required");
  expect_complaint(run_sample({"--threads", "-1"}), 2, "--threads");
  expect_complaint(run_sample({"--threads", "many"}), 2, "--threads");
  expect_complaint(run({"info", "a", "b"}), 2, "b");
  expect_complaint(run({"verify", "--fast", "a"}), 2, "--fast");
}

TEST_F(Program, AsksWhatWasMeant) {
  expect_complaint(run({"segmnet"}), 2, "there is no command 'segmnet', did you mean 'segment'?");
  expect_complaint(run({"segment", "a.bin", "--modle", "m"}), 2, "did you mean '--model'?");
  const auto far = run({"segment", "a.bin", "--frobnicate"});
  EXPECT_EQ(far.err.find("did you mean"), std::string::npos) << far.err;
}

TEST_F(Program, HelpIsACommandToo) {
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  EXPECT_EQ(run({"help", "run"}).out, run({"run", "--help"}).out);
  EXPECT_EQ(run({"help", "run"}).code, 0);
  expect_complaint(run({"help", "dance"}), 2, "there is no command 'dance'");
}

TEST_F(Program, HelpGoesToStandardOutput) {
  for (const std::string word : {"", "run", "info", "verify"}) {
    std::vector<std::string> words = {"--help"};
    if (!word.empty()) words.insert(words.begin(), word);
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_NE(outcome.out.find("Example"), std::string::npos) << outcome.out;
  }
  const Outcome version_line = run({"--version"});
  EXPECT_EQ(version_line.code, 0);
  EXPECT_EQ(version_line.out, std::string("voxloom ") + version() + "\n");
}

// Little enough to lie in the buffer until the end.
TEST_F(Program, AnOutputThatCannotBeWrittenIsAnError) {
  for (const char* output : {">/dev/full", ">&-"}) {
    const fs::path errors = folder_ / "errors";
    const std::string command =
        quoted(program_.string()) + " --help " + output + " 2>" + quoted(errors.string());
    const int status = std::system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << output;
    EXPECT_NE(content(errors).find("cannot write to the standard output"), std::string::npos);
  }
}

TEST_F(Program, InfoShowsTheModel) {
  const Outcome outcome = run({"info", "sample.lattice"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* line :
       {"format      IR v2\n", "weights     184 bytes (2 float32, 1 int8)\n",
        "\ninputs\n  coords    sparse_coords    tensor<?x4xi32>\n",
        "  output  tensor  tensor<?x2xf32>\n", "  lattice.conv3d                1\n"}) {
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line << outcome.out;
  }
  std::ofstream(folder_ / "sample.lattice/weights.safetensors") << "";
  expect_complaint(run({"info", "sample.lattice"}), 1, "weights.safetensors");
}

TEST_F(Program, VerifyListsEveryProblem) {
  const Outcome right = run({"verify", "sample.lattice"});
  EXPECT_EQ(right.code, 0);
  EXPECT_EQ(right.out, "sample.lattice: right, no warnings\n");

  TensorMap weights = sample_weights();
  weights.erase("conv.bias");
  weights["extra"] = Tensor::zeros({1}, DType::f32);
  write_sample(folder_ / "sample.lattice",
               replaced(sample_text(), "ir_version = 2", "ir_version = 3"), weights);
  const Outcome wrong = run({"verify", "sample.lattice"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_EQ(wrong.err, "");
  EXPECT_EQ(wrong.out,
            "sample.lattice/graph.mlir:3:24: lattice.ir_version must be 2, got 3\n"
            "sample.lattice/weights.safetensors: array 'conv.bias' is missing\n"
            "warnings:\n"
            "sample.lattice/weights.safetensors: array 'extra' belongs to no weight of the graph\n"
            "sample.lattice: 2 problems, 1 warning\n");
  EXPECT_EQ(run({"verify", "absent.lattice"}).code, 1);
}

// An operation of ours that the format has a word for.
TEST_F(Program, ExportWritesTheFormatsWords) {
  std::string text = replaced(sample_text(), "  lattice.ir_version = 2,",
                              "  lattice.ir_version = 2,\n  voxloom.extensions = 1,");
  text = replaced(text, "lattice.conv3d", "voxloom.conv3d");
  write_sample(folder_ / "ours.lattice", text, sample_weights());
  std::ofstream(folder_ / "ours.lattice/classes.json") << "{}";
  const Outcome outcome = run({"export", "ours.lattice", "plain.lattice"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "plain.lattice: every reader of the format can run it\n");
  EXPECT_EQ(run({"verify", "--portable", "ours.lattice"}).code, 1);
  EXPECT_EQ(run({"verify", "--portable", "plain.lattice"}).code, 0);
  EXPECT_EQ(content(folder_ / "plain.lattice/classes.json"), "{}");
  expect_complaint(run({"export", "ours.lattice", "alone.lattice", "--without-points"}), 1,
                   "expected one operation voxelize, got 0");
  EXPECT_FALSE(fs::exists(folder_ / "alone.lattice"));
}

TEST_F(Program, RunsTheConformanceBundles) {
  const fs::path shared = conformance_folder();
  if (shared.empty()) GTEST_SKIP() << "no conformance bundles under VOXLOOM_SHARED_DIR";
  const auto run_example = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> words = {
        "run",      (shared / (name + ".lattice")).string(),
        "--inputs", (shared / (name + ".inputs.safetensors")).string(),
        "--output", name + ".safetensors"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  ASSERT_EQ(run_example("point_voxel", {}).code, 0);
  const auto expected = [&](const std::string& name) {
    return read_safetensors(shared / (name + ".expected.safetensors")).tensors;
  };
  expect_near(read_safetensors(folder_ / "point_voxel.safetensors").tensors.at("output"),
              expected("point_voxel").at("output"), {1e-4, 1e-4});
  const std::string logical = "target_transpose_convolution";
  expect_complaint(run_example(logical, {}), 1, "not divisible by the stride");
  EXPECT_FALSE(fs::exists(folder_ / (logical + ".safetensors")));
  ASSERT_EQ(run_example(logical, {"--logical-coordinates"}).code, 0);
  expect_same_rows(read_safetensors(folder_ / (logical + ".safetensors")).tensors,
                   expected(logical), "output", {2e-3, 2e-3});
}

}  // namespace
}  // namespace voxloom::test
