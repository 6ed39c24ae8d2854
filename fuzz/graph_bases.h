// Valid bundles that hold every operation at least once: what the graph fuzzers start from.
#pragma once

#include <string>
#include <vector>

#include "voxloom/graph_builder.h"

namespace voxloom::fuzz {

using artifact::Bundle;
using artifact::EnumValue;
using artifact::GraphBuilder;
using artifact::ValueRef;
using artifact::WeightFamily;

class Weights {
 public:
  explicit Weights(GraphBuilder& b) : b_(b) {}

  // Small numbers, no two alike.
  static Tensor values(const Shape& shape, float least = -0.5F) {
    Tensor tensor = Tensor::empty(shape, DType::f32);
    float value = least;
    for (float& v : tensor.mutable_span<float>()) {
      v = value;
      value = value > 0.5F ? least : value + 0.03125F;
    }
    return tensor;
  }

  ValueRef conv(Triple size, std::int64_t in, std::int64_t out) {
    return b_.conv_weight(key(), values({out, size.x, size.y, size.z, in}), size);
  }
  ValueRef packed_conv(Triple size, std::int64_t in, std::int64_t out) {
    const Tensor dense = values({out, size.x, size.y, size.z, in});
    return b_.conv_weight(key(), quantize(dense, {.bits = 4, .group_size = 32}), size);
  }
  ValueRef of(WeightFamily family, const Shape& shape, float least = -0.5F) {
    return b_.weight(key(), family, values(shape, least));
  }
  ValueRef packed_matrix(std::int64_t in, std::int64_t out) {
    return b_.weight(key(), WeightFamily::linear,
                     quantize(values({out, in}), {.bits = 8, .group_size = 32}));
  }

 private:
  std::string key() { return "w" + std::to_string(number_++); }

  GraphBuilder& b_;
  int number_ = 0;
};

inline Bundle convolutions() {
  GraphBuilder b;
  Weights w(b);
  const ValueRef x = b.sparse_input("x", {.channels = 2, .stride = 2});
  const ValueRef fine = b.sparse_input("fine", {.channels = 2, .batch_size = 3});
  const ValueRef bias = w.of(WeightFamily::bias, {2});
  const ValueRef a = b.conv3d(x, {.weight = w.conv({3, 1, 2}, 2, 2), .bias = bias},
                              {.kernel_size = {3, 1, 2}, .stride = {2, 1, 1}, .padding = 1});
  const ValueRef t =
      b.conv3d(fine, {.weight = w.conv(2, 2, 2), .target = x}, {.kernel_size = 2, .stride = 2});
  const ValueRef s = b.subm_conv3d(t, {.weight = w.packed_conv(3, 2, 2), .bias = bias});
  const ValueRef n = b.normalized_subm_conv3d(s, {.weight = w.conv(3, 2, 2)});
  const ValueRef sum = b.binary(BinaryOp::add, s, x, {});
  const ValueRef relu = b.with_features(sum, b.activate(b.features(sum), Activation::relu));
  b.output("a", a);
  b.output("n", n);
  b.output("up", b.conv_transpose3d(x, {.weight = w.conv(2, 2, 2)}));
  b.output("up_target", b.conv_transpose3d(x, {.weight = w.conv(2, 2, 2), .target = fine}));
  b.output("up_normalized", b.normalized_conv_transpose3d(x, {.weight = w.conv(2, 2, 2)}));
  b.output("up_normalized_target",
           b.normalized_conv_transpose3d(x, {.weight = w.conv(2, 2, 2), .target = fine}));
  b.output("made", b.generative_conv_transpose3d(relu, {.weight = w.conv(2, 2, 2)}));
  b.output("made_normalized",
           b.normalized_generative_conv_transpose3d(x, {.weight = w.conv(2, 2, 2)}));
  return b.bundle();
}

inline Bundle extended_convolutions() {
  GraphBuilder b;
  Weights w(b);
  const ValueRef x = b.sparse_input("x", {.channels = 4, .batch_size = 2});
  const ValueRef grown =
      b.conv3d(x, {.weight = b.conv_weight("g", Weights::values({4, 3, 1, 3, 2}), {3, 1, 3}, 2)},
               {.kernel_size = {3, 1, 3},
                .support = Support::reachable,
                .groups = 2,
                .bounds = Bounds{{-3, -3, -3}, {4, 4, 4}}});
  const ValueRef cross = b.conv3d(grown, {.weight = w.of(WeightFamily::kernel, {3, 4, 2})},
                                  {.offsets = {{0, 0, 0}, {1, 0, 0}, {0, -1, 0}}});
  const ConvOptions down{.kernel_size = 3, .stride = 2};
  const ValueRef coarse = b.conv3d(x, {.weight = w.conv(3, 4, 4)}, down);
  b.output("cross", cross);
  b.output("depthwise",
           b.conv3d(x, {.weight = w.of(WeightFamily::kernel, {27, 4})}, {.groups = 4}));
  b.output("inverse", b.inverse_conv3d(coarse, x, {.weight = w.conv(3, 4, 4)}, down));
  b.output("back", b.conv_transpose3d(coarse, {.weight = w.conv(3, 4, 2), .target = x},
                                      {.kernel_size = 3, .stride = 2, .origin = Origin::centered}));
  b.output("back_in_groups",
           b.conv_transpose3d(
               coarse, {.weight = b.conv_weight("h", Weights::values({4, 2, 2, 2, 2}), 2, 2)},
               {.groups = 2}));
  return b.bundle();
}

inline Bundle pools_and_sets() {
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 2, .stride = 2});
  const ValueRef y = b.sparse_input("y", {.channels = 2, .stride = 2});
  const ValueRef pooled = b.pool3d(x);
  const auto parts = b.op("lattice.sparse.decompose", {y});
  const ValueRef merged =
      b.op("voxloom.sparse.from_points", {parts[0], parts[1], parts[2]}, {{"batch_size", 3}})[0];
  const ValueRef grid = b.op("voxloom.to_dense", {x}, {{"lo", Triple(-2)}, {"hi", Triple(2)}})[0];
  b.output("unpooled", b.max_unpool3d(x, pooled));
  b.output("corner", b.pool3d(x, {.kernel_size = 3, .stride = 3, .origin = Origin::corner}));
  b.output("spread", b.pool_transpose3d(x, {}));
  b.output("smooth", b.trilinear_upsample3d(x));
  b.output("all", b.global_pool(x, PoolMode::avg, 4));
  b.output("pair", b.cat({x, y}, Join::outer));
  b.output("three", b.cat({x, y, x}, Join::right));
  b.output("moved", b.reindex(x, y, 0.5F));
  b.output("box", b.crop(x, {-1, -1, -1}, {1, 1, 1}));
  b.output("best", b.prune(x, b.topk(x, 2, 1)));
  b.output("set", b.op("voxloom.sparse.set", {x, y},
                       {{"op", EnumValue{"voxloom.set_op", "difference"}}})[0]);
  b.output("down", b.op("voxloom.sparse.downsample", {x}, {{"stride", Triple(2, 1, 3)}})[0]);
  b.output("sorted", b.op("voxloom.sparse.sort", {y})[0]);
  b.output("merged", merged);
  b.output("from_dense", b.op("voxloom.from_dense", {grid}, {{"lo", Triple(-2)}})[0]);
  return b.bundle();
}

inline Bundle rows() {
  GraphBuilder b;
  Weights w(b);
  constexpr auto kAny = artifact::kDynamic;
  const ValueRef f = b.tensor_input("f", {{kAny, 3}, artifact::ElementType::f32});
  const ValueRef indices = b.tensor_input("i", {{kAny}, artifact::ElementType::i32});
  const ValueRef scale = w.of(WeightFamily::channel, {3}), bias = w.of(WeightFamily::bias, {3});
  const ValueRef normed = b.batch_norm(b.linear(f, w.of(WeightFamily::linear, {3, 3}), bias),
                                       {.scale = scale,
                                        .bias = w.of(WeightFamily::bias, {3}),
                                        .mean = w.of(WeightFamily::channel, {3}),
                                        .variance = w.of(WeightFamily::channel, {3}, 0.25F)});
  b.output("normed", b.activate(normed, Activation::gelu, {.approximate = GeluApprox::tanh}));
  b.output("layer", b.layer_norm(f, {.scale = scale, .bias = bias}));
  b.output("rms", b.rms_norm(f, scale));
  b.output("groups", b.call("group_norm", {{"input", f}, {"scale", scale}, {"bias", bias}},
                            {{"groups", 3}})[0]);
  b.output("classes", b.softmax(b.linear(f, w.packed_matrix(3, 4))));
  b.output("curve", b.exp(b.round(f)));
  const ValueRef cube = b.tensor_input("cube", {{kAny, 2, 3}, artifact::ElementType::f32});
  b.output("of_any_rank", b.softmax(b.activate(b.exp(cube), Activation::relu)));
  b.output("words", b.embedding_lookup(indices, w.of(WeightFamily::embedding, {5, 3})));
  return b.bundle();
}

inline artifact::PointOperands declare_points(GraphBuilder& b) {
  constexpr auto kAny = artifact::kDynamic;
  artifact::PointOperands p;
  p.points = b.tensor_input("points", {{kAny, 3}, artifact::ElementType::f32});
  p.features = b.tensor_input("features", {{kAny, 2}, artifact::ElementType::f32});
  p.batch = b.tensor_input("batch", {{kAny}, artifact::ElementType::i32});
  p.active = b.tensor_input("active", {{1}, artifact::ElementType::i32});
  return p;
}

// From points to points, in both dialects.
inline Bundle points(bool is_extended) {
  GraphBuilder b;
  Weights w(b);
  artifact::PointOperands p = declare_points(b);
  const Grid grid{
      .voxel_size = {1, 0.5, 0.25}, .origin = {0.25, 0, -1}, .in_float32 = !is_extended};
  VoxelizeOptions into{.grid = grid};
  DevoxelizeOptions from{.grid = grid, .nearest = NearestMode::lattice};
  if (is_extended) {
    into.reduction = Reduction::max;
    into.non_finite = from.non_finite = NonFinite::drop;
    from.interpolation = Interpolation::linear;
    from.renormalize = true;
  }
  const ValueRef x = b.voxelize(p, into);
  const ValueRef down = b.conv3d(x, {.weight = w.conv(2, 2, 2)}, {.kernel_size = 2, .stride = 2});
  p.voxels = b.conv_transpose3d(down, {.weight = w.conv(2, 2, 2), .target = x});
  b.output("values", b.devoxelize(p, from));
  return b.bundle();
}

inline const std::vector<Bundle>& bases() {
  static const std::vector<Bundle> all = {convolutions(), extended_convolutions(), pools_and_sets(),
                                          rows(),         points(false),           points(true)};
  return all;
}

}  // namespace voxloom::fuzz
