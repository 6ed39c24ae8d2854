// A bundle whose weights, points and features lie on another device: coordinates are the host's, all else
// is computed there, with the same bits.

#include <gtest/gtest.h>

#include "artifact/random_data.h"
#include "engine/every_problem.h"
#include "support/same_bits.h"
#include "voxloom/export_module.h"
#include "voxloom/models.h"

namespace voxloom::test {
namespace {

using artifact::Bundle;

constexpr std::int64_t kChannels = 3, kPoints = 500;

TensorMap inputs_on(Device device) {
  const Tensor points = random_tensor({kPoints, 3}, 3);
  const Tensor features = random_tensor({kPoints, kChannels}, 4);
  return {{"points", points.to(device)},
          {"features", features.to(device)},
          {"batch", Tensor::zeros({kPoints}, DType::i32)},
          {"active", Tensor::from<std::int32_t>({kPoints}, {1})}};
}

Tensor scores_on(Bundle bundle, Device device, bool fuse) {
  for (auto& [name, tensor] : bundle.weights) tensor = tensor.to(device);
  const auto model = artifact::Model::from_bundle(std::move(bundle), {.fuse = fuse});
  const auto results = model.run(inputs_on(device));
  const auto& scores = std::get<Tensor>(results.at("scores"));
  EXPECT_EQ(scores.device(), device);
  return scores.to(Device{});
}

TEST(BundleOnADevice, RunsWithTheSameBits) {
  const nn::MinkUNet net({.in_channels = kChannels, .classes = 5, .depth = 14, .width = 0.25});
  for (const bool is_packed : {false, true}) {
    artifact::ExportOptions options{.in_channels = kChannels, .fold_norms = is_packed};
    if (is_packed) options.packed = QuantizeOptions{.group_size = 32};
    const Bundle bundle =
        artifact::export_on_points(net, {.voxel_size = {0.125, 0.125, 0.125}}, options);
    for (const bool fuse : {false, true}) {
      const Tensor expected = scores_on(bundle, Device{}, fuse);
      CheckingDevice device;
      offer_every_problem(device);
      EXPECT_TRUE(same_bits(scores_on(bundle, kChecked, fuse), expected))
          << "fused: " << fuse << ", packed: " << is_packed;
      EXPECT_GT(device.calls("conv_forward"), 0);
    }
  }
}

}  // namespace
}  // namespace voxloom::test
