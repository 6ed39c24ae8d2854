// voxloom import as its user meets it: spconv's networks of tests/checkpoint/data.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "cli/shell.h"

namespace voxloom::test {
namespace {

class ImportCommand : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
    if (source == nullptr) GTEST_SKIP() << "no VOXLOOM_SOURCE_DIR";
    for (const char* name : {"spconv_spunet.pth", "spconv_second.pth", "whole_module.pth"}) {
      std::filesystem::copy(std::filesystem::path(source) / "tests/checkpoint/data" / name,
                            in_folder(name));
    }
  }

  // The arguments are seen from inside of the folder.
  [[nodiscard]] ShellResult run(const std::string& arguments) const {
    return ShellTest::run(arguments, "cd '" + in_folder(".") + "' &&");
  }
};

TEST_F(ImportCommand, MakesABundleAndSaysOfWhat) {
  const ShellResult result = run("import spconv_spunet.pth --network spunet --out net.lattice");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.text,
            "net.lattice: spunet of spconv, axes xyz, 297 tensors\n"
            "taken off: state_dict, module., backbone.\n"
            "counters of batches, which inference has no use for: 59\n");
  EXPECT_EQ(run("verify net.lattice").text, "net.lattice: right, no warnings\n");
}

TEST_F(ImportCommand, TakesAnEntryAPrefixAndAGrid) {
  const ShellResult result =
      run("import spconv_second.pth --network voxelbackbone8x --spatial-shape 41,16,14 --entry "
          "expected "
          "--out a.lattice");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(
      result.text,
      "voxloom: [import_network] none of the checkpoint's 4 tensors is called as voxelbackbone8x's "
      "first convolution, 'conv_input.0'; there is 'x_features', say\n");
  EXPECT_FALSE(std::filesystem::exists(in_folder("a.lattice")));
  const ShellResult parts =
      run("import spconv_second.pth --network voxelbackbone8x --spatial-shape 41,16,14 --prefix "
          "backbone_3d. "
          "--from spconv --axes zyx --pointwise as-run --out b.lattice");
  EXPECT_EQ(parts.exit_code, 0) << parts.text;
  EXPECT_NE(parts.text.find("b.lattice: voxelbackbone8x of spconv, axes zyx, 60 tensors\n"),
            std::string::npos)
      << parts.text;
}

TEST_F(ImportCommand, RefusesWithOneLine) {
  EXPECT_EQ(
      run("import spconv_second.pth --network voxelbackbone8x --out a.lattice").text,
      "voxloom: [import_network] voxelbackbone8x cuts its coordinates off at the grid: give its "
      "spatial shape (sparse_shape in its configuration)\n");
  const ShellResult program = run("import whole_module.pth --network spunet --out a.lattice");
  EXPECT_EQ(program.exit_code, 1);
  EXPECT_NE(program.text.find("nothing was run"), std::string::npos) << program.text;
  EXPECT_EQ(run("import spconv_spunet.pth --out a.lattice").exit_code, 2);
  EXPECT_EQ(run("import spconv_spunet.pth --network spunet --out a.lattice --from caffe").exit_code,
            2);
  EXPECT_NE(run("import --help").text.find("Pointcept's SpUNet-v1m1"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(in_folder("a.lattice")));
}

}  // namespace
}  // namespace voxloom::test
