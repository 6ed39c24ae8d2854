// The bundled models still are what models/README.md says, as far as four streets can tell.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/shell.h"

namespace voxloom::test {
namespace {

class StreetModel : public ShellTest {
 protected:
  [[nodiscard]] double mean_iou(const std::string& name) const {
    const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
    if (source == nullptr) throw std::runtime_error("VOXLOOM_SOURCE_DIR is not set");
    const ShellResult done = run(fmt::format("eval '{}/models/{}' street --scans 4 --json '{}'",
                                             source, name, in_folder("scores.json")));
    EXPECT_EQ(done.exit_code, 0) << done.text;
    std::ifstream file(in_folder("scores.json"));
    return nlohmann::json::parse(file)["mean_iou"].get<double>();
  }
};

TEST_F(StreetModel, LabelsHeldOutStreets) {
  const double full = mean_iou("street.lattice"), packed = mean_iou("street_int8.lattice");
  EXPECT_GE(full, 0.70);
  EXPECT_NEAR(packed, full, 0.01);
}

}  // namespace
}  // namespace voxloom::test
