// Scenes: what the readers accept and refuse, and what the generated scenes promise.

#include "bench/scene.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "bench/npy.h"
#include "bench/scene_maps.h"
#include "voxloom/error.h"

namespace voxloom::bench {
namespace {

// A .npy file, version 1, with this header dictionary and these int32 values.
std::vector<std::byte> npy(const std::string& header, const std::vector<std::int32_t>& values) {
  std::string text = "\x93NUMPY";
  text += {'\1', '\0', static_cast<char>(header.size()), '\0'};
  text += header;
  std::vector<std::byte> bytes(text.size() + values.size() * sizeof(std::int32_t));
  std::memcpy(bytes.data(), text.data(), text.size());
  if (!values.empty()) {
    std::memcpy(bytes.data() + text.size(), values.data(), bytes.size() - text.size());
  }
  return bytes;
}

std::string header(const std::string& descr, const std::string& order, const std::string& shape) {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, order,
                     shape);
}

std::string refusal(const std::vector<std::byte>& bytes) {
  try {
    static_cast<void>(parse_npy(bytes, "a.npy"));
  } catch (const FormatError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Npy, ReadsRowsInTheirOrder) {
  const auto rows =
      parse_npy(npy(header("<i4", "False", "(2, 4)"), {0, 5, -6, 7, 1, 2, 3, 4}), "a");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0], (Coordinate{0, 5, -6, 7}));
  EXPECT_EQ(rows[1], (Coordinate{1, 2, 3, 4}));
  EXPECT_TRUE(parse_npy(npy(header("<i4", "False", "(0, 4)"), {}), "a").empty());
}

TEST(Npy, RefusesWhatIsNoListOfCoordinates) {
  const std::vector<std::int32_t> row = {0, 1, 2, 3};
  EXPECT_NE(refusal({}).find("'a.npy' is no .npy file"), std::string::npos);
  EXPECT_NE(refusal(npy(header("<i8", "False", "(1, 4)"), row)).find("int32"), std::string::npos);
  EXPECT_NE(refusal(npy(header("<i4", "True", "(1, 4)"), row)).find("Fortran"), std::string::npos);
  for (const char* shape : {"(1, 3)", "(4,)", "4", "(-1, 4)", "(1, 4, 1)", ""}) {
    EXPECT_NE(refusal(npy(header("<i4", "False", shape), row)).find("shape"), std::string::npos);
  }
}

TEST(Npy, RefusesALengthThatTheHeaderDoesNotSay) {
  const std::vector<std::int32_t> row = {0, 1, 2, 3};
  for (const char* shape : {"(2, 4)", "(0, 4)", "(4611686018427387904, 4)"}) {
    EXPECT_NE(refusal(npy(header("<i4", "False", shape), row)).find("length"), std::string::npos);
  }
}

TEST(Npy, RefusesEveryTruncation) {
  const std::vector<std::byte> whole = npy(header("<i4", "False", "(1, 4)"), {0, 1, 2, 3});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}),
              "accepted");
  }
}

class SceneFile : public ::testing::Test {
 protected:
  SceneFile() : folder_(std::filesystem::temp_directory_path() / unique_name()) {
    std::filesystem::create_directory(folder_);
  }
  ~SceneFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::vector<float>& values) {
    std::ofstream file(folder_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
    return folder_ / name;
  }

 private:
  static std::string unique_name() {
    return fmt::format("voxloom-{}-{}",
                       ::testing::UnitTest::GetInstance()->current_test_info()->name(), ::getpid());
  }
  std::filesystem::path folder_;
};

TEST_F(SceneFile, AScanBecomesVoxelsInTheOrderOfTheirFirstPoints) {
  const Scene scene = load_scene(write("scan.bin", {1.0F, 0, 0, 9, 0.01F, 0, -0.01F, 9,  //
                                                    1.02F, 0, 0, 9, 0.02F, 0.02F, -0.04F, 9}),
                                 0.05);
  EXPECT_EQ(scene.name, "scan");
  EXPECT_EQ(scene.rows, (std::vector<Coordinate>{{0, 20, 0, 0}, {0, 0, 0, -1}}));
}

TEST_F(SceneFile, RefusesOtherFiles) {
  EXPECT_THROW(static_cast<void>(load_scene(write("scan.bin", {1, 2, 3}))), FormatError);
  EXPECT_THROW(static_cast<void>(load_scene(write("scan.ply", {1, 2, 3}))), FormatError);
  EXPECT_THROW(static_cast<void>(load_scene("not/there.npy")), std::system_error);
  EXPECT_ANY_THROW(static_cast<void>(load_scene("not/there.bin")));
}

TEST(Scene, GeneratedScenesLookLikeSurfaces) {
  const SceneMaps scene(generated_scene(128));  // refuses duplicates
  const KernelMap map = scene.map({.size = 3});
  const double pairs = static_cast<double>(map.size()) / static_cast<double>(map.target().size());
  EXPECT_GT(pairs, 7);
  EXPECT_LT(pairs, 12);
}

TEST(Scene, TheSmallSceneIsAsSmallAsItSays) {
  const SceneMaps scene(small_scene());
  EXPECT_EQ(scene.set().size(), 1000);
  EXPECT_LE(scene.map({.size = 3}).size(), 8 * 1000);
}

TEST(Scene, MapsKnowTheirCost) {
  SceneMaps scene(small_scene());
  EXPECT_GT(scene.map_seconds({.size = 3}, 1), 0);
  EXPECT_EQ(scene.map_seconds({.size = 3}, 1), scene.map_seconds({.size = 3}, 1));
  const KernelMap map = scene.map({.size = 3});
  EXPECT_GE(bytes_of(blocks_of(map)), map.size() * 5);
  EXPECT_EQ(name_of(Cube{.size = 2, .stride = 2}), "2x2x2 stride 2");
}

}  // namespace
}  // namespace voxloom::bench
