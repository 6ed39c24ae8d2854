// The code of docs/coming_from.md (blocks_test.cpp compares), on what spconv computed with a SpUNet.
#include <gtest/gtest.h>
#include <voxloom/import_network.h>
#include <voxloom/voxloom.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "support/keep_bundles.h"

namespace {

using namespace voxloom;
namespace fs = std::filesystem;

// In a folder of its own, where the checkpoint lies.
class ComingFrom : public testing::Test {
 protected:
  void SetUp() override {
    const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
    if (source == nullptr) GTEST_SKIP() << "no VOXLOOM_SOURCE_DIR";
    before_ = fs::current_path();
    const fs::path data = fs::absolute(source) / "tests/checkpoint/data/spconv_spunet.pth";
    folder_ = fs::temp_directory_path() / "voxloom-coming-from";
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    fs::current_path(folder_);
    fs::copy(data, "spunet.pth");
  }
  void TearDown() override {
    if (folder_.empty()) return;
    fs::current_path(before_);
    test::keep_bundles(folder_);
    fs::remove_all(folder_);
  }

 private:
  fs::path before_, folder_;
};

TEST_F(ComingFrom, BringTheWeights) {
  const checkpoint::Checkpoint file = checkpoint::read_checkpoint("spunet.pth");
  const checkpoint::Import net = checkpoint::import_network(file, {.network = "spunet"});
  artifact::write_bundle("spunet.lattice", net.bundle);
  for (const std::string& name : net.report.unused) std::cout << "not used: " << name << '\n';

  EXPECT_TRUE(artifact::verify_bundle("spunet.lattice").empty());
  EXPECT_TRUE(net.report.unused.empty());
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}, {0, 1, 0, 2}};
  const SparseTensor x = sparse_tensor(rows, Tensor::full({2, 2}, DType::f32, 1.0F));

  const Tensor stored = file.tensors.at("backbone.conv_input.0.weight");
  const Tensor weight = checkpoint::to_kernel_major(
      stored, {.library = checkpoint::Library::spconv, .kernel_size = 5});
  const SparseTensor y = subm_conv3d(x, weight, {}, {.kernel_size = 5});

  EXPECT_EQ(y.channels(), stored.dim(0));
}

}  // namespace
