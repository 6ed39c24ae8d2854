#include "nn/models/shortcut_names.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::uint64_t kBasicBlockSeeds = 3;  // a block's products draw from seeds of their own

Channels product(const Channels& block, std::int64_t in, std::uint64_t which) {
  return {.in = in, .out = block.out, .bias = false, .seed = block.seed * kBasicBlockSeeds + which};
}

}  // namespace

BasicBlock::BasicBlock(const Channels& channels)
    : conv1(product(channels, channels.in, 0)), conv2(product(channels, channels.out, 1)) {
  if (channels.in != channels.out) {
    shortcut.emplace(product(channels, channels.in, 2), ConvOptions{.kernel_size = 1}, false);
  }
}

Variable BasicBlock::run(const Variable& x, Pass& pass) const {
  const Variable side = shortcut ? shortcut->run(x, pass) : x;
  return conv2.run(conv1.run(x, pass), side, pass);
}

void BasicBlock::collect_parameters(const std::string& prefix,
                                    std::vector<NamedParameter>& to) const {
  conv1.collect_parameters({prefix + "conv1.", prefix + "norm1."}, to);
  conv2.collect_parameters({prefix + "conv2.", prefix + "norm2."}, to);
  if (shortcut) shortcut->collect_parameters(shortcut_names(prefix), to);
}

}  // namespace voxloom::nn
