// The published bundles of another implementation: same outputs, before and after our writer.
#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/helpers.h"

namespace voxloom::test {
namespace {

using artifact::Coordinates;
using artifact::Model;
using artifact::to_tensors;

struct Example {
  std::string name;
  bool sparse = false, logical = false;
  Tolerance tolerance;
};

std::vector<Example> examples(const fs::path& folder) {
  std::ifstream stream(folder / "manifest.json");
  std::vector<Example> list;
  for (const auto& item : nlohmann::json::parse(stream)) {
    list.push_back({item["name"],
                    item["output_kind"] == "sparse",
                    item["logical"],
                    {item["rtol"], item["atol"]}});
  }
  return list;
}

class Conformance : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = conformance_folder();
    if (folder_.empty()) GTEST_SKIP() << "no conformance bundles under VOXLOOM_SHARED_DIR";
    examples_ = examples(folder_);
    ASSERT_EQ(examples_.size(), 7U);
  }

  static Model load(const fs::path& bundle, const Example& example) {
    return Model::load(
        bundle, {.coordinates = example.logical ? Coordinates::logical : Coordinates::physical});
  }

  [[nodiscard]] TensorMap inputs(const Example& example) const {
    return read_safetensors(folder_ / (example.name + ".inputs.safetensors")).tensors;
  }

  void expect_outputs(const Model& model, const Example& example) const {
    const TensorMap actual = to_tensors(model.run(inputs(example)));
    const TensorMap expected =
        read_safetensors(folder_ / (example.name + ".expected.safetensors")).tensors;
    if (example.sparse) {
      expect_same_rows(actual, expected, "output", example.tolerance);
    } else {
      expect_near(actual.at("output"), expected.at("output"), example.tolerance);
    }
  }

  fs::path folder_;
  std::vector<Example> examples_;
};

TEST_F(Conformance, BundlesGiveTheirExpectedOutputs) {
  for (const Example& example : examples_) {
    SCOPED_TRACE(example.name);
    expect_outputs(load(folder_ / (example.name + ".lattice"), example), example);
  }
}

TEST_F(Conformance, BundlesAreRightWithoutWarnings) {
  for (const Example& example : examples_) {
    EXPECT_EQ(messages(artifact::verify_bundle(folder_ / (example.name + ".lattice"))), "");
  }
}

TEST_F(Conformance, WrittenBackTheyGiveTheSameBits) {
  const TemporaryFolder temporary;
  for (const Example& example : examples_) {
    SCOPED_TRACE(example.name);
    const fs::path original = folder_ / (example.name + ".lattice");
    const fs::path copy = temporary / (example.name + ".lattice");
    const artifact::Bundle bundle = artifact::read_bundle(original);
    artifact::write_bundle(copy, bundle);
    const std::string text = artifact::to_text(bundle.graph);
    EXPECT_EQ(artifact::to_text(artifact::read_bundle(copy).graph), text);
    EXPECT_EQ(text.find("voxloom"), std::string::npos) << "other readers must understand it";
    expect_identical(to_tensors(load(copy, example).run(inputs(example))),
                     to_tensors(load(original, example).run(inputs(example))));
    expect_outputs(load(copy, example), example);
  }
}

TEST_F(Conformance, LogicalCoordinatesAreRefusedWithoutTheOption) {
  for (const Example& example : examples_) {
    if (!example.logical) continue;
    const Model model = Model::load(folder_ / (example.name + ".lattice"));
    const std::string message =
        message_of<std::invalid_argument>([&] { (void)model.run(inputs(example)); });
    EXPECT_NE(message.find("is not divisible by the stride (2,1,1)"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace voxloom::test
