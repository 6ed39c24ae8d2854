#include "nn/models/resnet_encoder.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kResnetOp = "nn::ResNet";
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
      : encoder(kResnetOp, {.in_channels = o.in_channels,
                            .depth = o.depth,
                            .width = o.width,
                            .stem_kernel = o.stem_kernel,
                            .seed = o.seed}),
        head({.in = encoder.channels().back(), .out = o.classes, .seed = encoder.next_seed()}) {}

  ResNetEncoder encoder;
  Linear head;
};

ResNet::ResNet(const ResNetOptions& options) : layers_(std::make_unique<Layers>(options)) {}

ResNet::ResNet(const ResNet& other)
    : Module(other), layers_(std::make_unique<Layers>(*other.layers_)) {}
ResNet::ResNet(ResNet&&) noexcept = default;
ResNet& ResNet::operator=(ResNet&&) noexcept = default;
ResNet::~ResNet() = default;

std::unique_ptr<Module> ResNet::clone() const { return cloned(*this); }

Variable ResNet::run(const Variable& x, Pass& pass) const {
  const Variable y = layers_->encoder.run(x, nullptr, pass);
  const Variable pooled = autograd::global_pool(y, PoolMode::avg);
  return as_rows(pass.run(layers_->head, pooled), y);
}

void ResNet::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) const {
  layers_->encoder.collect_parameters(prefix, to);
  layers_->head.collect_parameters(prefix + "fc.", to);
}

}  // namespace voxloom::nn
