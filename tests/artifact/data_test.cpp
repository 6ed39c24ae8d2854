// The bundles under tests/data: read, run and compared on every machine. They were written by this
// test itself, with VOXLOOM_UPDATE_DATA set; `git diff` then shows what changed in the format.
#include "artifact/helpers.h"
#include "artifact/models.h"

namespace voxloom::test {
namespace {

class Data : public testing::Test {
 protected:
  void SetUp() override {
    if (environment_path("VOXLOOM_SOURCE_DIR").empty()) GTEST_SKIP() << "no VOXLOOM_SOURCE_DIR";
    if (std::getenv("VOXLOOM_UPDATE_DATA") != nullptr) update();
  }

  static fs::path file(const ExampleModel& example, const std::string& ending) {
    return data_folder() / (example.name + ending);
  }

  static void update() {
    fs::create_directories(data_folder());
    for (const ExampleModel& example : example_models()) {
      artifact::write_bundle(file(example, ".lattice"), example.bundle);
      write_safetensors(file(example, ".inputs.safetensors"), example.inputs);
      write_safetensors(file(example, ".expected.safetensors"),
                        results_of(example.bundle, example));
    }
  }

  static TensorMap results_of(const artifact::Bundle& bundle, const ExampleModel& example) {
    return artifact::to_tensors(artifact::Model::from_bundle(bundle).run(example.inputs));
  }
};

TEST_F(Data, BundlesGiveTheirExpectedOutputs) {
  for (const ExampleModel& example : example_models()) {
    SCOPED_TRACE(example.name);
    EXPECT_EQ(messages(artifact::verify_bundle(file(example, ".lattice"))), "");
    const TensorMap inputs = read_safetensors(file(example, ".inputs.safetensors")).tensors;
    expect_identical(inputs, example.inputs);
    const TensorMap actual =
        artifact::to_tensors(artifact::Model::load(file(example, ".lattice")).run(inputs));
    const TensorMap expected = read_safetensors(file(example, ".expected.safetensors")).tensors;
    ASSERT_EQ(actual.size(), expected.size());
    for (const auto& [name, tensor] : expected) {
      // Sums of another instruction set differ in their last bits; bfloat16 keeps eight.
      const double unit = tensor.dtype() == DType::bf16 ? 0.02 : 1e-5;
      if (tensor.dtype() == DType::i32) {
        expect_identical({{name, actual.at(name)}}, {{name, tensor}});
      } else {
        expect_near(actual.at(name), tensor, {unit, unit});
      }
    }
  }
}

TEST_F(Data, TheWriterStillWritesTheSameText) {
  for (const ExampleModel& example : example_models()) {
    const artifact::Bundle stored = artifact::read_bundle(file(example, ".lattice"));
    EXPECT_EQ(artifact::to_text(stored.graph), artifact::to_text(example.bundle.graph));
    expect_identical(stored.weights, example.bundle.weights);
  }
}

}  // namespace
}  // namespace voxloom::test
