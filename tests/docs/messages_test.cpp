// docs/troubleshooting.md and docs/limits.md quote messages. Here each is brought about and looked for
// in the pages, and what they quote must have been said.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <set>
#include <sstream>

#include "cli/shell.h"
#include "docs/source_folder.h"
#include "voxloom/voxloom.h"

namespace {

using namespace voxloom;
namespace fs = std::filesystem;

// The messages that the pages quote: indented, the program's or with an operation in brackets.
std::set<std::string> quoted_messages() {
  constexpr std::size_t kIndent = 4;
  std::set<std::string> quoted;
  for (const char* page : {"docs/troubleshooting.md", "docs/limits.md"}) {
    std::ifstream file(voxloom::test::source_folder() / page);
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("    [") || line.starts_with("    voxloom: ")) {
        quoted.insert(line.substr(kIndent));
      }
    }
  }
  return quoted;
}

std::set<std::string>& said_messages() {
  static std::set<std::string> said;
  return said;
}

void expect_quoted(const std::string& message) {
  said_messages().insert(message);
  EXPECT_TRUE(quoted_messages().contains(message)) << "not quoted: " << message;
}

// When all tests have run: nothing is quoted that was not said.
class EverythingQuotedWasSaid : public testing::Environment {
 public:
  void TearDown() override {
    if (GTEST_FLAG_GET(filter) != "*" || std::getenv("VOXLOOM_PROGRAM") == nullptr) return;
    for (const std::string& message : quoted_messages()) {
      EXPECT_TRUE(said_messages().contains(message)) << "quoted, but not said: " << message;
    }
  }
};
[[maybe_unused]] const auto* const check =
    testing::AddGlobalTestEnvironment(new EverythingQuotedWasSaid);

void expect_quoted_from(const std::function<void()>& mistake) {
  try {
    mistake();
    FAIL() << "nothing was thrown";
  } catch (const std::exception& error) {
    expect_quoted(error.what());
  }
}

SparseTensor line(std::int64_t channels, const CoordinateSetOptions& options = {}) {
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 2, 0, 0}};
  return sparse_tensor(rows, Tensor::full({3, channels}, DType::f32, 1.0F), options);
}

TEST(Messages, Sets) {
  const std::vector<Coordinate> twice = {{0, 1, 2, 3}, {0, 4, 5, 6}, {0, 1, 2, 3}};
  expect_quoted_from([&] { (void)CoordinateSet::from_rows(twice); });
  const std::vector<Coordinate> negative = {{0, 0, 0, 0}, {-1, 0, 0, 0}};
  expect_quoted_from([&] { (void)CoordinateSet::from_rows(negative); });
  expect_quoted_from([] {
    (void)sparse_tensor(std::vector<Coordinate>{{0, 0, 0, 0}},
                        Tensor::full({2, 1}, DType::f32, 1.0F));
  });
}

TEST(Messages, Convolutions) {
  const Tensor weight = Tensor::full({32, 3, 3, 3, 15}, DType::f32, 1.0F);
  expect_quoted_from([&] { (void)conv3d(line(16), weight, {}); });
  const Tensor even = Tensor::full({8, 4, 4}, DType::f32, 1.0F);
  expect_quoted_from([&] { (void)subm_conv3d(line(4), even, {}, {.kernel_size = 2}); });
  expect_quoted_from([&] { (void)conv_transpose3d(line(4), even, {}); });
  expect_quoted_from([&] {
    (void)conv_transpose3d(line(4, {.stride = 2}), even, {},
                           {.target = line(1, {.stride = 2}).coords()});
  });
  const Tensor half = Tensor::full({27, 4, 4}, DType::f16, 1.0F);
  expect_quoted_from([&] { (void)subm_conv3d(line(4), half, {}); });
  const Tensor other = Tensor::full({27, 4, 4}, DType::f32, 1.0F);
  expect_quoted_from([&] { (void)conv3d(line(4), other, {}, {.padding = -1}); });
  expect_quoted_from([&] {
    const std::vector<Coordinate> edge = {{0, std::numeric_limits<std::int32_t>::max(), 0, 0}};
    const SparseTensor x = sparse_tensor(edge, Tensor::full({1, 4}, DType::f32, 1.0F));
    (void)conv3d(x, other, {}, {.support = Support::reachable});
  });
  expect_quoted_from([&] { (void)add(line(4), line(4, {.stride = 2})); });
  expect_quoted_from([&] { (void)add(line(4), line(3)); });
  expect_quoted_from([] {
    const CoordinateSet set = line(1).coords();
    (void)forward_map(set, set, {.kernel_size = {1024, 1024, 1024}});
  });
}

TEST(Messages, Points) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor points = Tensor::from<float>({0, 0, 0, 1, nan, 2}, {2, 3});
  expect_quoted_from([&] { (void)voxelize(points, points, {}); });
  const Tensor far = Tensor::from<float>({3e9F, 0, 0}, {1, 3});
  expect_quoted_from([&] { (void)voxelize(far, far, {}); });
}

TEST(Messages, Memory) {
  expect_quoted_from([] { (void)Tensor::empty({std::int64_t{1} << 50}, DType::f32); });
  expect_quoted_from([] {
    (void)Tensor::empty({std::int64_t{1} << 40, std::int64_t{1} << 40}, DType::f32);
  });
  expect_quoted_from([] { (void)global_pool(line(1, {.batch_size = 2}), PoolMode::max); });
}

TEST(Messages, Parameters) {
  nn::Sequential net;
  net.add<nn::SubmConv3d>(nn::Channels{.in = 4, .out = 8});
  expect_quoted_from([&] { nn::load_parameters(net, {}); });
  expect_quoted_from([&] {
    nn::load_parameters(net, {{"0.weight", Tensor::zeros({27, 4, 9}, DType::f32)},
                              {"0.bias", Tensor::zeros({8}, DType::f32)}});
  });
}

class Program : public test::ShellTest {
 protected:
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(in_folder(name), std::ios::binary) << bytes;
  }
  static std::string floats(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
  }
  // Of what is said, the lines that start with the program's name.
  void expect_told(const std::string& arguments, int exit_code,
                   const std::string& environment = "") const {
    const test::ShellResult result =
        run(arguments, fmt::format("cd '{}' && {}", in_folder("."), environment));
    EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.text;
    std::istringstream lines(result.text);
    int count = 0;
    for (std::string told; std::getline(lines, told);) {
      if (!told.starts_with("voxloom: ")) continue;
      ++count;
      expect_quoted(told);
    }
    EXPECT_GT(count, 0) << arguments << "\n" << result.text;
  }
};

TEST_F(Program, Usage) {
  expect_told("label scan.bin", 2);
  expect_told("run --output out.safetensors", 2);
  expect_told("convert", 2);
}

TEST_F(Program, Scans) {
  write("scan.bin", floats({1, 2, 3, 0.5F, 5, std::nanf(""), 7, 0.1F}));
  write("cut.bin", std::string(1001, 'x'));
  write("scan.ply",
        "ply\nformat ascii 1.0\nelement vertex 1000000000000\nproperty float x\nproperty float "
        "y\nproperty float z\nend_header\n1 2 3\n");
  write("text.ply", "1 2 3\n");
  write("scan.csv", "x,y,z\n1,2,3\n1,x,3\n");
  write("empty.bin", "");
  write("good.bin", floats({1, 2, 3, 0.5F}));
  expect_told("convert missing.bin out.ply", 1);
  expect_told("convert scan.bin out.ply", 1);
  expect_told("convert cut.bin out.ply", 1);
  expect_told("convert scan.ply out.ply", 1);
  expect_told("convert text.ply out.ply", 1);
  expect_told("convert scan.csv out.ply", 1);
  expect_told("convert empty.bin out.ply", 1);
  expect_told("convert good.bin out.dat", 1);
  expect_told("convert good.bin missing/out.ply", 1);
  EXPECT_FALSE(fs::exists(in_folder("out.ply")));
}

TEST_F(Program, Models) {
  expect_told("info runs/mine.lattice", 1);
  const std::string model = (voxloom::test::source_folder() / "tests/data/unet.lattice").string();
  fs::copy(model, in_folder("unet.lattice"), fs::copy_options::recursive);
  const std::string run_it = "run unet.lattice --inputs scan.safetensors --output out.safetensors";
  expect_told(run_it, 1);
  write_safetensors(in_folder("scan.safetensors"), {{"coords", Tensor::zeros({1, 4}, DType::i32)}});
  expect_told(run_it, 1);
  write("plans.txt", "hello\n");
  expect_told(run_it, 1, "VOXLOOM_PLANS=plans.txt");
  fs::resize_file(in_folder("unet.lattice/weights.safetensors"), 1500);
  expect_told("info unet.lattice", 1);
}

TEST_F(Program, Training) {
  write("mine.json", R"({"data": {"folder": "scans"}, "epoch": 3})");
  expect_told("train mine.json --out run", 1);
  expect_told("train --resume run", 1);
  write("data.json", R"({"data": {"folder": "scans"}})");
  fs::create_directory(in_folder("scans"));
  expect_told("train data.json --out run", 1);
}

}  // namespace
