// Rooms and land from the air, from `simulate` to a network that reads their colours and returns.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/shell.h"
#include "voxloom/simulator.h"

namespace voxloom::test {
namespace {

class WorldCommands : public ShellTest {
 protected:
  [[nodiscard]] DatasetPtr read(const std::string& folder, sim::World world) const {
    FolderOptions options;
    options.input.features = sim::info_of(world).features;
    return open_dataset(in_folder(folder), options);
  }

  // The world's own settings, on a few scans, as small as a network is.
  [[nodiscard]] std::string small_config(const std::string& world, double voxel_size) const {
    const ShellResult printed = run("train " + world + " --print-config");
    EXPECT_EQ(printed.exit_code, 0) << printed.text;
    nlohmann::json config = nlohmann::json::parse(printed.text);
    config.erase("validation");
    config["data"][world]["scans"] = 2;
    config["steps"] = 2;
    config["voxel_size"] = voxel_size;
    config["model"]["width"] = 0.125;
    config["evaluate_every"] = 0;
    std::ofstream(in_folder(world + ".json")) << config;
    return in_folder(world + ".json");
  }
};

TEST_F(WorldCommands, WriteColoursAndReturnsThatAreReadAgain) {
  for (const sim::World world : {sim::World::rooms, sim::World::aerial}) {
    const std::string name(name_of(world));
    const ShellResult done =
        run("simulate --world " + name + " --scans 1 --seed 3 --out '" + in_folder(name) + "'");
    ASSERT_EQ(done.exit_code, 0) << done.text;
    const LabelledScan made = sim::world_dataset(world, {.scans = 1, .seed = 3})->get(0);
    const DatasetPtr data = read(name, world);
    EXPECT_EQ(data->classes(), sim::info_of(world).classes);
    const LabelledScan scan = data->get(0);
    EXPECT_EQ(scan.positions, made.positions);
    EXPECT_EQ(scan.labels, made.labels);
    EXPECT_EQ(scan.intensity, made.intensity);
    EXPECT_EQ(scan.colours, made.colours);
    EXPECT_EQ(scan.columns, made.columns);
  }
}

TEST_F(WorldCommands, RefuseWhatAWorldDoesNotHave) {
  const auto refused = [&](const std::string& arguments) {
    const ShellResult done = run("simulate --scans 1 --out '" + in_folder("x") + "' " + arguments);
    EXPECT_NE(done.exit_code, 0);
    EXPECT_FALSE(std::filesystem::exists(in_folder("x"))) << arguments;
    return done.text;
  };
  EXPECT_NE(refused("--world rooms --format kitti").find("holds no colours"), std::string::npos);
  EXPECT_NE(refused("--world rooms --sensor vlp16").find("it has tls, rgbd"), std::string::npos);
  EXPECT_NE(refused("--sensor als").find("no sensor als"), std::string::npos);
  refused("--world moon");
}

TEST_F(WorldCommands, TrainNetworksThatAreEvaluated) {
  for (const auto& [world, voxel_size] : {std::pair("rooms", 0.4), std::pair("aerial", 2.0)}) {
    const std::string config = small_config(world, voxel_size);
    const std::string out = in_folder(std::string("run_") + world);
    const ShellResult trained = run("train '" + config + "' --out '" + out + "'");
    ASSERT_EQ(trained.exit_code, 0) << trained.text;
    const ShellResult judged =
        run("eval '" + out + "/model.lattice' " + world + " --scans 1 --split val");
    EXPECT_EQ(judged.exit_code, 0) << judged.text;
    const std::string last =
        sim::info_of(world == std::string("rooms") ? sim::World::rooms : sim::World::aerial)
            .classes.classes.back()
            .name;
    EXPECT_NE(judged.text.find(last), std::string::npos) << judged.text;
  }
}

TEST_F(WorldCommands, AConfigurationNamesOneWorld) {
  const auto refused = [&](const std::string& data) {
    std::ofstream(in_folder("c.json")) << "{\"data\": " << data << "}";
    const ShellResult done =
        run("train '" + in_folder("c.json") + "' --out '" + in_folder("r") + "'");
    EXPECT_NE(done.exit_code, 0);
    return done.text;
  };
  EXPECT_NE(
      refused(R"({"rooms": {"scans": 1}, "street": {"scans": 1}})").find("more than one world"),
      std::string::npos);
  EXPECT_NE(refused(R"({"folder": "x", "rooms": {"scans": 1}})").find("either a \"folder\""),
            std::string::npos);
  EXPECT_NE(refused(R"({"cache": true})").find("\"aerial\""), std::string::npos);
}

}  // namespace
}  // namespace voxloom::test
