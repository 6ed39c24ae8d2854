#include "autograd/cases.h"
#include "oracle/conv.h"
#include "voxloom/weight.h"

namespace voxloom::test {
namespace {

using autograd::Tape;
using Variables = std::vector<Variable>;

// Inputs of every case: features, weight, bias.
GradientCase product_case(std::string name, const KernelMap& map, const oracle::KernelMap& expected,
                          const oracle::WeightShape& shape,
                          std::function<Variable(const Variables&)> run) {
  return {.name = std::move(name),
          .operation = "convolution",
          .inputs = {{{map.source().size(), shape.c_in}},
                     {{shape.volume, shape.groups, shape.group_in(), shape.group_out()}},
                     {{shape.c_out}}},
          .library = [run](Tape&, const Variables& v) { return run(v); },
          .oracle =
              [=](const Arrays& a) {
                return oracle::conv(expected, features_of(a[0], shape.c_in), {shape, a[1]}, a[2])
                    .sums.value;
              }};
}

GradientCase layout_case(std::string name, Shape dims, oracle::WeightLayout layout,
                         const oracle::WeightShape& shape, const SubmConvOptions& options) {
  const CaseSet s = case_set(1, 14);
  const KernelSpec kernel{.kernel_size = options.kernel_size};
  const auto expected = oracle_map(s.set, s.set, kernel, oracle::Direction::kForward);
  return {.name = std::move(name),
          .operation = "convolution",
          .inputs = {{{s.set.size(), shape.c_in}}, {std::move(dims)}, {{shape.c_out}}},
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::subm_conv3d(Variable(v[0], s.set), {v[1], v[2]}, options);
              },
          .oracle =
              [=](const Arrays& a) {
                return oracle::conv(expected, features_of(a[0], shape.c_in),
                                    oracle::weight_from(layout, shape, a[1]), a[2])
                    .sums.value;
              }};
}

std::vector<GradientCase> layout_cases() {
  using oracle::WeightLayout;
  return {layout_case("OutputMajorWeight", {4, 3, 1, 3, 3}, WeightLayout::kConv5d, {9, 1, 3, 4},
                      {.kernel_size = {3, 1, 3}}),
          layout_case("KernelMajorWeight", {9, 3, 4}, WeightLayout::kKernelMajor, {9, 1, 3, 4},
                      {.kernel_size = {3, 3, 1}}),
          layout_case("GroupedWeight", {3, 2, 2, 3}, WeightLayout::kGrouped, {3, 2, 4, 6},
                      {.kernel_size = {1, 1, 3}, .groups = 2}),
          layout_case("DepthwiseWeight", {9, 4}, WeightLayout::kDepthwise, {9, 4, 4, 4},
                      {.kernel_size = {3, 1, 3}, .groups = 4}),
          layout_case("PointwiseWeight", {5, 3}, WeightLayout::kPointwise, {1, 1, 3, 5},
                      {.kernel_size = 1}),
          layout_case("PointwiseGroupedLayout", {1, 1, 3, 5}, WeightLayout::kGrouped, {1, 1, 3, 5},
                      {.kernel_size = 1}),
          layout_case("PointwiseGroups", {1, 2, 2, 2}, WeightLayout::kGrouped, {1, 2, 4, 4},
                      {.kernel_size = 1, .groups = 2})};
}

// Changes of resolution, with the geometry that each op has by default or in use.
std::vector<GradientCase> resampling_cases() {
  const CaseSet s = case_set(2, 16, {6, 6, 6});
  const oracle::WeightShape shape{8, 1, 2, 3};
  const KernelSpec down{.kernel_size = 2, .stride = 2};
  const KernelSpec up{.kernel_size = 2, .stride = 2, .origin = Origin::corner};
  const CoordinateSet coarse = strided_support(s.set, 2);
  const CoordinateSet grown =
      transposed_support(s.set, {.kernel_size = 2, .stride = 1, .origin = Origin::corner});
  const KernelMap down_map = forward_map(s.set, coarse, down);
  const auto down_expected = oracle_map(s.set, coarse, down, oracle::Direction::kForward);
  const auto up_expected = oracle_map(coarse, s.set, up, oracle::Direction::kTransposed);
  const KernelSpec grow{.kernel_size = 2, .stride = 1, .origin = Origin::corner};
  const auto grow_expected = oracle_map(s.set, grown, grow, oracle::Direction::kTransposed);
  const KernelSpec list{.offsets = {{0, 0, 0}, {1, -1, 0}, {0, 0, 2}}};
  const auto list_expected = oracle_map(s.set, s.set, list, oracle::Direction::kForward);
  return {product_case("StridedConvolution", down_map, down_expected, shape,
                       [=](const Variables& v) {
                         return autograd::conv3d(Variable(v[0], s.set), {v[1], v[2]},
                                                 {.kernel_size = 2, .stride = 2});
                       }),
          product_case("TransposedConvolution", down_map.swapped(), up_expected, shape,
                       [=](const Variables& v) {
                         return autograd::conv_transpose3d(Variable(v[0], coarse), {v[1], v[2]},
                                                           {.target = s.set});
                       }),
          product_case(
              "InverseConvolution", down_map.swapped(), oracle::swapped(down_expected), shape,
              [=](const Variables& v) {
                return autograd::inverse_conv3d(Variable(v[0], coarse), {v[1], v[2]}, down_map);
              }),
          product_case("GenerativeConvolution", transposed_map(s.set, grown, grow), grow_expected,
                       shape,
                       [=](const Variables& v) {
                         return autograd::generative_conv_transpose3d(
                             Variable(v[0], s.set), {v[1], v[2]}, {.kernel_size = 2, .stride = 1});
                       }),
          product_case("ConvolutionToATargetArray", down_map, down_expected, shape,
                       [=](const Variables& v) {
                         return autograd::conv3d(
                             Variable(v[0], s.set), {v[1], v[2]},
                             {.kernel_size = 2, .stride = 2, .target = coarse.to_tensor()});
                       }),
          product_case("ConvolutionOnAMap", forward_map(s.set, s.set, list), list_expected,
                       {3, 1, 2, 3}, [=](const Variables& v) {
                         return autograd::conv_on_map(Variable(v[0], s.set), {v[1], v[2]},
                                                      forward_map(s.set, s.set, list));
                       })};
}

// A packed weight has no gradient, but the features behind it do.
GradientCase packed_case() {
  const CaseSet s = case_set(3, 12);
  oracle::Random random(5);
  const Tensor dense = to_tensor(oracle::random_values(random, 27 * 8 * 4), {27, 8, 4});
  const QuantizedWeight packed = quantize(dense, {.bits = 8, .group_size = 32});
  const oracle::Weight weight{{27, 1, 8, 4}, to_doubles(dequantize(packed))};
  const auto map = oracle_map(s.set, s.set, {.kernel_size = 3}, oracle::Direction::kForward);
  return {
      .name = "PackedWeight",
      .operation = "convolution",
      .inputs = {{{s.set.size(), 8}}, {{4}}},
      .library =
          [=](Tape&, const Variables& v) {
            QuantizedWeight weight_there = packed;
            for (Tensor* part : {&weight_there.codes, &weight_there.scales, &weight_there.biases}) {
              *part = beside(v[0], *part);
            }
            return autograd::subm_conv3d(Variable(v[0], s.set), {weight_there, v[1]});
          },
      .oracle =
          [=](const Arrays& a) {
            return oracle::conv(map, features_of(a[0], 8), weight, a[1]).sums.value;
          }};
}

GradientCase normalized_case(std::string name, bool is_transposed) {
  const CaseSet s = case_set(4, 12, {5, 5, 5});
  const CoordinateSet coarse = strided_support(s.set, 2);
  const oracle::WeightShape shape{is_transposed ? 8 : 27, 2, 4, 4};
  const auto map =
      is_transposed
          ? oracle_map(coarse, s.set, {.kernel_size = 2, .stride = 2, .origin = Origin::corner},
                       oracle::Direction::kTransposed)
          : oracle_map(s.set, s.set, {.kernel_size = 3}, oracle::Direction::kForward);
  return {
      .name = std::move(name),
      .operation = "normalized_convolution",
      .inputs = {{{map.in_rows, 4}}, {{shape.volume, 2, 2, 2}}, {{4}}},
      .library =
          [=](Tape&, const Variables& v) {
            return is_transposed
                       ? autograd::normalized_conv_transpose3d(Variable(v[0], coarse), {v[1], v[2]},
                                                               {.target = s.set, .groups = 2})
                       : autograd::normalized_subm_conv3d(Variable(v[0], s.set), {v[1], v[2]},
                                                          {.groups = 2});
          },
      .oracle =
          [=](const Arrays& a) {
            return oracle::normalized_conv(map, features_of(a[0], 4), {shape, a[1]}, a[2]).value.v;
          }};
}

}  // namespace

std::vector<GradientCase> convolution_cases() {
  std::vector<GradientCase> cases = layout_cases();
  for (GradientCase& c : resampling_cases()) cases.push_back(std::move(c));
  cases.push_back(packed_case());
  cases.push_back(normalized_case("NormalizedSubmanifold", false));
  cases.push_back(normalized_case("NormalizedTransposed", true));
  return cases;
}

}  // namespace voxloom::test
