#include "nn/models/shortcut_names.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::uint64_t kBottleneckSeeds = 4;  // a block's products draw from seeds of their own

}  // namespace

Bottleneck::Bottleneck(const Channels& channels, std::int64_t width)
    : reduce({.in = channels.in,
              .out = width,
              .bias = false,
              .seed = channels.seed * kBottleneckSeeds},
             {.kernel_size = 1}),
      middle(
          {.in = width, .out = width, .bias = false, .seed = channels.seed * kBottleneckSeeds + 1}),
      expand({.in = width,
              .out = channels.out,
              .bias = false,
              .seed = channels.seed * kBottleneckSeeds + 2},
             {.kernel_size = 1}) {
  if (channels.in != channels.out) {
    shortcut.emplace(Channels{.in = channels.in,
                              .out = channels.out,
                              .bias = false,
                              .seed = channels.seed * kBottleneckSeeds + 3},
                     ConvOptions{.kernel_size = 1}, false);
  }
}

Variable Bottleneck::run(const Variable& x, Pass& pass) const {
  const Variable side = shortcut ? shortcut->run(x, pass) : x;
  return expand.run(middle.run(reduce.run(x, pass), pass), side, pass);
}

void Bottleneck::collect_parameters(const std::string& prefix,
                                    std::vector<NamedParameter>& to) const {
  reduce.collect_parameters({prefix + "conv1.", prefix + "norm1."}, to);
  middle.collect_parameters({prefix + "conv2.", prefix + "norm2."}, to);
  expand.collect_parameters({prefix + "conv3.", prefix + "norm3."}, to);
  if (shortcut) shortcut->collect_parameters(shortcut_names(prefix), to);
}

}  // namespace voxloom::nn
