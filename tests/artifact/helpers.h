// What the artifact tests share: folders, comparison of results, small graphs as text.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/dispatch.h"
#include "support/keep_bundles.h"
#include "voxloom/artifact.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {

namespace fs = std::filesystem;

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "voxloom-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    keep_bundles(path_);
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline fs::path environment_path(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? fs::path() : fs::path(value);
}

// The bundles of the other implementation; empty when they are not on this machine.
inline fs::path conformance_folder() {
  const fs::path shared = environment_path("VOXLOOM_SHARED_DIR");
  const fs::path folder = shared / "conformance" / "lattice";
  return !shared.empty() && fs::exists(folder / "manifest.json") ? folder : fs::path();
}

inline fs::path data_folder() { return environment_path("VOXLOOM_SOURCE_DIR") / "tests" / "data"; }

// Every message in one text, to look for fragments in.
inline std::string messages(const artifact::Diagnostics& diagnostics) {
  std::string text;
  for (const artifact::Diagnostic& diagnostic : diagnostics) {
    text += artifact::to_string(diagnostic) + "\n";
  }
  return text;
}

template <typename Error, typename Body>
std::string message_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

inline std::vector<float> as_floats(const Tensor& tensor) {
  const Tensor wide = tensor.to(DType::f32);
  const auto values = wide.span<float>();
  return {values.begin(), values.end()};
}

struct Tolerance {
  double relative = 0, absolute = 0;
};

inline void expect_near(const Tensor& actual, const Tensor& expected, Tolerance tolerance) {
  ASSERT_EQ(actual.shape(), expected.shape());
  const std::vector<float> a = as_floats(actual);
  const std::vector<float> e = as_floats(expected);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double allowed = tolerance.absolute + tolerance.relative * std::abs(double{e[i]});
    ASSERT_NEAR(a[i], e[i], allowed) << "element " << i;
  }
}

// Active rows by coordinate: NAME.coords, NAME.features, NAME.active.
using RowsByCoordinate = std::map<std::vector<std::int32_t>, std::vector<float>>;
inline RowsByCoordinate rows_by_coordinate(const TensorMap& tensors, const std::string& name) {
  const auto active = tensors.at(name + ".active").data<std::int32_t>()[0];
  const auto coords = tensors.at(name + ".coords").span<std::int32_t>();
  const Tensor& features = tensors.at(name + ".features");
  const std::vector<float> values = as_floats(features);
  const auto channels = static_cast<std::size_t>(features.dim(1));
  RowsByCoordinate rows;
  for (std::size_t i = 0; i < static_cast<std::size_t>(active); ++i) {
    rows[{coords.begin() + static_cast<std::ptrdiff_t>(4 * i),
          coords.begin() + static_cast<std::ptrdiff_t>(4 * i + 4)}] = {
        values.begin() + static_cast<std::ptrdiff_t>(channels * i),
        values.begin() + static_cast<std::ptrdiff_t>(channels * (i + 1))};
  }
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(active));
  return rows;
}

inline void expect_same_rows(const TensorMap& actual, const TensorMap& expected,
                             const std::string& name, Tolerance tolerance) {
  const RowsByCoordinate a = rows_by_coordinate(actual, name);
  const RowsByCoordinate e = rows_by_coordinate(expected, name);
  ASSERT_EQ(a.size(), e.size());
  for (const auto& [coordinate, values] : e) {
    const auto found = a.find(coordinate);
    ASSERT_NE(found, a.end()) << "no row at (" << coordinate[0] << "," << coordinate[1] << ","
                              << coordinate[2] << "," << coordinate[3] << ")";
    ASSERT_EQ(found->second.size(), values.size());
    for (std::size_t c = 0; c < values.size(); ++c) {
      const double allowed = tolerance.absolute + tolerance.relative * std::abs(double{values[c]});
      ASSERT_NEAR(found->second[c], values[c], allowed) << "channel " << c;
    }
  }
}

// To the bit, names included.
inline void expect_identical(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    const Tensor& other = b.at(name);
    ASSERT_EQ(tensor.dtype(), other.dtype()) << name;
    ASSERT_EQ(tensor.shape(), other.shape()) << name;
    ASSERT_TRUE(std::equal(tensor.raw(), tensor.raw() + tensor.bytes(), other.raw())) << name;
  }
}

// The inputs of a graph on points, by their usual names.
inline artifact::PointOperands declare_points(artifact::GraphBuilder& b, std::int64_t channels) {
  using artifact::ElementType, artifact::kDynamic;
  artifact::PointOperands p;
  p.points = b.tensor_input("points", {{kDynamic, 3}, ElementType::f32});
  p.features = b.tensor_input("features", {{kDynamic, channels}, ElementType::f32});
  p.batch = b.tensor_input("batch", {{kDynamic}, ElementType::i32});
  p.active = b.tensor_input("active", {{1}, ElementType::i32});
  return p;
}

}  // namespace voxloom::test
