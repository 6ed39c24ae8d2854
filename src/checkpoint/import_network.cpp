// A network's steps, written as a graph.
#include "voxloom/import_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checkpoint/network_steps.h"
#include "checkpoint/network_weights.h"
#include "core/checked.h"
#include "core/error.h"
#include "voxloom/graph_builder.h"

namespace voxloom::checkpoint {
namespace {

using artifact::ConvOperands;
using artifact::GraphBuilder;
using artifact::ValueRef;
using artifact::WeightFamily;

constexpr std::string_view kImportNetworkOp = "import_network";

const Network& network_named(const std::string& name) {
  const std::vector<Network>& all = networks();
  const auto found =
      std::ranges::find(all, name, [](const Network& network) { return network.about.name; });
  if (found != all.end()) return *found;
  std::vector<std::string> names;
  for (const Network& network : all) names.push_back(network.about.name);
  fail(kImportNetworkOp, "there is no network '{}'; known are {}", name,
       fmt::format("{}", fmt::join(names, ", ")));
}

// The name under which a norm is stored: without MinkowskiEngine's inner module.
std::string stored_name(const std::string& norm) {
  constexpr std::string_view kInner = ".bn";
  return norm.ends_with(kInner) ? norm.substr(0, norm.size() - kInner.size()) : norm;
}

// The grid that a detection network cuts off at, in the order of the network's axes.
class Grid {
 public:
  Grid(const Network& network, const ImportOptions& options) {
    if (!network.about.needs_spatial_shape) {
      require(!options.spatial_shape, kImportNetworkOp,
              "{} cuts nothing off, so a spatial shape means nothing to it", network.about.name);
      return;
    }
    require(options.spatial_shape.has_value(), kImportNetworkOp,
            "{} cuts its coordinates off at the grid: give its spatial shape (sparse_shape in its "
            "configuration)",
            network.about.name);
    require(options.spatial_shape->size() == size_.size(), kImportNetworkOp,
            "a spatial shape should have 3 sizes, got {}", options.spatial_shape->size());
    for (std::size_t axis = 0; axis < size_.size(); ++axis) {
      size_[axis] = (*options.spatial_shape)[axis];
      require(size_[axis] >= 1 && fits_int32(size_[axis]), kImportNetworkOp,
              "a spatial shape should have sizes from 1 on, got {}", *options.spatial_shape);
    }
  }

  // The grid of a strided convolution's output.
  void stride(const Step& step) {
    for (std::size_t axis = 0; axis < size_.size(); ++axis) {
      const std::int64_t room = size_[axis] + 2 * step.padding[axis] - step.kernel[axis];
      require(room >= 0, kImportNetworkOp,
              "the grid is too small for '{}': {} cells along its axis {}", step.product,
              size_[axis], axis);
      size_[axis] = room / step.stride[axis] + 1;
    }
  }

  [[nodiscard]] Bounds bounds(Axes axes) const {
    std::array<std::int64_t, 3> hi = size_;
    if (axes == Axes::zyx) std::ranges::reverse(hi);
    return {.lo = {0, 0, 0}, .hi = hi};
  }

 private:
  std::array<std::int64_t, 3> size_{};
};

class GraphWriter {
 public:
  GraphWriter(NetworkWeights& weights, const Network& network, const ImportOptions& options)
      : weights_(weights),
        network_(network),
        axes_(options.axes.value_or(network.about.axes)),
        grid_(network, options) {}

  artifact::Bundle write() {
    for (const Step& step : network_.steps) {
      if (!x_.defined() && step.act != Act::keep) begin(step);
      run(step);
      require_channels(step);
    }
    b_.output("output", x_);
    return b_.bundle();
  }

 private:
  using Product = NetworkWeights::Product;

  void begin(const Step& step) {
    x_ = b_.sparse_input("x", {.channels = weights_.product(step.product, step.kernel).in});
  }

  void run(const Step& step) {
    switch (step.act) {
      case Act::submanifold:
      case Act::halve:
      case Act::reach: x_ = relu(norm(step.norm, convolution(step))); break;
      case Act::keep: kept_.push_back(x_); break;
      case Act::up: {
        last_skip_ = kept_.back();
        kept_.pop_back();
        x_ = b_.cat({relu(norm(step.norm, up(step, last_skip_))), last_skip_});
        break;
      }
      case Act::block: x_ = block(step); break;
      case Act::head:
        x_ = step.is_linear ? linear(step) : product(step.product, x_, step.kernel);
        break;
    }
  }

  ConvOperands operands(const std::string& name, const Product& product, const Along& kernel) {
    ConvOperands list{
        .weight = b_.conv_weight(name + ".weight", product.weight, weights_.along_ours(kernel))};
    if (product.bias.defined()) {
      list.bias = b_.weight(name + ".bias", WeightFamily::bias, product.bias);
    }
    return list;
  }

  // On the rows of x.
  ValueRef product(const std::string& name, ValueRef x, const Along& kernel) {
    const Product p = take(name, x, kernel);
    return b_.named(symbol(name))
        .subm_conv3d(x, operands(name, p, kernel), {.kernel_size = weights_.along_ours(kernel)});
  }

  ValueRef convolution(const Step& step) {
    if (step.act == Act::submanifold) return product(step.product, x_, step.kernel);
    const Product p = take(step.product, x_, step.kernel);
    ConvOptions options{.kernel_size = weights_.along_ours(step.kernel),
                        .stride = weights_.along_ours(step.stride)};
    if (step.act == Act::reach) {
      grid_.stride(step);
      options.padding = weights_.along_ours(step.padding);
      options.support = Support::reachable;
      options.origin = Origin::corner;  // in = out * stride + j - padding, j from 0 on
      options.bounds = grid_.bounds(axes_);
    }
    return b_.named(symbol(step.product))
        .conv3d(x_, operands(step.product, p, step.kernel), options);
  }

  ValueRef up(const Step& step, ValueRef skip) {
    const Product p = take(step.product, x_, step.kernel);
    ConvOperands list = operands(step.product, p, step.kernel);
    list.target = skip;
    return b_.named(symbol(step.product))
        .conv_transpose3d(x_, list,
                          {.kernel_size = weights_.along_ours(step.kernel),
                           .stride = weights_.along_ours(step.stride)});
  }

  ValueRef block(const Step& step) {
    const ValueRef x = x_;
    const ValueRef inner = relu(norm(step.norm, product(step.product, x, step.kernel)));
    const ValueRef main = norm(step.norm2, product(step.product2, inner, step.kernel));
    const ValueRef side = weights_.has_product(step.shortcut)
                              ? norm(step.shortcut_norm, product(step.shortcut, x, cube(1)))
                              : x;
    if (b_.channels(side) != b_.channels(main)) {
      throw FormatError(fmt::format(
          "[{}] the channels change from {} to {} in '{}', but there is no shortcut '{}'",
          kImportNetworkOp, b_.channels(side), b_.channels(main), step.product, step.shortcut));
    }
    return relu(b_.binary(BinaryOp::add, main, side, {.join = Join::outer}));
  }

  ValueRef linear(const Step& step) {
    const Product p = weights_.product(step.product, step.kernel, true);
    require_input(step.product, p, x_);
    const ValueRef weight = b_.weight(step.product + ".weight", WeightFamily::linear, p.weight);
    ValueRef bias;
    if (p.bias.defined()) bias = b_.weight(step.product + ".bias", WeightFamily::bias, p.bias);
    return on_features(x_, [&](ValueRef v) { return b_.linear(v, weight, bias); });
  }

  ValueRef norm(const std::string& name, ValueRef x) {
    if (name.empty()) return x;
    const NetworkWeights::Norm n = weights_.norm(name);
    if (n.scale.size() != b_.channels(x)) {
      throw FormatError(fmt::format("[{}] the norm '{}' has {} channels, and what it norms {}",
                                    kImportNetworkOp, name, n.scale.size(), b_.channels(x)));
    }
    const std::string key = stored_name(name);
    const auto channel = [&](const char* ending, const Tensor& values) {
      return b_.weight(key + ending, WeightFamily::channel, values);
    };
    const artifact::NormOperands list{.scale = channel(".weight", n.scale),
                                      .bias = b_.weight(key + ".bias", WeightFamily::bias, n.bias),
                                      .mean = channel(".running_mean", n.mean),
                                      .variance = channel(".running_var", n.variance)};
    return on_features(x, [&](ValueRef v) { return b_.batch_norm(v, list, network_.eps); });
  }

  ValueRef relu(ValueRef x) {
    return on_features(x, [&](ValueRef v) { return b_.activate(v, Activation::relu); });
  }

  template <typename Body>
  ValueRef on_features(ValueRef x, const Body& body) {
    return b_.with_features(x, body(b_.features(x)));
  }

  static std::string symbol(std::string name) {
    std::ranges::replace(name, '.', '_');
    return name + "_out";
  }

  Product take(const std::string& name, ValueRef x, const Along& kernel) {
    Product p = weights_.product(name, kernel);
    require_input(name, p, x);
    return p;
  }

  void require_input(const std::string& name, const Product& product, ValueRef x) const {
    if (product.in == b_.channels(x)) return;
    throw FormatError(fmt::format("[{}] '{}' takes {} channels, but gets {}", kImportNetworkOp,
                                  name, product.in, b_.channels(x)));
  }

  void require_channels(const Step& step) const {
    // What was joined is behind what the step itself made.
    if (step.out_channels == 0) return;
    const std::int64_t made = b_.channels(x_) - (step.act == Act::up ? b_.channels(last_skip_) : 0);
    if (made == step.out_channels) return;
    throw FormatError(fmt::format("[{}] '{}' makes {} channels, but {} has {} there",
                                  kImportNetworkOp, step.product, made, network_.about.name,
                                  step.out_channels));
  }

  NetworkWeights& weights_;
  const Network& network_;
  Axes axes_;
  Grid grid_;
  GraphBuilder b_;
  ValueRef x_, last_skip_;
  std::vector<ValueRef> kept_;
};

}  // namespace

Import import_network(const Checkpoint& checkpoint, const ImportOptions& options) {
  const Network& network = network_named(options.network);
  NetworkWeights weights(checkpoint, network, options);
  Import result{.bundle = GraphWriter(weights, network, options).write(), .report = {}};
  result.report = weights.finish();
  return result;
}

}  // namespace voxloom::checkpoint
