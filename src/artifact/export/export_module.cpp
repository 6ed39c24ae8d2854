#include "voxloom/export_module.h"

#include <set>

#include "core/error.h"
#include "voxloom/exporter.h"
#include "voxloom/graph_builder.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kOp = "export_module";

class GraphExporter : public nn::Exporter {
 public:
  GraphExporter(GraphBuilder& builder, const ExportOptions& options)
      : b_(builder), options_(options) {}

  [[nodiscard]] bool folds_norms() const override { return options_.fold_norms; }

  nn::Symbol conv3d(nn::Symbol x, const Product& product, const ConvOptions& options) override {
    return symbol(b_.conv3d(
        value(x), operands(product, options.kernel_size, options.groups, !options.offsets.empty()),
        options));
  }

  nn::Symbol conv_transpose3d(nn::Symbol x, const Product& product,
                              const ConvTransposeOptions& options, nn::Symbol target) override {
    ConvOperands list = operands(product, options.kernel_size, options.groups, false);
    if (target.defined()) list.target = value(target);
    return symbol(b_.conv_transpose3d(value(x), list, options));
  }

  nn::Symbol generative_conv_transpose3d(nn::Symbol x, const Product& product,
                                         const GenerativeConvTransposeOptions& options) override {
    return symbol(b_.generative_conv_transpose3d(
        value(x), operands(product, options.kernel_size, options.groups, false), options));
  }

  nn::Symbol linear(nn::Symbol x, const Product& product) override {
    const ValueRef weight =
        b_.weight(product.prefix + "weight", WeightFamily::linear, packed(product.weight, 1));
    const ValueRef bias = bias_of(product);
    return on_features(x, [&](ValueRef v) { return b_.linear(v, weight, bias); });
  }

  nn::Symbol batch_norm(nn::Symbol x, const std::string& prefix, const BatchNormParameters& p,
                        float eps) override {
    const NormOperands list{.scale = channel(prefix + "weight", p.scale),
                            .bias = b_.weight(prefix + "bias", WeightFamily::bias, p.bias),
                            .mean = channel(prefix + "running_mean", p.mean),
                            .variance = channel(prefix + "running_var", p.variance)};
    return on_features(x, [&](ValueRef v) { return b_.batch_norm(v, list, eps); });
  }

  nn::Symbol layer_norm(nn::Symbol x, const Norm& norm) override {
    const NormOperands list{.scale = channel(norm.prefix + "weight", norm.scale),
                            .bias = b_.weight(norm.prefix + "bias", WeightFamily::bias, norm.bias)};
    return on_features(x, [&](ValueRef v) { return b_.layer_norm(v, list, norm.eps); });
  }

  nn::Symbol rms_norm(nn::Symbol x, const Norm& norm) override {
    const ValueRef scale = channel(norm.prefix + "weight", norm.scale);
    return on_features(x, [&](ValueRef v) { return b_.rms_norm(v, scale, norm.eps); });
  }

  nn::Symbol activate(nn::Symbol x, Activation kind, const ActivationOptions& options) override {
    return on_features(x, [&](ValueRef v) { return b_.activate(v, kind, options); });
  }

  nn::Symbol pool3d(nn::Symbol x, const PoolOptions& options) override {
    return symbol(b_.pool3d(value(x), options));
  }
  nn::Symbol pool_transpose3d(nn::Symbol x, const PoolTransposeOptions& options) override {
    return symbol(b_.pool_transpose3d(value(x), options));
  }
  nn::Symbol trilinear_upsample3d(nn::Symbol x, const UpsampleOptions& options) override {
    return symbol(b_.trilinear_upsample3d(value(x), options));
  }
  nn::Symbol global_pool(nn::Symbol x, PoolMode mode) override {
    const nn::Symbol pooled = symbol(b_.global_pool(value(x), mode));
    dense_.insert(pooled.id);
    return pooled;
  }
  nn::Symbol add(nn::Symbol a, nn::Symbol b) override {
    return symbol(b_.binary(BinaryOp::add, value(a), value(b), {.join = Join::outer}));
  }
  nn::Symbol cat(const std::vector<nn::Symbol>& parts) override {
    std::vector<ValueRef> values;
    for (const nn::Symbol part : parts) values.push_back(value(part));
    return symbol(b_.cat(values));
  }

 private:
  static nn::Symbol symbol(ValueRef v) { return {v.id}; }
  static ValueRef value(nn::Symbol s) { return {s.id}; }

  ValueRef channel(const std::string& key, const Tensor& values) {
    return b_.weight(key, WeightFamily::channel, values);
  }
  ValueRef bias_of(const Product& product) {
    if (!product.bias.defined()) return {};
    return b_.weight(product.prefix + "bias", WeightFamily::bias, product.bias);
  }

  [[nodiscard]] Weight packed(const Weight& weight, std::int32_t groups) const {
    const auto* dense = std::get_if<Tensor>(&weight);
    if (dense == nullptr || !options_.packed || groups != 1) return weight;
    const std::size_t channels =
        dense->rank() == 4 ? 2 : 1;  // (K,1,C_in,C_out) or with C_in second
    if (dense->rank() == 5 || dense->dim(channels) < options_.packed_channels) return weight;
    return quantize(*dense, *options_.packed);
  }

  ConvOperands operands(const Product& product, const Triple& kernel_size, std::int32_t groups,
                        bool is_list) {
    const std::string key = product.prefix + "weight";
    const Weight weight = packed(product.weight, groups);
    return {.weight = is_list ? b_.weight(key, WeightFamily::kernel, weight)
                              : b_.conv_weight(key, weight, kernel_size, groups),
            .bias = bias_of(product)};
  }

  template <typename Body>
  nn::Symbol on_features(nn::Symbol x, const Body& body) {
    if (!dense_.contains(x.id)) {
      return symbol(b_.with_features(value(x), body(b_.features(value(x)))));
    }
    const nn::Symbol result = symbol(body(value(x)));
    dense_.insert(result.id);
    return result;
  }

  GraphBuilder& b_;
  const ExportOptions& options_;
  std::set<int> dense_;  // values that are no sparse tensors
};

void check(const ExportOptions& options) {
  require(options.in_channels >= 1, kOp, "in_channels should be at least 1, got {}",
          options.in_channels);
}

ValueRef emit(GraphBuilder& b, const nn::Module& module, ValueRef x, const ExportOptions& options) {
  GraphExporter exporter(b, options);
  return {module.emit(exporter, "", {x.id}).id};
}

}  // namespace

Bundle export_module(const nn::Module& module, const ExportOptions& options) {
  check(options);
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = options.in_channels});
  b.output("output", emit(b, module, x, options));
  return b.bundle();
}

Bundle export_on_points(const nn::Module& module, const Grid& grid, const ExportOptions& options) {
  check(options);
  GraphBuilder b;
  const auto input = [&](const char* name, Shape dims, ElementType element) {
    return b.tensor_input(name, {std::move(dims), element});
  };
  PointOperands points{
      .points = input("points", {kDynamic, 3}, ElementType::f32),
      .batch = input("batch", {kDynamic}, ElementType::i32),
      .active = input("active", {1}, ElementType::i32),
      .features = input("features", {kDynamic, options.in_channels}, ElementType::f32)};
  const ValueRef x = b.voxelize(
      points, {.grid = grid, .reduction = Reduction::mean, .non_finite = NonFinite::drop});
  points.voxels = emit(b, module, x, options);
  b.output("scores", b.devoxelize(points, {.grid = grid, .non_finite = NonFinite::drop}));
  return b.bundle();
}

}  // namespace voxloom::artifact
