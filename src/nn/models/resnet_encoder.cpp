#include "nn/models/resnet_encoder.h"

#include <fmt/core.h>

#include "core/error.h"

namespace voxloom::nn {
namespace {

constexpr std::int64_t kExpansion = 4;  // of a bottleneck's output over its width

struct Stages {
  std::array<int, ResNetEncoder::kStages> counts;
  bool has_bottlenecks;
};

Stages stages_of(std::string_view op, int depth) {
  switch (depth) {
    case 14: return {{1, 1, 1, 1}, false};
    case 18: return {{2, 2, 2, 2}, false};
    case 34: return {{3, 4, 6, 3}, false};
    case 50: return {{3, 4, 6, 3}, true};
    default: fail(op, "depth should be 14, 18, 34 or 50, got {}", depth);
  }
}

const ResNetEncoderOptions& checked(std::string_view op, const ResNetEncoderOptions& options) {
  require(options.width >= 1 && options.width <= 4096, op, "width should lie in [1, 4096], got {}",
          options.width);
  return options;
}

ConvNorm::Prefixes down_names(const std::string& prefix, std::size_t stage) {
  return {fmt::format("{}layer{}.down.conv.", prefix, stage + 1),
          fmt::format("{}layer{}.down.norm.", prefix, stage + 1)};
}

}  // namespace

ResNetEncoder::ResNetEncoder(std::string_view op, const ResNetEncoderOptions& options)
    : stem_({.in = checked(op, options).in_channels,
             .out = options.width,
             .bias = false,
             .seed = options.seed},
            {.kernel_size = options.stem_kernel}),
      channels_({options.width}),
      next_seed_(options.seed + 1) {
  const Stages stages = stages_of(op, options.depth);
  std::int64_t channels = options.width;
  for (std::size_t s = 0; s < kStages; ++s) {
    const std::int64_t width = options.width << s;
    const std::int64_t out = stages.has_bottlenecks ? width * kExpansion : width;
    down_.emplace_back(
        Channels{.in = channels, .out = channels, .bias = false, .seed = next_seed_++},
        ConvOptions{.kernel_size = 2, .stride = 2});
    blocks_.emplace_back();
    for (int b = 0; b < stages.counts[s]; ++b, channels = out) {
      const Channels block{.in = channels, .out = out, .seed = next_seed_++};
      if (stages.has_bottlenecks) {
        blocks_.back().push_back(std::make_unique<Bottleneck>(block, width));
      } else {
        blocks_.back().push_back(std::make_unique<BasicBlock>(block));
      }
    }
    channels_.push_back(channels);
  }
}

ResNetEncoder::ResNetEncoder(const ResNetEncoder& other)
    : stem_(other.stem_),
      down_(other.down_),
      channels_(other.channels_),
      next_seed_(other.next_seed_) {
  for (const auto& stage : other.blocks_) {
    blocks_.emplace_back();
    for (const auto& block : stage) blocks_.back().push_back(block->clone());
  }
}

Variable ResNetEncoder::run(const Variable& x, std::vector<Variable>* levels, Pass& pass) const {
  Variable y = stem_.run(x, pass);
  for (std::size_t s = 0; s < kStages; ++s) {
    if (levels != nullptr) levels->push_back(y);
    y = down_[s].run(y, pass);
    for (const auto& block : blocks_[s]) y = pass.run_block(*block, y);
  }
  return y;
}

void ResNetEncoder::collect_parameters(const std::string& prefix,
                                       std::vector<NamedParameter>& to) const {
  stem_.collect_parameters({prefix + "conv1.", prefix + "bn1."}, to);
  for (std::size_t s = 0; s < kStages; ++s) {
    down_[s].collect_parameters(down_names(prefix, s), to);
    for (std::size_t b = 0; b < blocks_[s].size(); ++b) {
      blocks_[s][b]->collect_parameters(fmt::format("{}layer{}.{}.", prefix, s + 1, b), to);
    }
  }
}

}  // namespace voxloom::nn
