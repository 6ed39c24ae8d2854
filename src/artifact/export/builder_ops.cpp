// The builder's operations: options as attributes, operands by name. How IR v2 says them is the business
// of call().
#include "core/error.h"
#include "schema/describe.h"
#include "voxloom/graph_builder.h"

namespace voxloom::artifact {
namespace {

using schema::describe;
using schema::normalized;

NamedRefs conv_operands(ValueRef x, const ConvOperands& operands) {
  return {{"input", x},
          {"target", operands.target},
          {"weight", operands.weight},
          {"bias", operands.bias}};
}

// Else a generative convolution is a transposed one without padding or dilation.
bool is_plain(const ConvOperands& operands, const GenerativeConvTransposeOptions& options) {
  return !operands.target.defined() && options.groups == 1;
}

NamedRefs norm_operands(ValueRef x, const NormOperands& n) {
  return {
      {"input", x}, {"scale", n.scale}, {"bias", n.bias}, {"mean", n.mean}, {"var", n.variance}};
}

}  // namespace

ValueRef GraphBuilder::first(std::string_view name, const NamedRefs& operands,
                             Attributes attributes) {
  return call(name, operands, std::move(attributes))[0];
}

ValueRef GraphBuilder::features(ValueRef x) { return call("sparse.decompose", {{"input", x}})[1]; }

ValueRef GraphBuilder::with_features(ValueRef x, ValueRef features) {
  return first("sparse.with_features", {{"input", x}, {"features", features}});
}

ValueRef GraphBuilder::conv3d(ValueRef x, const ConvOperands& operands,
                              const ConvOptions& options) {
  return first("conv3d", conv_operands(x, operands), describe(options));
}

ValueRef GraphBuilder::subm_conv3d(ValueRef x, const ConvOperands& operands,
                                   const SubmConvOptions& options) {
  return first("conv3d", conv_operands(x, operands), describe(options));
}

ValueRef GraphBuilder::normalized_subm_conv3d(ValueRef x, const ConvOperands& operands,
                                              const SubmConvOptions& options, float eps) {
  return first("conv3d", conv_operands(x, operands), normalized(describe(options), eps));
}

ValueRef GraphBuilder::conv_transpose3d(ValueRef x, const ConvOperands& operands,
                                        const ConvTransposeOptions& options) {
  return first("conv_transpose3d", conv_operands(x, operands), describe(options));
}

ValueRef GraphBuilder::normalized_conv_transpose3d(ValueRef x, const ConvOperands& operands,
                                                   const ConvTransposeOptions& options, float eps) {
  return first("conv_transpose3d", conv_operands(x, operands), normalized(describe(options), eps));
}

ValueRef GraphBuilder::generative_conv_transpose3d(ValueRef x, const ConvOperands& operands,
                                                   const GenerativeConvTransposeOptions& options) {
  if (is_plain(operands, options)) {
    return first("generative_conv_transpose3d", conv_operands(x, operands),
                 schema::describe_generative(options));
  }
  return first("conv_transpose3d", conv_operands(x, operands), describe(options));
}

ValueRef GraphBuilder::normalized_generative_conv_transpose3d(
    ValueRef x, const ConvOperands& operands, const GenerativeConvTransposeOptions& options,
    float eps) {
  if (is_plain(operands, options)) {
    return first("normalized_generative_conv_transpose3d", conv_operands(x, operands),
                 normalized(schema::describe_generative(options), eps));
  }
  return first("conv_transpose3d", conv_operands(x, operands), normalized(describe(options), eps));
}

ValueRef GraphBuilder::inverse_conv3d(ValueRef x, ValueRef reference, const ConvOperands& operands,
                                      const ConvOptions& forward) {
  require(!operands.target.defined(), "inverse_conv3d", "the reference is the target");
  NamedRefs refs = conv_operands(x, operands);
  refs.emplace_back("reference", reference);
  return first("inverse_conv3d", refs, schema::describe_inverse(forward));
}

ValueRef GraphBuilder::pool3d(ValueRef x, const PoolOptions& options) {
  return first("pool3d", {{"input", x}}, describe(options));
}

ValueRef GraphBuilder::max_unpool3d(ValueRef x, ValueRef pooled, const PoolOptions& options) {
  return first("max_unpool3d", {{"input", x}, {"pooled", pooled}},
               schema::describe_unpool(options));
}

ValueRef GraphBuilder::pool_transpose3d(ValueRef x, const PoolTransposeOptions& options,
                                        ValueRef target) {
  return first("pool_transpose3d", {{"input", x}, {"target", target}}, describe(options));
}

ValueRef GraphBuilder::trilinear_upsample3d(ValueRef x, const UpsampleOptions& options,
                                            ValueRef target) {
  return first("trilinear_upsample3d", {{"input", x}, {"target", target}}, describe(options));
}

ValueRef GraphBuilder::global_pool(ValueRef x, PoolMode mode, std::int64_t batch_size) {
  return first("global_pool", {{"input", x}},
               {{"mode", schema::describe(mode)}, {"batch_size", batch_size}});
}

ValueRef GraphBuilder::voxelize(const PointOperands& p, const VoxelizeOptions& options) {
  return first("voxelize",
               {{"points", p.points},
                {"features", p.features},
                {"batch_indices", p.batch},
                {"active_rows", p.active}},
               describe(options));
}

ValueRef GraphBuilder::devoxelize(const PointOperands& p, const DevoxelizeOptions& options) {
  return first("devoxelize",
               {{"points", p.points},
                {"voxels", p.voxels},
                {"batch_indices", p.batch},
                {"point_active_rows", p.active}},
               describe(options));
}

ValueRef GraphBuilder::binary(BinaryOp kind, ValueRef lhs, ValueRef rhs,
                              const JoinOptions& options) {
  return first("sparse.binary", {{"lhs", lhs}, {"rhs", rhs}}, describe(kind, options));
}

ValueRef GraphBuilder::cat(const std::vector<ValueRef>& tensors, Join join) {
  require(!tensors.empty(), "cat", "there is nothing to put side by side");
  NamedRefs refs;
  for (const ValueRef tensor : tensors) refs.emplace_back("inputs", tensor);
  return first("sparse.cat", refs, {{"join", describe(join)}});
}

ValueRef GraphBuilder::reindex(ValueRef x, ValueRef target, float fill) {
  return first("sparse.reindex", {{"input", x}, {"target", target}}, {{"fill", fill}});
}
ValueRef GraphBuilder::crop(ValueRef x, Triple lo, Triple hi) {
  return first("sparse.crop", {{"input", x}}, {{"lo", lo}, {"hi", hi}});
}
ValueRef GraphBuilder::prune(ValueRef x, ValueRef rows) {
  return first("sparse.prune", {{"input", x}, {"rows", rows}});
}
ValueRef GraphBuilder::topk(ValueRef x, std::int64_t count, std::int64_t channel) {
  return first("sparse.topk", {{"input", x}}, {{"count", count}, {"channel", channel}});
}

ValueRef GraphBuilder::linear(ValueRef x, ValueRef weight, ValueRef bias) {
  return first("linear", {{"input", x}, {"weight", weight}, {"bias", bias}});
}
ValueRef GraphBuilder::embedding_lookup(ValueRef indices, ValueRef table) {
  return first("embedding_lookup", {{"input", indices}, {"weight", table}});
}
ValueRef GraphBuilder::activate(ValueRef x, Activation kind, const ActivationOptions& options) {
  return first("activation", {{"input", x}}, describe(kind, options));
}
ValueRef GraphBuilder::exp(ValueRef x) {
  return first("elementwise", {{"input", x}}, {{"kind", "exp"}});
}
ValueRef GraphBuilder::round(ValueRef x) {
  return first("elementwise", {{"input", x}}, {{"kind", "round"}});
}
ValueRef GraphBuilder::softmax(ValueRef x) { return first("softmax", {{"input", x}}); }
ValueRef GraphBuilder::batch_norm(ValueRef x, const NormOperands& n, float eps) {
  return first("batch_norm", norm_operands(x, n), {{"eps", eps}});
}
ValueRef GraphBuilder::layer_norm(ValueRef x, const NormOperands& n, float eps) {
  return first("layer_norm", norm_operands(x, n), {{"eps", eps}});
}
ValueRef GraphBuilder::rms_norm(ValueRef x, ValueRef scale, float eps) {
  return first("rms_norm", {{"input", x}, {"scale", scale}}, {{"eps", eps}});
}

}  // namespace voxloom::artifact
