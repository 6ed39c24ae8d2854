// The convolutions, in every form that the format or our extensions have.
#include "artifact/operation_cases.h"

namespace voxloom::test {
namespace {

using artifact::GraphBuilder;
using artifact::ValueRef;
using artifact::WeightFamily;

Tensor weights(const Shape& shape) { return random_tensor(shape, 7); }
const Tensor kBias = random_tensor({6}, 8);

ValueRef conv_weight(GraphBuilder& b, Triple size, std::int32_t groups = 1) {
  return b.conv_weight("w", weights({6, size.x, size.y, size.z, 4 / groups}), size, groups);
}
ValueRef bias(GraphBuilder& b) { return b.weight("b", WeightFamily::bias, kBias); }
const Triple kSize{3, 1, 3};
const QuantizedWeight& packed_weight() {
  static const QuantizedWeight weight =
      quantize(weights({6, 3, 1, 3, 4}), {.bits = 4, .group_size = 32});
  return weight;
}

}  // namespace

std::vector<OpCase> convolution_cases() {
  return {
      {"lattice.conv3d",
       [](auto& b, auto& in) {
         return b.conv3d(in.x, {.weight = conv_weight(b, kSize), .bias = bias(b)},
                         {.kernel_size = kSize, .stride = {2, 1, 1}, .padding = 1, .dilation = 2});
       },
       [](auto& d) {
         return conv3d(d.x, weights({6, 3, 1, 3, 4}), kBias,
                       {.kernel_size = kSize, .stride = {2, 1, 1}, .padding = 1, .dilation = 2});
       }},
      {"lattice.target_conv3d",
       [](auto& b, auto& in) {
         return b.conv3d(in.fine,
                         {.weight = b.conv_weight("w", weights({6, 3, 1, 3, 1}), kSize),
                          .bias = bias(b),
                          .target = in.x},
                         {.kernel_size = kSize, .stride = 2});
       },
       [](auto& d) {
         return conv3d(d.fine, weights({6, 3, 1, 3, 1}), kBias,
                       {.kernel_size = kSize, .stride = 2, .target = d.x});
       }},
      {"lattice.subm_conv3d",
       [](auto& b, auto& in) {
         return b.conv3d(in.x, {.weight = conv_weight(b, kSize)},
                         {.kernel_size = kSize, .support = Support::submanifold});
       },
       [](auto& d) {
         return subm_conv3d(d.x, weights({6, 3, 1, 3, 4}), {}, {.kernel_size = kSize});
       }},
      {"lattice.subm_conv3d",  // packed
       [](auto& b, auto& in) {
         return b.subm_conv3d(in.x, {.weight = b.conv_weight("w", packed_weight(), kSize)},
                              {.kernel_size = kSize});
       },
       [](auto& d) { return subm_conv3d(d.x, packed_weight(), {}, {.kernel_size = kSize}); }},
      {"lattice.normalized_subm_conv3d",
       [](auto& b, auto& in) {
         return b.normalized_subm_conv3d(in.x, {.weight = conv_weight(b, kSize), .bias = bias(b)},
                                         {.kernel_size = kSize}, 1e-6F);
       },
       [](auto& d) {
         return normalized_subm_conv3d(d.x, weights({6, 3, 1, 3, 4}), kBias, {.kernel_size = kSize},
                                       1e-6F);
       }},
      {"lattice.conv_transpose3d",
       [](auto& b, auto& in) {
         return b.conv_transpose3d(in.x, {.weight = conv_weight(b, 2)}, {.padding = 1});
       },
       [](auto& d) {
         return conv_transpose3d(d.x, weights({6, 2, 2, 2, 4}), {}, {.padding = 1});
       }},
      {"lattice.target_conv_transpose3d",
       [](auto& b, auto& in) {
         return b.conv_transpose3d(in.x, {.weight = conv_weight(b, 2), .target = in.fine});
       },
       [](auto& d) {
         return conv_transpose3d(d.x, weights({6, 2, 2, 2, 4}), {}, {.target = d.fine});
       }},
      {"lattice.normalized_conv_transpose3d",
       [](auto& b, auto& in) {
         return b.normalized_conv_transpose3d(in.x, {.weight = conv_weight(b, 2)});
       },
       [](auto& d) {
         return normalized_conv_transpose3d(d.x, weights({6, 2, 2, 2, 4}), {});
       }},
      {"lattice.target_normalized_conv_transpose3d",
       [](auto& b, auto& in) {
         return b.normalized_conv_transpose3d(in.x,
                                              {.weight = conv_weight(b, 2), .target = in.fine});
       },
       [](auto& d) {
         return normalized_conv_transpose3d(d.x, weights({6, 2, 2, 2, 4}), {}, {.target = d.fine});
       }},
      {"lattice.generative_conv_transpose3d",
       [](auto& b, auto& in) {
         return b.generative_conv_transpose3d(in.x, {.weight = conv_weight(b, 3)},
                                              {.kernel_size = 3});
       },
       [](auto& d) {
         return generative_conv_transpose3d(d.x, weights({6, 3, 3, 3, 4}), {}, {.kernel_size = 3});
       }},
      {"lattice.normalized_generative_conv_transpose3d",
       [](auto& b, auto& in) {
         return b.normalized_generative_conv_transpose3d(in.x, {.weight = conv_weight(b, 2)});
       },
       [](auto& d) {
         return normalized_generative_conv_transpose3d(d.x, weights({6, 2, 2, 2, 4}), {});
       }},
      {"lattice.target_conv_transpose3d",  // the other origin is the same with more padding
       [](auto& b, auto& in) {
         return b.conv_transpose3d(
             in.x, {.weight = conv_weight(b, kSize), .target = in.fine},
             {.kernel_size = kSize, .dilation = {1, 1, 2}, .origin = Origin::centered});
       },
       [](auto& d) {
         return conv_transpose3d(d.x, weights({6, 3, 1, 3, 4}), {},
                                 {.kernel_size = kSize,
                                  .dilation = {1, 1, 2},
                                  .target = d.fine,
                                  .origin = Origin::centered});
       }},
      {"lattice.conv_transpose3d",  // an even kernel has one origin
       [](auto& b, auto& in) {
         return b.conv_transpose3d(in.x, {.weight = conv_weight(b, 2)},
                                   {.origin = Origin::centered});
       },
       [](auto& d) {
         return conv_transpose3d(d.x, weights({6, 2, 2, 2, 4}), {}, {.origin = Origin::centered});
       }},
      {"lattice.conv3d",  // and with less padding
       [](auto& b, auto& in) {
         return b.conv3d(
             in.x, {.weight = conv_weight(b, kSize)},
             {.kernel_size = kSize, .stride = 2, .padding = {2, 0, 1}, .origin = Origin::corner});
       },
       [](auto& d) {
         return conv3d(
             d.x, weights({6, 3, 1, 3, 4}), {},
             {.kernel_size = kSize, .stride = 2, .padding = {2, 0, 1}, .origin = Origin::corner});
       }},
      {"voxloom.conv3d",  // a corner kernel that reaches further than its padding
       [](auto& b, auto& in) {
         return b.conv3d(in.x, {.weight = conv_weight(b, 3)},
                         {.kernel_size = 3, .origin = Origin::corner});
       },
       [](auto& d) {
         return conv3d(d.x, weights({6, 3, 3, 3, 4}), {},
                       {.kernel_size = 3, .origin = Origin::corner});
       }},
      {"voxloom.conv3d",  // groups, reachable within bounds, the other origin
       [](auto& b, auto& in) {
         return b.conv3d(in.x, {.weight = conv_weight(b, 3, 2), .bias = bias(b)},
                         {.kernel_size = 3,
                          .support = Support::reachable,
                          .origin = Origin::corner,
                          .groups = 2,
                          .bounds = Bounds{{-2, -2, -2}, {3, 3, 3}}});
       },
       [](auto& d) {
         return conv3d(d.x, weights({6, 3, 3, 3, 2}), kBias,
                       {.kernel_size = 3,
                        .support = Support::reachable,
                        .origin = Origin::corner,
                        .groups = 2,
                        .bounds = Bounds{{-2, -2, -2}, {3, 3, 3}}});
       }},
      {"voxloom.conv3d",  // a list of offsets
       [](auto& b, auto& in) {
         const ValueRef w = b.weight("w", WeightFamily::kernel, weights({3, 4, 6}));
         return b.conv3d(in.x, {.weight = w}, {.offsets = {{0, 0, 0}, {1, 0, -1}, {-2, 0, 0}}});
       },
       [](auto& d) {
         return conv3d(d.x, weights({3, 4, 6}), {},
                       {.offsets = {{0, 0, 0}, {1, 0, -1}, {-2, 0, 0}}});
       }},
      {"voxloom.conv3d",  // depthwise
       [](auto& b, auto& in) {
         const ValueRef w = b.conv_weight("w", weights({9, 4}), kSize, 4);
         return b.subm_conv3d(in.x, {.weight = w}, {.kernel_size = kSize, .groups = 4});
       },
       [](auto& d) {
         return subm_conv3d(d.x, weights({9, 4}), {}, {.kernel_size = kSize, .groups = 4});
       }},
      {"voxloom.conv3d",  // normalized with groups
       [](auto& b, auto& in) {
         return b.normalized_subm_conv3d(in.x, {.weight = conv_weight(b, 3, 2)},
                                         {.kernel_size = 3, .groups = 2});
       },
       [](auto& d) {
         return normalized_subm_conv3d(d.x, weights({6, 3, 3, 3, 2}), {},
                                       {.kernel_size = 3, .groups = 2});
       }},
      {"voxloom.conv_transpose3d",
       [](auto& b, auto& in) {
         return b.conv_transpose3d(in.x, {.weight = conv_weight(b, 3, 2), .target = in.fine},
                                   {.kernel_size = 3, .origin = Origin::centered, .groups = 2});
       },
       [](auto& d) {
         return conv_transpose3d(
             d.x, weights({6, 3, 3, 3, 2}), {},
             {.kernel_size = 3, .target = d.fine, .origin = Origin::centered, .groups = 2});
       }},
      {"voxloom.conv_transpose3d",  // generative with groups
       [](auto& b, auto& in) {
         return b.normalized_generative_conv_transpose3d(in.x, {.weight = conv_weight(b, 2, 2)},
                                                         {.groups = 2});
       },
       [](auto& d) {
         return normalized_generative_conv_transpose3d(d.x, weights({6, 2, 2, 2, 2}), {},
                                                       {.groups = 2});
       }},
      {"voxloom.inverse_conv3d",
       [](auto& b, auto& in) {
         const ConvOptions options{.kernel_size = 3, .stride = 2};
         const ValueRef down = b.conv3d(in.x, {.weight = conv_weight(b, 3)}, options);
         const ValueRef up = b.conv_weight("up", random_tensor({4, 3, 3, 3, 6}, 9), 3);
         return b.inverse_conv3d(down, in.x, {.weight = up}, options);
       },
       [](auto& d) {
         const ConvOptions options{.kernel_size = 3, .stride = 2};
         const SparseTensor down = conv3d(d.x, weights({6, 3, 3, 3, 4}), {}, options);
         return inverse_conv3d(down, random_tensor({4, 3, 3, 3, 6}, 9), {},
                               conv3d_map(d.x, options));
       }},
  };
}

}  // namespace voxloom::test
