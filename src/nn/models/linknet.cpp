#include <fmt/core.h>

#include <vector>

#include "nn/models/resnet_encoder.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kLinknetOp = "nn::LinkNet";

}  // namespace

struct LinkNet::Layers {
  explicit Layers(const LinkNetOptions& o)
      : encoder(kLinknetOp, {.in_channels = o.in_channels,
                             .depth = o.depth,
                             .width = o.width,
                             .stem_kernel = o.stem_kernel,
                             .seed = o.seed}),
        head({.in = o.width, .out = o.classes, .seed = encoder.next_seed()}) {
    std::uint64_t seed = encoder.next_seed() + 1;
    // From the coarsest level to the rows of x.
    for (std::size_t level = ResNetEncoder::kStages; level > 0; --level) {
      const std::int64_t out = encoder.channels()[level - 1];
      up.emplace_back(
          Channels{.in = encoder.channels()[level], .out = out, .bias = false, .seed = seed++},
          ConvOptions{.kernel_size = 2, .stride = 2}, false);
      fuse.emplace_back(Channels{.in = out, .out = out, .bias = false, .seed = seed++});
    }
  }

  ResNetEncoder encoder;
  std::vector<ConvNorm> up, fuse;
  Linear head;
};

LinkNet::LinkNet(const LinkNetOptions& options) : layers_(std::make_unique<Layers>(options)) {}

LinkNet::LinkNet(const LinkNet& other)
    : Module(other), layers_(std::make_unique<Layers>(*other.layers_)) {}
LinkNet::LinkNet(LinkNet&&) noexcept = default;
LinkNet& LinkNet::operator=(LinkNet&&) noexcept = default;
LinkNet::~LinkNet() = default;

std::unique_ptr<Module> LinkNet::clone() const { return cloned(*this); }

Variable LinkNet::run(const Variable& x, Pass& pass) const {
  std::vector<Variable> levels;
  Variable y = layers_->encoder.run(x, &levels, pass);
  for (std::size_t i = 0; i < layers_->up.size(); ++i) {
    const Variable fine = layers_->up[i].run_up(y, levels.back(), pass);
    const Variable sum = autograd::add(fine, levels.back(), {.join = Join::inner});
    levels.pop_back();  // frees the encoder's features as early as can be
    y = layers_->fuse[i].run(autograd::activate(sum, Activation::relu), pass);
  }
  return layers_->head.run(y, pass);
}

void LinkNet::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) const {
  layers_->encoder.collect_parameters(prefix, to);
  for (std::size_t i = 0; i < layers_->up.size(); ++i) {
    for (const auto& [name, layer] :
         {std::pair("up", &layers_->up[i]), std::pair("fuse", &layers_->fuse[i])}) {
      const std::string of_level = fmt::format("{}{}{}.", prefix, name, layers_->up.size() - i);
      layer->collect_parameters({of_level + "conv.", of_level + "norm."}, to);
    }
  }
  layers_->head.collect_parameters(prefix + "head.", to);
}

}  // namespace voxloom::nn
