#include <fmt/core.h>

#include "core/error.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kResnetOp = "nn::ResNet";
constexpr std::size_t kStages = 4;
constexpr std::int64_t kExpansion = 4;  // of a bottleneck's output over its width

struct Plan {
  std::array<int, kStages> counts;
  bool has_bottlenecks;
};

Plan plan_of(int depth) {
  switch (depth) {
    case 14: return {{1, 1, 1, 1}, false};
    case 18: return {{2, 2, 2, 2}, false};
    case 34: return {{3, 4, 6, 3}, false};
    case 50: return {{3, 4, 6, 3}, true};
    default: fail(kResnetOp, "depth should be 14, 18, 34 or 50, got {}", depth);
  }
}

// Scores (B, classes) as rows, one per batch, at its origin. A graph gives them as they are.
Variable as_rows(const Variable& scores, const Variable& x) {
  if (scores.is_symbolic()) return scores;
  std::vector<Coordinate> rows;
  for (std::int64_t b = 0; b < x.batch_size(); ++b) {
    rows.push_back({.batch = static_cast<std::int32_t>(b)});
  }
  return {scores, CoordinateSet::from_rows(rows, {.batch_size = x.batch_size()}), x.batch_size()};
}

}  // namespace

struct ResNet::Layers {
  explicit Layers(const ResNetOptions& o)
      : stem({.in = o.in_channels, .out = o.width, .bias = false, .seed = o.seed},
             {.kernel_size = o.stem_kernel}) {
    const Plan plan = plan_of(o.depth);
    std::uint64_t seed = o.seed + 1;
    std::int64_t channels = o.width;
    for (std::size_t s = 0; s < kStages; ++s) {
      const std::int64_t width = o.width << s;
      const std::int64_t out = plan.has_bottlenecks ? width * kExpansion : width;
      down.emplace_back(Channels{.in = channels, .out = channels, .bias = false, .seed = seed++},
                        ConvOptions{.kernel_size = 2, .stride = 2});
      blocks.emplace_back();
      for (int b = 0; b < plan.counts[s]; ++b, channels = out) {
        const Channels block{.in = channels, .out = out, .seed = seed++};
        if (plan.has_bottlenecks) {
          blocks.back().push_back(std::make_unique<Bottleneck>(block, width));
        } else {
          blocks.back().push_back(std::make_unique<BasicBlock>(block));
        }
      }
    }
    head = std::make_unique<Linear>(Channels{.in = channels, .out = o.classes, .seed = seed});
  }
  Layers(const Layers& other)
      : stem(other.stem), down(other.down), head(std::make_unique<Linear>(*other.head)) {
    for (const auto& stage : other.blocks) {
      blocks.emplace_back();
      for (const auto& block : stage) blocks.back().push_back(block->clone());
    }
  }

  ConvNorm stem;
  std::vector<ConvNorm> down;
  std::vector<std::vector<std::unique_ptr<Module>>> blocks;
  std::unique_ptr<Linear> head;

  static ConvNorm::Prefixes down_names(const std::string& prefix, std::size_t stage) {
    return {fmt::format("{}layer{}.down.conv.", prefix, stage + 1),
            fmt::format("{}layer{}.down.norm.", prefix, stage + 1)};
  }
  static std::string block_name(const std::string& prefix, std::size_t stage, std::size_t b) {
    return fmt::format("{}layer{}.{}.", prefix, stage + 1, b);
  }
};

ResNet::ResNet(const ResNetOptions& options) {
  require(options.width >= 1 && options.width <= 4096, kResnetOp,
          "width should lie in [1, 4096], got {}", options.width);
  layers_ = std::make_unique<Layers>(options);
}

ResNet::ResNet(const ResNet& other)
    : Module(other), layers_(std::make_unique<Layers>(*other.layers_)) {}
ResNet::ResNet(ResNet&&) noexcept = default;
ResNet& ResNet::operator=(ResNet&&) noexcept = default;
ResNet::~ResNet() = default;

std::unique_ptr<Module> ResNet::clone() const { return std::make_unique<ResNet>(*this); }

Variable ResNet::run(const Variable& x, Pass& pass) const {
  Variable y = layers_->stem.run(x, pass);
  for (std::size_t s = 0; s < kStages; ++s) {
    y = layers_->down[s].run(y, pass);
    for (const auto& block : layers_->blocks[s]) y = pass.run_block(*block, y);
  }
  const Variable pooled = autograd::global_pool(y, PoolMode::avg);
  return as_rows(pass.run(*layers_->head, pooled), y);
}

void ResNet::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) const {
  layers_->stem.collect_parameters({prefix + "conv1.", prefix + "bn1."}, to);
  for (std::size_t s = 0; s < kStages; ++s) {
    layers_->down[s].collect_parameters(Layers::down_names(prefix, s), to);
    for (std::size_t b = 0; b < layers_->blocks[s].size(); ++b) {
      layers_->blocks[s][b]->collect_parameters(Layers::block_name(prefix, s, b), to);
    }
  }
  layers_->head->collect_parameters(prefix + "fc.", to);
}

}  // namespace voxloom::nn
