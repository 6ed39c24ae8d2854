// Bundles as mlx-lattice writes them, with its own results: null metadata, the form that MLIR's printer
// gives the text, sparse outputs of role tensor.
#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/helpers.h"

namespace voxloom::test {
namespace {

constexpr std::size_t kCases = 8;

struct MlxCase {
  fs::path folder;
  nlohmann::json about;

  [[nodiscard]] TensorMap arrays(const char* file) const {
    return read_safetensors(folder / file).tensors;
  }
};

class MlxLattice : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path lattice = conformance_folder();
    const fs::path folder = lattice.parent_path() / "mlx_lattice";
    if (lattice.empty() || !fs::exists(folder)) {
      GTEST_SKIP() << "no bundles of mlx-lattice under VOXLOOM_SHARED_DIR";
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_directory()) continue;
      std::ifstream stream(entry.path() / "case.json");
      cases_.push_back({entry.path(), nlohmann::json::parse(stream)});
    }
    ASSERT_EQ(cases_.size(), kCases);
  }

  std::vector<MlxCase> cases_;
};

// The first rows of what mlx-lattice gives: its buffers are longer than their content.
Tensor leading_rows(const Tensor& tensor, std::int64_t count) {
  Shape shape = tensor.shape();
  EXPECT_LE(count, shape.at(0));
  shape[0] = count;
  Tensor rows = Tensor::empty(shape, tensor.dtype());
  std::copy_n(tensor.raw(), rows.bytes(), rows.mutable_raw());
  return rows;
}

void expect_output(const std::string& name, bool is_sparse, const TensorMap& actual,
                   TensorMap expected, Tolerance tolerance) {
  if (is_sparse) {
    const auto rows = static_cast<std::int32_t>(expected.at(name + ".coords").dim(0));
    expected.emplace(name + ".active", Tensor::from<std::int32_t>({rows}, {1}));
    return expect_same_rows(actual, expected, name, tolerance);
  }
  const Tensor& got = actual.at(name);
  const Tensor want = leading_rows(expected.at(name), got.dim(0));
  if (!expected.contains("active")) {
    EXPECT_EQ(want.dim(0), expected.at(name).dim(0));
  }
  if (got.dtype() == DType::i32) return expect_identical({{name, got}}, {{name, want}});
  expect_near(got, want, tolerance);
}

void expect_outputs(const MlxCase& c, const artifact::Model& model) {
  const TensorMap actual = artifact::to_tensors(model.run(c.arrays("inputs.safetensors")));
  const double tolerance = c.about["rtol"];
  for (const auto& [name, output] : c.about["outputs"].items()) {
    SCOPED_TRACE(name);
    expect_output(name, output["kind"] == "sparse", actual, c.arrays("expected.safetensors"),
                  {tolerance, tolerance});
  }
}

TEST_F(MlxLattice, BundlesGiveItsResults) {
  for (const MlxCase& c : cases_) {
    SCOPED_TRACE(c.folder.filename().string());
    expect_outputs(c, artifact::Model::load(c.folder / "case.lattice"));
  }
}

TEST_F(MlxLattice, WrittenBackTheyGiveThemToo) {
  const TemporaryFolder temporary;
  for (const MlxCase& c : cases_) {
    SCOPED_TRACE(c.folder.filename().string());
    const fs::path copy = temporary / (c.folder.filename().string() + ".lattice");
    artifact::write_bundle(copy, artifact::read_bundle(c.folder / "case.lattice"));
    expect_outputs(c, artifact::Model::load(copy));
    EXPECT_EQ(messages(artifact::verify_bundle(copy)), "");  // the warning about the role is gone
  }
}

}  // namespace
}  // namespace voxloom::test
