// Convolutions as their users call them: through the public operations where there are any.

#include <cmath>
#include <utility>

#include "bench/cases.h"
#include "core/random.h"
#include "engine/choice.h"
#include "engine/convolution.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"

namespace voxloom::bench {
namespace {

Tensor random_tensor(Shape shape, DType dtype, float bound, std::uint64_t seed) {
  Tensor tensor = Tensor::empty(std::move(shape), DType::f32);
  Random random(seed);
  for (float& value : tensor.mutable_span<float>()) value = random.uniform(-bound, bound);
  return tensor.to(dtype);
}

// The largest group of input channels that wastes nothing.
int group_size_for(std::int64_t in) { return in % 128 == 0 ? 128 : in % 64 == 0 ? 64 : 32; }

std::size_t bytes_of(const Weight& weight) {
  const auto* packed = std::get_if<QuantizedWeight>(&weight);
  return packed != nullptr ? packed->bytes() : std::get<Tensor>(weight).bytes();
}

class Builder {
 public:
  Builder(const std::shared_ptr<SceneMaps>& scene, const ConvSpec& spec)
      : scene_(scene), spec_(spec), in_(spec.channels.in), out_(spec.channels.out) {
    task_.group = "conv";
    task_.name = name_of(spec);
    task_.scene = scene->name();
    task_.dtype = spec.storage.name;
    task_.in_channels = in_;
    task_.out_channels = out_;
  }

  Case build() {
    switch (spec_.op) {
      case ConvOp::forward:
      case ConvOp::down: return forward(scene_->map(spec_.cube), features_on(scene_->set()));
      case ConvOp::up: return up();
      case ConvOp::dgrad: return data_gradient();
      case ConvOp::wgrad: return weight_gradient();
      case ConvOp::depthwise: return depthwise();
      case ConvOp::pointwise: return pointwise();
      case ConvOp::whole: return whole();
    }
    return {};
  }

 private:
  std::int64_t volume() const { return kernel_of(spec_.cube).volume(); }
  std::int64_t element() const {
    return static_cast<std::int64_t>(size_of(spec_.storage.features));
  }

  Tensor features(std::int64_t rows, std::int64_t channels, std::uint64_t seed = 1) const {
    return random_tensor({rows, channels}, spec_.storage.features, 1.0F, seed);
  }
  SparseTensor features_on(const CoordinateSet& set) const {
    return {set, features(set.size(), in_)};
  }

  Tensor dense_weight(Shape shape) const {
    const float bound = 1.0F / std::sqrt(static_cast<float>(volume() * in_));
    return random_tensor(std::move(shape), spec_.storage.features, bound, 2);
  }
  Weight weight(Shape shape) const {
    const int bits = spec_.storage.packed_bits;
    Tensor dense = dense_weight(std::move(shape));
    if (bits == 0) return dense;
    return quantize(dense, {.bits = bits, .group_size = group_size_for(in_)});
  }

  // Features once, weights once, the map as it is read.
  void count(const KernelMap& map, std::size_t weight_bytes, double flops_per_pair) {
    task_.rows_in = map.source().size();
    task_.rows_out = map.target().size();
    task_.pairs = map.size();
    task_.flops = static_cast<double>(task_.pairs) * flops_per_pair;
    task_.map_bytes = bench::bytes_of(blocks_of(map));
    task_.bytes = static_cast<double>(element() * (task_.rows_in * in_ + task_.rows_out * out_) +
                                      static_cast<std::int64_t>(weight_bytes) + *task_.map_bytes);
  }
  double dense_flops() const { return 2.0 * static_cast<double>(in_ * out_); }

  Case forward(const KernelMap& map, const SparseTensor& x) {
    const Weight w = weight({volume(), in_, out_});
    count(map, bytes_of(w), dense_flops());
    return {task_, [=] { static_cast<void>(conv_on_map(x, w, {}, map)); }};
  }

  // The way back: the coarse rows are the input.
  Case up() {
    const KernelMap down = scene_->map(spec_.cube);
    return forward(down.swapped(), features_on(down.target()));
  }

  Case data_gradient() {
    const KernelMap map = scene_->map(spec_.cube);
    const Tensor dy = features(map.target().size(), out_);
    const Tensor w = dense_weight({volume(), in_, out_});
    count(map, w.bytes(), dense_flops());
    const engine::WeightView view{.data = w.raw(),
                                  .dtype = w.dtype(),
                                  .volume = volume(),
                                  .in = in_,
                                  .out = out_,
                                  .stride_k = in_ * out_,
                                  .stride_i = out_,
                                  .stride_o = 1};
    return {task_, [=, in = in_] {
              Tensor dx = Tensor::empty({map.source().size(), in}, dy.dtype());
              const KernelMap back = map.swapped();
              engine::run(engine::ConvForward{
                  .map = back, .x = &dy, .weight = view.transposed(), .y = &dx});
              static_cast<void>(w);  // keeps the view's bytes alive
            }};
  }

  Case weight_gradient() {
    const KernelMap map = scene_->map(spec_.cube);
    const Tensor x = features(map.source().size(), in_, 1);
    const Tensor dy = features(map.target().size(), out_, 3);
    const std::int64_t elements = volume() * in_ * out_;
    count(map, static_cast<std::size_t>(elements) * sizeof(float), dense_flops());
    return {task_, [=, shape = Shape{volume(), 1, in_, out_}] {
              Tensor dw = Tensor::empty(shape, DType::f32);
              engine::run(engine::ConvWeightGradient{.map = map, .x = &x, .dy = &dy, .dw = &dw});
            }};
  }

  Case depthwise() {
    const KernelMap map = scene_->map(spec_.cube);
    const SparseTensor x = features_on(scene_->set());
    const Weight w = dense_weight({volume(), in_});
    count(map, bytes_of(w), 2.0 * static_cast<double>(in_));
    const auto groups = static_cast<std::int32_t>(in_);
    return {task_, [=] { static_cast<void>(conv_on_map(x, w, {}, map, groups)); }};
  }

  Case pointwise() {
    const SparseTensor x = features_on(scene_->set());
    const Weight w = weight({out_, in_});
    task_.rows_in = task_.rows_out = task_.pairs = x.rows();
    task_.flops = static_cast<double>(task_.pairs) * dense_flops();
    task_.bytes =
        static_cast<double>(element() * x.rows() * (in_ + out_)) + static_cast<double>(bytes_of(w));
    return {task_, [=] { static_cast<void>(linear(x.features(), w)); }};
  }

  // From coordinates to features: checks, index, map, convolution.
  Case whole() {
    const Tensor x = features(scene_->set().size(), in_);
    const Weight w = weight({volume(), in_, out_});
    count(scene_->map(spec_.cube), bytes_of(w), dense_flops());
    task_.bytes = 0;  // the map is made, not read: no bound by bytes
    return {task_, [=, scene = scene_, size = spec_.cube.size] {
              static_cast<void>(
                  subm_conv3d(sparse_tensor(scene->rows(), x), w, {}, {.kernel_size = size}));
            }};
  }

  std::shared_ptr<SceneMaps> scene_;
  ConvSpec spec_;
  std::int64_t in_, out_;
  Task task_;
};

}  // namespace

Case conv_case(const std::shared_ptr<SceneMaps>& scene, const ConvSpec& spec) {
  return Builder(scene, spec).build();
}

}  // namespace voxloom::bench
