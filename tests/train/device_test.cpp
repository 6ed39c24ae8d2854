// Whole training steps on a second backend end with the same bits: forward, loss, backward, clipping,
// the optimizer and the running statistics.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/every_problem.h"
#include "support/oracle_bridge.h"
#include "support/same_bits.h"
#include "train/toy_data.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

void move(nn::Module& net, Device device) {
  for (const nn::NamedParameter& p : net.named_parameters()) *p.value = p.value->to(device);
}

// The checkpoint after two steps.
std::string trained(Device device, const train::TrainOptions& options) {
  const fs::path file =
      fs::temp_directory_path() / ("voxloom_device_" + std::to_string(::getpid()));
  ToyNet net;
  move(net, device);
  train::Trainer trainer(net, std::make_shared<ToyDataset>(3, 300), options);
  while (!trainer.is_done()) static_cast<void>(trainer.step());
  for (const nn::NamedParameter& p : net.named_parameters()) {
    EXPECT_EQ(p.value->device(), device) << p.name;
  }
  trainer.save(file);
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  fs::remove(file);
  return bytes;
}

void expect_same_training(const train::TrainOptions& options) {
  const std::string expected = trained(Device{}, options);
  CheckingDevice device;
  offer_every_problem(device);
  EXPECT_TRUE(trained(kChecked, options) == expected);
  EXPECT_GT(device.calls("conv_weight_gradient"), 0);
  EXPECT_GT(device.calls("batch_norm_gradient"), 0);
  EXPECT_EQ(device.calls("sum_of_squares"), 2);
}

train::TrainOptions options_of(train::Rule rule) {
  train::TrainOptions options;
  options.voxel_size = 0.25;
  options.accumulation = 2;
  options.steps = 2;
  options.rate = 0.01F;
  options.clip = 0.5;
  options.lovasz = 0.5F;
  options.label_smoothing = 0.05F;
  options.class_weights = {1, 2, 0.5F};
  options.optimizer.rule = rule;
  return options;
}

TEST(TrainingOnADevice, AdamWEndsWithTheSameBits) {
  expect_same_training(options_of(train::Rule::adamw));
}

TEST(TrainingOnADevice, MomentumEndsWithTheSameBits) {
  train::TrainOptions options = options_of(train::Rule::sgd);
  options.checkpoint_blocks = true;
  expect_same_training(options);
}

// Norms folded into convolutions, residuals and rectifiers with them.
TEST(InferenceOnADevice, GivesTheSameBits) {
  const ToyNet net;
  const train::VoxelBatch batch = train::make_batch({ToyDataset(1, 300).get(0, 1)}, 0.25);
  const Tensor expected = net.forward(batch.x).features();
  CheckingDevice device;
  offer_every_problem(device);
  ToyNet there;
  move(there, kChecked);
  const SparseTensor x = batch.x.with_features(batch.x.features().to(kChecked));
  EXPECT_TRUE(same_bits(there.forward(x).features().to(Device{}), expected));
  EXPECT_EQ(train::largest_scores(there.forward(x).features()), train::largest_scores(expected));
}

}  // namespace
}  // namespace voxloom::test
