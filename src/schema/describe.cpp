#include "schema/describe.h"

#include <utility>
#include <variant>
#include <vector>

#include "schema/words.h"

namespace voxloom::schema {
namespace {

void require_no_target(std::string_view op, const Target& target) {
  require(std::holds_alternative<std::monostate>(target), op,
          "a graph's target is a value: give it among the operands, not in the options");
}

Attributes window(const Triple& kernel_size, const Triple& stride, const Triple& padding,
                  const Triple& dilation) {
  return {{"kernel_size", kernel_size},
          {"stride", stride},
          {"padding", padding},
          {"dilation", dilation}};
}

Attribute offset_list(const std::vector<Triple>& offsets) {
  std::vector<std::int64_t> numbers;
  for (const Triple& offset : offsets) {
    numbers.insert(numbers.end(), {offset.x, offset.y, offset.z});
  }
  return {AttributeValue(std::move(numbers))};
}

}  // namespace

Attributes describe(const ConvOptions& o) {
  require_no_target("conv3d", o.target);
  Attributes attributes = window(o.kernel_size, o.stride, o.padding, o.dilation);
  attributes["support"] = word_of(o.support);
  attributes["origin"] = word_of(o.origin);
  attributes["groups"] = o.groups;
  if (!o.offsets.empty()) attributes["offsets"] = offset_list(o.offsets);
  if (o.bounds) {
    attributes["bounds"] = AttributeValue(
        std::vector<std::int64_t>{o.bounds->lo[0], o.bounds->lo[1], o.bounds->lo[2],
                                  o.bounds->hi[0], o.bounds->hi[1], o.bounds->hi[2]});
  }
  return attributes;
}

Attributes describe(const SubmConvOptions& o) {
  return describe(ConvOptions{.kernel_size = o.kernel_size,
                              .dilation = o.dilation,
                              .support = Support::submanifold,
                              .groups = o.groups});
}

Attributes describe(const ConvTransposeOptions& o) {
  require_no_target("conv_transpose3d", o.target);
  Attributes attributes = window(o.kernel_size, o.stride, o.padding, o.dilation);
  attributes["origin"] = word_of(o.origin);
  attributes["groups"] = o.groups;
  return attributes;
}

Attributes describe(const GenerativeConvTransposeOptions& o) {
  require_no_target("generative_conv_transpose3d", o.target);
  return describe(
      ConvTransposeOptions{.kernel_size = o.kernel_size, .stride = o.stride, .groups = o.groups});
}

Attributes describe_generative(const GenerativeConvTransposeOptions& o) {
  require_no_target("generative_conv_transpose3d", o.target);
  return {{"kernel_size", o.kernel_size}, {"stride", o.stride}};
}

Attributes describe_inverse(const ConvOptions& o) {
  Attributes attributes = window(o.kernel_size, o.stride, o.padding, o.dilation);
  attributes["origin"] = word_of(o.origin);
  attributes["groups"] = o.groups;
  if (!o.offsets.empty()) attributes["offsets"] = offset_list(o.offsets);
  return attributes;
}

Attributes normalized(Attributes attributes, float eps) {
  attributes["eps"] = eps;
  return attributes;
}

Attributes describe(const PoolOptions& o) {
  Attributes attributes = describe_unpool(o);
  attributes["mode"] = word_of(o.mode);
  return attributes;
}

Attributes describe_unpool(const PoolOptions& o) {
  Attributes attributes = window(o.kernel_size, o.stride, o.padding, o.dilation);
  attributes["origin"] = word_of(o.origin);
  return attributes;
}

Attributes describe(const PoolTransposeOptions& o) {
  require_no_target("pool_transpose3d", o.target);
  return window(o.kernel_size, o.stride, o.padding, o.dilation);
}

Attributes describe(const UpsampleOptions& o) {
  require_no_target("trilinear_upsample3d", o.target);
  return {{"stride", o.stride}};
}

EnumValue describe(PoolMode mode) { return word_of(mode); }
EnumValue describe(Join join) { return word_of(join); }

Attributes describe(BinaryOp op, const JoinOptions& o) {
  return {{"op", word_of(op)},
          {"join", word_of(o.join)},
          {"lhs_fill", o.lhs_fill},
          {"rhs_fill", o.rhs_fill}};
}

Attributes describe(Activation kind, const ActivationOptions& o) {
  return {{"kind", word_of(kind)},
          {"approximate", word_of(o.approximate)},
          {"alpha", o.alpha},
          {"beta", o.beta},
          {"threshold", o.threshold}};
}

Attributes describe(const VoxelizeOptions& o) {
  return {{"voxel_size", o.grid.voxel_size},
          {"origin", o.grid.origin},
          {"reduction", word_of(o.reduction)},
          {"non_finite", word_of(o.non_finite)},
          {"stride", o.stride},
          {"batch_size", o.batch_size.value_or(-1)},
          {"float32", o.grid.in_float32}};
}

Attributes describe(const DevoxelizeOptions& o) {
  return {{"voxel_size", o.grid.voxel_size},
          {"origin", o.grid.origin},
          {"interpolation", word_of(o.interpolation)},
          {"nearest", word_of(o.nearest)},
          {"renormalize", o.renormalize},
          {"non_finite", word_of(o.non_finite)},
          {"float32", o.grid.in_float32}};
}

}  // namespace voxloom::schema
