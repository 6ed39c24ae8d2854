// The builder's operations: which form of the format says these options.
#include "artifact/graph/op_spec.h"
#include "core/error.h"
#include "voxloom/graph_builder.h"

namespace voxloom::artifact {
namespace {

template <typename Enum>
EnumValue choice(std::string_view op, std::string_view attribute, Enum value) {
  const AttributeSpec& row = *find_op(op)->attribute(attribute);
  const auto index = static_cast<std::size_t>(value);
  require(index < row.choices.size(), op, "unknown {} number {}", attribute, index);
  return {.kind = std::string(row.enum_kind), .value = std::string(row.choices[index])};
}

void require_no_target(std::string_view op, const Target& target) {
  require(std::holds_alternative<std::monostate>(target), op,
          "a graph's target is a value: give it among the operands, not in the options");
}

// Input, then whichever of target, weight and bias there are.
std::vector<ValueRef> operand_list(ValueRef x, const ConvOperands& operands) {
  std::vector<ValueRef> list = {x};
  if (operands.target.defined()) list.push_back(operands.target);
  list.push_back(operands.weight);
  if (operands.bias.defined()) list.push_back(operands.bias);
  return list;
}

Attribute offset_list(const std::vector<Triple>& offsets) {
  std::vector<std::int64_t> numbers;
  for (const Triple& offset : offsets) {
    numbers.insert(numbers.end(), {offset.x, offset.y, offset.z});
  }
  return {AttributeValue(std::move(numbers))};
}

Attributes window(const Triple& kernel_size, const Triple& stride, const Triple& padding,
                  const Triple& dilation) {
  return {{"kernel_size", kernel_size},
          {"stride", stride},
          {"padding", padding},
          {"dilation", dilation}};
}

// What IR v2 has no words for.
Attributes any_conv_attributes(const ConvOptions& o) {
  Attributes attributes = window(o.kernel_size, o.stride, o.padding, o.dilation);
  attributes["support"] = choice("voxloom.conv3d", "support", o.support);
  attributes["origin"] = choice("voxloom.conv3d", "origin", o.origin);
  attributes["groups"] = o.groups;
  if (!o.offsets.empty()) attributes["offsets"] = offset_list(o.offsets);
  if (o.bounds) {
    attributes["bounds"] = AttributeValue(
        std::vector<std::int64_t>{o.bounds->lo[0], o.bounds->lo[1], o.bounds->lo[2],
                                  o.bounds->hi[0], o.bounds->hi[1], o.bounds->hi[2]});
  }
  return attributes;
}

}  // namespace

ValueRef GraphBuilder::features(ValueRef x) { return op("lattice.sparse.decompose", {x})[1]; }

ValueRef GraphBuilder::with_features(ValueRef x, ValueRef features) {
  return first("lattice.sparse.with_features", {x, features});
}

ValueRef GraphBuilder::conv3d(ValueRef x, const ConvOperands& operands, const ConvOptions& o) {
  require_no_target("conv3d", o.target);
  const bool targeted = operands.target.defined();
  const bool box = o.groups == 1 && o.offsets.empty() && o.origin == Origin::centered;
  if (box && (targeted || (o.support == Support::strided && !o.bounds))) {
    return first(targeted ? "lattice.target_conv3d" : "lattice.conv3d", operand_list(x, operands),
                 window(o.kernel_size, o.stride, o.padding, o.dilation));
  }
  if (box && o.support == Support::submanifold && o.stride == Triple(1) && o.padding == Triple(0)) {
    return subm_conv3d(x, operands, {.kernel_size = o.kernel_size, .dilation = o.dilation});
  }
  return first("voxloom.conv3d", operand_list(x, operands), any_conv_attributes(o));
}

ValueRef GraphBuilder::subm_conv3d(ValueRef x, const ConvOperands& operands,
                                   const SubmConvOptions& o) {
  if (o.groups == 1) {
    return first("lattice.subm_conv3d", operand_list(x, operands),
                 {{"kernel_size", o.kernel_size}, {"dilation", o.dilation}});
  }
  return first("voxloom.conv3d", operand_list(x, operands),
               any_conv_attributes({.kernel_size = o.kernel_size,
                                    .dilation = o.dilation,
                                    .support = Support::submanifold,
                                    .groups = o.groups}));
}

ValueRef GraphBuilder::normalized_subm_conv3d(ValueRef x, const ConvOperands& operands,
                                              const SubmConvOptions& o, float eps) {
  if (o.groups == 1) {
    return first("lattice.normalized_subm_conv3d", operand_list(x, operands),
                 {{"kernel_size", o.kernel_size}, {"dilation", o.dilation}, {"eps", eps}});
  }
  Attributes attributes = any_conv_attributes({.kernel_size = o.kernel_size,
                                               .dilation = o.dilation,
                                               .support = Support::submanifold,
                                               .groups = o.groups});
  attributes["eps"] = eps;
  return first("voxloom.conv3d", operand_list(x, operands), std::move(attributes));
}

namespace {

struct TransposedForm {
  std::string_view name;
  Attributes attributes;
};

TransposedForm transposed_form(const ConvOperands& operands, const ConvTransposeOptions& o,
                               std::optional<float> eps) {
  require_no_target("conv_transpose3d", o.target);
  Attributes attributes = window(o.kernel_size, o.stride, o.padding, o.dilation);
  if (eps) attributes["eps"] = *eps;
  if (o.groups != 1 || o.origin != Origin::corner) {
    attributes["groups"] = o.groups;
    attributes["origin"] = choice("voxloom.conv_transpose3d", "origin", o.origin);
    return {"voxloom.conv_transpose3d", std::move(attributes)};
  }
  const bool targeted = operands.target.defined();
  if (eps) {
    return {targeted ? "lattice.target_normalized_conv_transpose3d"
                     : "lattice.normalized_conv_transpose3d",
            std::move(attributes)};
  }
  return {targeted ? "lattice.target_conv_transpose3d" : "lattice.conv_transpose3d",
          std::move(attributes)};
}

// A generative convolution with a target or groups is a transposed one without padding or dilation.
bool is_plain(const ConvOperands& operands, const GenerativeConvTransposeOptions& o) {
  require_no_target("generative_conv_transpose3d", o.target);
  return !operands.target.defined() && o.groups == 1;
}

ConvTransposeOptions as_transposed(const GenerativeConvTransposeOptions& o) {
  return {.kernel_size = o.kernel_size, .stride = o.stride, .groups = o.groups};
}

}  // namespace

ValueRef GraphBuilder::conv_transpose3d(ValueRef x, const ConvOperands& operands,
                                        const ConvTransposeOptions& options) {
  TransposedForm form = transposed_form(operands, options, std::nullopt);
  return first(form.name, operand_list(x, operands), std::move(form.attributes));
}

ValueRef GraphBuilder::normalized_conv_transpose3d(ValueRef x, const ConvOperands& operands,
                                                   const ConvTransposeOptions& options, float eps) {
  TransposedForm form = transposed_form(operands, options, eps);
  return first(form.name, operand_list(x, operands), std::move(form.attributes));
}

ValueRef GraphBuilder::generative_conv_transpose3d(ValueRef x, const ConvOperands& operands,
                                                   const GenerativeConvTransposeOptions& o) {
  if (!is_plain(operands, o)) return conv_transpose3d(x, operands, as_transposed(o));
  return first("lattice.generative_conv_transpose3d", operand_list(x, operands),
               {{"kernel_size", o.kernel_size}, {"stride", o.stride}});
}

ValueRef GraphBuilder::normalized_generative_conv_transpose3d(
    ValueRef x, const ConvOperands& operands, const GenerativeConvTransposeOptions& o, float eps) {
  if (!is_plain(operands, o)) {
    return normalized_conv_transpose3d(x, operands, as_transposed(o), eps);
  }
  return first("lattice.normalized_generative_conv_transpose3d", operand_list(x, operands),
               {{"kernel_size", o.kernel_size}, {"stride", o.stride}, {"eps", eps}});
}

ValueRef GraphBuilder::inverse_conv3d(ValueRef x, ValueRef reference, const ConvOperands& operands,
                                      const ConvOptions& o) {
  require(!operands.target.defined(), "inverse_conv3d", "the reference is the target");
  Attributes attributes = window(o.kernel_size, o.stride, o.padding, o.dilation);
  attributes["origin"] = choice("voxloom.inverse_conv3d", "origin", o.origin);
  attributes["groups"] = o.groups;
  if (!o.offsets.empty()) attributes["offsets"] = offset_list(o.offsets);
  std::vector<ValueRef> list = operand_list(x, operands);
  list.insert(list.begin() + 1, reference);
  return first("voxloom.inverse_conv3d", list, std::move(attributes));
}

ValueRef GraphBuilder::pool3d(ValueRef x, const PoolOptions& o) {
  Attributes attributes = window(o.kernel_size, o.stride, o.padding, o.dilation);
  attributes["mode"] = choice("lattice.pool3d", "mode", o.mode);
  return first("lattice.pool3d", {x}, std::move(attributes));
}

ValueRef GraphBuilder::max_unpool3d(ValueRef x, ValueRef pooled, const PoolOptions& o) {
  return first("voxloom.max_unpool3d", {x, pooled},
               window(o.kernel_size, o.stride, o.padding, o.dilation));
}

ValueRef GraphBuilder::pool_transpose3d(ValueRef x, const PoolTransposeOptions& o,
                                        ValueRef target) {
  require_no_target("pool_transpose3d", o.target);
  std::vector<ValueRef> operands = {x};
  if (target.defined()) operands.push_back(target);
  return first("lattice.pool_transpose3d", operands,
               window(o.kernel_size, o.stride, o.padding, o.dilation));
}

ValueRef GraphBuilder::trilinear_upsample3d(ValueRef x, const UpsampleOptions& o, ValueRef target) {
  require_no_target("trilinear_upsample3d", o.target);
  std::vector<ValueRef> operands = {x};
  if (target.defined()) operands.push_back(target);
  return first("lattice.trilinear_upsample3d", operands, {{"stride", o.stride}});
}

ValueRef GraphBuilder::global_pool(ValueRef x, PoolMode mode, std::int64_t batch_size) {
  return first("lattice.global_pool", {x},
               {{"mode", choice("lattice.global_pool", "mode", mode)}, {"batch_size", batch_size}});
}

ValueRef GraphBuilder::voxelize(const PointOperands& p, const VoxelizeOptions& o) {
  const bool plain = (o.reduction == Reduction::sum || o.reduction == Reduction::mean) &&
                     o.non_finite == NonFinite::error && !o.batch_size;
  const std::string_view name = plain ? "lattice.voxelize" : "voxloom.voxelize";
  Attributes attributes = {{"voxel_size", o.grid.voxel_size},
                           {"origin", o.grid.origin},
                           {"reduction", choice(name, "reduction", o.reduction)},
                           {"stride", o.stride}};
  if (!plain) {
    attributes["non_finite"] = choice(name, "non_finite", o.non_finite);
    attributes["batch_size"] = o.batch_size.value_or(-1);
  }
  return first(name, {p.points, p.features, p.batch, p.active}, std::move(attributes));
}

ValueRef GraphBuilder::devoxelize(const PointOperands& p, const DevoxelizeOptions& o) {
  const bool nearest = o.interpolation == Interpolation::nearest;
  const bool plain = o.non_finite == NonFinite::error && (nearest || !o.renormalize) &&
                     (!nearest || o.nearest == NearestMode::lattice);
  const std::string_view name = plain ? "lattice.devoxelize" : "voxloom.devoxelize";
  Attributes attributes = {{"voxel_size", o.grid.voxel_size},
                           {"origin", o.grid.origin},
                           {"interpolation", choice(name, "interpolation", o.interpolation)}};
  if (!plain) {
    attributes["nearest"] = choice(name, "nearest", o.nearest);
    attributes["renormalize"] = o.renormalize;
    attributes["non_finite"] = choice(name, "non_finite", o.non_finite);
  }
  return first(name, {p.points, p.voxels, p.batch, p.active}, std::move(attributes));
}

ValueRef GraphBuilder::binary(BinaryOp kind, ValueRef lhs, ValueRef rhs, const JoinOptions& o) {
  constexpr std::string_view kName = "lattice.sparse.binary";
  return first(kName, {lhs, rhs},
               {{"op", choice(kName, "op", kind)},
                {"join", choice(kName, "join", o.join)},
                {"lhs_fill", o.lhs_fill},
                {"rhs_fill", o.rhs_fill}});
}

// Joined from the left, pair by pair, except that a right join looks every tensor up directly.
ValueRef GraphBuilder::cat(const std::vector<ValueRef>& tensors, Join join) {
  require(!tensors.empty(), "cat", "there is nothing to put side by side");
  constexpr std::string_view kPair = "lattice.sparse.cat";
  const EnumValue how = choice(kPair, "join", join);
  if (tensors.size() == 1 || (join == Join::right && tensors.size() > 2)) {
    return first("voxloom.sparse.cat", tensors, {{"join", how}});
  }
  ValueRef result = tensors[0];
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    result = first(kPair, {result, tensors[i]}, {{"join", how}});
  }
  return result;
}

ValueRef GraphBuilder::reindex(ValueRef x, ValueRef target, float fill) {
  return first("lattice.sparse.reindex", {x, target}, {{"fill", fill}});
}
ValueRef GraphBuilder::crop(ValueRef x, Triple lo, Triple hi) {
  return first("voxloom.sparse.crop", {x}, {{"lo", lo}, {"hi", hi}});
}
ValueRef GraphBuilder::prune(ValueRef x, ValueRef rows) {
  return first("voxloom.sparse.prune", {x, rows});
}
ValueRef GraphBuilder::topk(ValueRef x, std::int64_t count, std::int64_t channel) {
  return first("voxloom.sparse.topk", {x}, {{"count", count}, {"channel", channel}});
}

ValueRef GraphBuilder::linear(ValueRef x, ValueRef weight, ValueRef bias) {
  std::vector<ValueRef> operands = {x, weight};
  if (bias.defined()) operands.push_back(bias);
  return first("lattice.linear", operands);
}
ValueRef GraphBuilder::embedding_lookup(ValueRef indices, ValueRef table) {
  return first("lattice.embedding_lookup", {indices, table});
}
ValueRef GraphBuilder::activate(ValueRef x, Activation kind, const ActivationOptions& o) {
  constexpr std::string_view kName = "lattice.activation";
  return first(kName, {x},
               {{"kind", choice(kName, "kind", kind)},
                {"approximate", choice(kName, "approximate", o.approximate)},
                {"alpha", o.alpha},
                {"beta", o.beta},
                {"threshold", o.threshold}});
}
ValueRef GraphBuilder::exp(ValueRef x) {
  return first("lattice.elementwise", {x}, {{"kind", "exp"}});
}
ValueRef GraphBuilder::round(ValueRef x) {
  return first("lattice.elementwise", {x}, {{"kind", "round"}});
}
ValueRef GraphBuilder::softmax(ValueRef x) { return first("lattice.softmax", {x}); }
ValueRef GraphBuilder::batch_norm(ValueRef x, const NormOperands& n, float eps) {
  return first("lattice.batch_norm", {x, n.scale, n.bias, n.mean, n.variance}, {{"eps", eps}});
}
ValueRef GraphBuilder::layer_norm(ValueRef x, const NormOperands& n, float eps) {
  return first("lattice.layer_norm", {x, n.scale, n.bias}, {{"eps", eps}});
}
ValueRef GraphBuilder::rms_norm(ValueRef x, ValueRef scale, float eps) {
  return first("lattice.rms_norm", {x, scale}, {{"eps", eps}});
}

}  // namespace voxloom::artifact
