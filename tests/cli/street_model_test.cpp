// The bundled models still are what models/README.md says, as far as four streets can tell.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/shell.h"
#include "support/same_bits.h"
#include "voxloom/point_labeller.h"
#include "voxloom/points.h"
#include "voxloom/simulator.h"
#include "voxloom/train.h"

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

std::string models() {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  return fmt::format("{}/models/", source == nullptr ? "." : source);
}

// What other readers of the format run: between the points that they cannot.
TEST(StreetPlain, IsTheNetworkOfTheOneThatTakesPoints) {
  const auto bundle = artifact::read_bundle(models() + "street_plain.lattice");
  EXPECT_FALSE(bundle.graph.extensions);
  EXPECT_TRUE(artifact::portability_of(bundle.graph).empty());
  const auto network = artifact::Model::from_bundle(bundle);
  const label::PointLabeller labeller(models() + "street.lattice");
  const LabelledScan scan =
      sim::street_dataset(
          {.split = sim::Split::test, .scans = 1, .seed = 4, .sensor = sim::Sensor::vlp16})
          ->get(0);
  const Tensor points = train::point_positions(scan);
  const Grid grid{.voxel_size = {0.2, 0.2, 0.2}};
  const Voxelized voxels = voxelize(points, train::point_features(scan, labeller.features()), {},
                                    {.grid = grid, .non_finite = NonFinite::drop});
  const auto results =
      network.run({{"x_coords", voxels.tensor.coords().to_tensor()},
                   {"x_features", voxels.tensor.features()},
                   {"x_active", Tensor::from<std::int32_t>(
                                    {static_cast<std::int32_t>(voxels.tensor.rows())}, {1})}});
  const Tensor scores = devoxelize(points, std::get<SparseTensor>(results.at("scores")), {},
                                   {.grid = grid, .non_finite = NonFinite::drop});
  EXPECT_TRUE(same_bits(scores, labeller.scores(scan)));
}

// Nothing that the format has a word for is said in ours.
TEST(StreetModels, SayInTheFormatsWordsWhatTheyCan) {
  for (const char* name : {"street.lattice", "street_int8.lattice", "street_plain.lattice"}) {
    const artifact::Graph graph = artifact::read_bundle(models() + name).graph;
    EXPECT_EQ(artifact::to_text(graph), artifact::to_text(artifact::to_plain(graph))) << name;
  }
}

}  // namespace
}  // namespace voxloom::test
