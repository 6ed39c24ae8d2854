// voxloom tune and info --cpu as their users meet them. No test looks at a time.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cli/shell.h"
#include "voxloom/isa.h"

namespace voxloom::test {
namespace {

// A plane of 5 x 4 voxels is enough.
class TuneCommand : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (!IsSkipped()) write_plane("plane.npy");
  }
  [[nodiscard]] ShellResult tune(const std::string& arguments) const {
    return run(fmt::format("tune --seconds 0 {}", arguments));
  }
  [[nodiscard]] std::string small() const {
    return fmt::format("--scene '{}' --channels 4 --op forward,wgrad --dtype f32",
                       in_folder("plane.npy"));
  }
};

TEST_F(TuneCommand, KeepsPlansThatOtherCommandsUse) {
  const std::string plans = in_folder("plans.txt");
  const ShellResult tuned = tune(small() + " --plans '" + plans + "'");
  ASSERT_EQ(tuned.exit_code, 0) << tuned.text;
  EXPECT_NE(tuned.text.find("2 plans kept in " + plans), std::string::npos) << tuned.text;
  const ShellResult bench =
      run("bench map --seconds 0 --repeat 1 --threads 1 --scene '" + in_folder("plane.npy") + "'",
          "VOXLOOM_PLANS='" + plans + "'");
  EXPECT_EQ(bench.exit_code, 0) << bench.text;
  EXPECT_NE(bench.text.find("2 tuned plans"), std::string::npos) << bench.text;
}

TEST_F(TuneCommand, WarnsOfAFileItCannotUse) {
  const std::string plans = in_folder("plans.txt");
  std::ofstream(plans) << "something else\n";
  const ShellResult bench =
      run("bench map --seconds 0 --repeat 1 --threads 1 --scene '" + in_folder("plane.npy") + "'",
          "VOXLOOM_PLANS='" + plans + "'");
  EXPECT_EQ(bench.exit_code, 0) << bench.text;
  EXPECT_NE(bench.text.find("warning"), std::string::npos) << bench.text;
  const ShellResult tuned = tune(small() + " --plans '" + plans + "'");
  EXPECT_EQ(tuned.exit_code, 0);
  EXPECT_NE(tuned.text.find("replaced"), std::string::npos) << tuned.text;
}

TEST_F(TuneCommand, FailsWhereItCannotKeepPlans) {
  EXPECT_EQ(tune(small() + " --plans /dev/null/plans.txt").exit_code, 1);
  EXPECT_EQ(tune("--scene nothere.npy --plans '" + in_folder("p.txt") + "'").exit_code, 1);
}

TEST_F(TuneCommand, RefusesBadUsage) {
  EXPECT_EQ(tune("--channels none").exit_code, 2);
  EXPECT_EQ(tune("--bundle a.lattice").exit_code, 2);
  EXPECT_EQ(run("bench conv --algorithm fastest").exit_code, 2);
  const ShellResult pinned =
      run("bench conv --seconds 0 --repeat 1 " + small(), "VOXLOOM_ALGORITHM=fastest");
  EXPECT_EQ(pinned.exit_code, 1);
  EXPECT_NE(pinned.text.find("reference"), std::string::npos) << "lists the known names";
}

TEST_F(TuneCommand, InfoShowsTheProcessor) {
  const ShellResult info = run("info --cpu");
  ASSERT_EQ(info.exit_code, 0) << info.text;
  for (const std::string& name : isa_names()) {
    EXPECT_NE(info.text.find(name), std::string::npos) << info.text;
  }
  EXPECT_NE(info.text.find("gemm_"), std::string::npos);
  EXPECT_NE(info.text.find("offset_major"), std::string::npos);
  const ShellResult scalar = run("info --cpu", "VOXLOOM_ISA=scalar");
  EXPECT_NE(scalar.text.find("in use: scalar"), std::string::npos) << scalar.text;
  EXPECT_EQ(run("info").exit_code, 2);
  EXPECT_EQ(run("info --cpu a.lattice").exit_code, 2);
  EXPECT_EQ(run("info --cpu", "VOXLOOM_ISA=z80").exit_code, 1);
}

}  // namespace
}  // namespace voxloom::test
