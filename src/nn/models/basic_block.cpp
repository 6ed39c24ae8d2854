#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::uint64_t kSeeds = 3;  // a block's products draw from seeds of their own

Channels product(const Channels& block, std::int64_t in, std::uint64_t which) {
  return {.in = in, .out = block.out, .bias = false, .seed = block.seed * kSeeds + which};
}

}  // namespace

BasicBlock::BasicBlock(const Channels& channels)
    : conv1(product(channels, channels.in, 0)), conv2(product(channels, channels.out, 1)) {
  if (channels.in != channels.out) {
    shortcut.emplace(product(channels, channels.in, 2), ConvOptions{.kernel_size = 1}, false);
  }
}

SparseTensor BasicBlock::forward(const SparseTensor& x) const {
  return conv2.forward(conv1(x), shortcut ? shortcut->forward(x) : x);
}

void BasicBlock::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  const auto add = [&](ConvNorm& conv, const std::string& product_name,
                       const std::string& norm_name) {
    conv.ConvolutionBase::collect_parameters(prefix + product_name + ".", to);
    conv.norm.collect_parameters(prefix + norm_name + ".", to);
  };
  add(conv1, "conv1", "norm1");
  add(conv2, "conv2", "norm2");
  if (shortcut) add(*shortcut, "downsample.0", "downsample.1");
}

}  // namespace voxloom::nn
