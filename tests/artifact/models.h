// Small models of our own, made by the builder, with inputs.
#pragma once

#include <string>
#include <vector>

#include "artifact/random_data.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {

struct ExampleModel {
  std::string name;
  artifact::Bundle bundle;
  TensorMap inputs;
};

// An encoder and a decoder with a skip connection: plain IR v2.
inline artifact::Bundle unet() {
  using namespace artifact;
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 4});
  const ValueRef stem = b.named("stem").subm_conv3d(
      x, {.weight = b.conv_weight("stem.weight", random_tensor({8, 3, 3, 3, 4}, 1), 3)});
  const ValueRef rectified = b.with_features(stem, b.activate(b.features(stem), Activation::relu));
  const ValueRef down = b.named("down").conv3d(
      rectified, {.weight = b.conv_weight("down.weight", random_tensor({16, 2, 2, 2, 8}, 2), 2)},
      {.kernel_size = 2, .stride = 2});
  const ValueRef up = b.named("up").conv_transpose3d(
      down, {.weight = b.conv_weight("up.weight", random_tensor({8, 2, 2, 2, 16}, 3), 2),
             .target = rectified});
  const ValueRef both = b.cat({up, rectified});
  b.output(
      "output",
      b.named("head").subm_conv3d(
          both, {.weight = b.conv_weight("head.weight", random_tensor({3, 1, 1, 1, 16}, 4), 1)},
          {.kernel_size = 1}));
  return b.bundle();
}

inline TensorMap unet_inputs(unsigned seed = 1, std::size_t sites = 200) {
  TensorMap inputs;
  add_sparse_input(inputs, "x", random_sparse({.sites = sites, .extent = 12, .seed = seed}));
  return inputs;
}

// Packed int4 and int8 weights, norms and a pooled head: plain IR v2.
inline artifact::Bundle packed_classifier() {
  using namespace artifact;
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 4, .stride = {2, 1, 1}});
  const QuantizedWeight stem =
      quantize(random_tensor({6, 3, 3, 3, 4}, 5), {.bits = 4, .group_size = 32});
  const ValueRef y =
      b.subm_conv3d(x, {.weight = b.conv_weight("stem.weight", stem, 3),
                        .bias = b.weight("stem.bias", WeightFamily::bias, random_tensor({6}, 6))});
  const ValueRef scale = b.weight("norm.scale", WeightFamily::channel, random_tensor({6}, 7));
  const ValueRef normed = b.with_features(y, b.rms_norm(b.features(y), scale));
  const ValueRef pooled = b.global_pool(b.pool3d(normed), PoolMode::avg, 2);
  const QuantizedWeight head =
      quantize(random_tensor({3, 6}, 8), {.bits = 8, .group_size = 32, .scale_dtype = DType::f32});
  b.output("classes",
           b.softmax(b.linear(pooled, b.weight("head.weight", WeightFamily::linear, head))));
  return b.bundle();
}

inline TensorMap packed_inputs() {
  TensorMap inputs;
  add_sparse_input(inputs, "x",
                   random_sparse({.sites = 60, .extent = 8, .stride = {2, 1, 1}, .seed = 3}));
  return inputs;
}

// Groups, a list of offsets, bfloat16 and the growing support: our extensions.
inline artifact::Bundle extended() {
  using namespace artifact;
  GraphBuilder b;
  const DType bf16 = DType::bf16;
  const ValueRef x = b.sparse_input("x", {.channels = 4, .dtype = bf16});
  const ValueRef grown = b.conv3d(
      x, {.weight = b.conv_weight("grow.weight", random_tensor({8, 3, 3, 3, 2}, 9, bf16), 3, 2)},
      {.support = Support::reachable, .groups = 2, .bounds = Bounds{{-2, -2, -2}, {2, 2, 2}}});
  const ValueRef cross = b.conv3d(grown,
                                  {.weight = b.weight("cross.weight", WeightFamily::kernel,
                                                      random_tensor({3, 8, 2}, 10, bf16))},
                                  {.offsets = {{0, 0, 0}, {1, 0, 0}, {0, -1, 0}}});
  b.output("all", cross);
  b.output("best", b.prune(cross, b.topk(cross, 4)));
  return b.bundle();
}

inline TensorMap extended_inputs() {
  TensorMap inputs;
  add_sparse_input(inputs, "x", random_sparse({.sites = 12, .dtype = DType::bf16, .seed = 4}));
  return inputs;
}

inline std::vector<ExampleModel> example_models() {
  return {{"unet", unet(), unet_inputs(1, 40)},
          {"packed_classifier", packed_classifier(), packed_inputs()},
          {"extended", extended(), extended_inputs()}};
}

}  // namespace voxloom::test
