// The communicator of MPI on ranks that a launcher starts, and what becomes of them when one fails.

#include "ranks/launch.h"

namespace voxloom::test {
namespace {

class MpiCalls : public LaunchTest {
 protected:
  [[nodiscard]] ShellResult program(int ranks, const std::string& arguments) const {
    return launch(ranks, fmt::format("'{}' {}", variable("VOXLOOM_RANK_PROGRAM"), arguments));
  }
};

TEST_F(MpiCalls, DoWhatTheySay) {
  for (const int ranks : {1, 5}) {
    const ShellResult result = program(ranks, "calls");
    EXPECT_EQ(result.exit_code, 0) << result.text;
    EXPECT_NE(result.text.find(fmt::format("{} ranks did it", ranks)), std::string::npos)
        << result.text;
  }
}

TEST_F(MpiCalls, ARankThatThrowsEndsAllWithItsWords) {
  const ShellResult result = program(3, "throw 1");
  EXPECT_EQ(result.exit_code, 1) << result.text;
  EXPECT_NE(result.text.find("voxloom: rank 1: a broken scan"), std::string::npos) << result.text;
}

TEST_F(MpiCalls, ARankThatIsKilledEndsAll) {
  const ShellResult result = program(3, "kill 2");
  EXPECT_NE(result.exit_code, 0) << result.text;
  EXPECT_EQ(result.text.find("did it"), std::string::npos) << result.text;
}

TEST_F(MpiCalls, ARankThatNeverComesIsNamed) {
  const ShellResult result = program(3, "late 2");
  EXPECT_EQ(result.exit_code, 1) << result.text;
  EXPECT_NE(result.text.find("waited 1 s for rank 2 in an exchange"), std::string::npos)
      << result.text;
}

}  // namespace
}  // namespace voxloom::test
