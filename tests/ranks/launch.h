// Starts programs as ranks, in a folder of its own. Tests are skipped where this build has no MPI or the
// machine no launcher.
#pragma once

#include <string>

#include "cli/shell.h"

namespace voxloom::test {

class LaunchTest : public ShellTest {
 protected:
  void SetUp() override {
    if (std::getenv("VOXLOOM_MPIRUN") == nullptr) GTEST_SKIP() << "there is no launcher of MPI";
    ShellTest::SetUp();
  }

  [[nodiscard]] static std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  }
  // `command` as a shell takes it.
  [[nodiscard]] static ShellResult launch(int ranks, const std::string& command) {
    return run_shell(fmt::format("'{}' -n {} {}", variable("VOXLOOM_MPIRUN"), ranks, command));
  }
  [[nodiscard]] ShellResult voxloom(int ranks, const std::string& arguments) const {
    return launch(ranks, fmt::format("'{}' {}", variable("VOXLOOM_PROGRAM"), arguments));
  }
};

}  // namespace voxloom::test
