#include <fmt/core.h>

#include "core/checked.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kSecondOp = "nn::SecondBackbone";

}  // namespace

SecondBackbone::SecondBackbone(const SecondOptions& o) {
  require(!o.channels.empty() && o.convolutions >= 0, kSecondOp,
          "needs at least one stage and no negative number of convolutions, got {} and {}",
          o.channels.size(), o.convolutions);
  std::uint64_t seed = o.seed;
  const auto add = [&](const std::string& name, std::int64_t in, std::int64_t out,
                       const ConvOptions& options) {
    layers_.push_back(
        {name, ConvNorm(Channels{.in = in, .out = out, .bias = false, .seed = seed++}, options)});
  };
  // The first stage keeps its input's rows; each later one halves the resolution, then convolves.
  std::int64_t channels = o.in_channels;
  for (std::size_t s = 0; s < o.channels.size(); ++s) {
    const std::int64_t out = o.channels[s];
    const std::string stage = fmt::format("conv{}.", s + 1);
    if (s == 0) {
      add("conv_input.", channels, out, {.kernel_size = 3, .support = Support::submanifold});
    } else {
      add(stage + "0.", channels, out,
          {.kernel_size = 3, .stride = 2, .support = Support::reachable});
    }
    for (int c = 0; c < o.convolutions; ++c) {
      add(fmt::format("{}{}.", stage, c + 1), out, out,
          {.kernel_size = 3, .support = Support::submanifold});
    }
    channels = out;
  }
  // Along the height only.
  add("conv_out.", channels, o.out_channels,
      {.kernel_size = {1, 1, 3}, .stride = {1, 1, 2}, .support = Support::reachable});
}

std::unique_ptr<Module> SecondBackbone::clone() const { return cloned(*this); }

Variable SecondBackbone::run(const Variable& x, Pass& pass) const {
  Variable y = x;
  for (const Layer& layer : layers_) y = pass.run_block(layer.conv, y);
  return y;
}

void SecondBackbone::collect_parameters(const std::string& prefix,
                                        std::vector<NamedParameter>& to) const {
  for (const Layer& layer : layers_) {
    layer.conv.collect_parameters({prefix + layer.name + "0.", prefix + layer.name + "1."}, to);
  }
}

Variable bird_eye_view(const Variable& x, Triple lo, Triple hi) {
  const Variable grid = autograd::to_dense(x, lo, hi);
  const Shape& shape = grid.value().shape();
  const std::int64_t channels = checked_mul("nn::bird_eye_view", shape[3], shape[4]);
  return autograd::reshape(grid, {shape[0], shape[1], shape[2], channels});
}

}  // namespace voxloom::nn
