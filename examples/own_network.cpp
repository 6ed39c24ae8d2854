// A network and a loss of one's own: trained by hand, written as a bundle, run again.
#include <voxloom/voxloom.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace {

using namespace voxloom;
using nn::Variable;

// Down once and back onto the rows it came from. run() is all there is to say: gradients, training and
// export go through it.
class Hourglass : public nn::Module {
 public:
  [[nodiscard]] Variable run(const Variable& x, nn::Pass& pass) const override {
    const Variable fine = autograd::activate(pass.run(norm_, pass.run(stem_, x)), Activation::relu);
    const Variable coarse = autograd::activate(pass.run(down_, fine), Activation::relu);
    return pass.run(head_, autograd::cat(std::array{up_.run(coarse, fine, pass), fine}));
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    stem_.collect_parameters(prefix + "stem.", to);
    norm_.collect_parameters(prefix + "norm.", to);
    down_.collect_parameters(prefix + "down.", to);
    up_.collect_parameters(prefix + "up.", to);
    head_.collect_parameters(prefix + "head.", to);
  }

 private:
  nn::SubmConv3d stem_{{.in = 1, .out = 8, .seed = 1}};
  nn::GroupNorm norm_{8, 2};
  nn::Conv3d down_{{.in = 8, .out = 16, .seed = 2}, {.kernel_size = 2, .stride = 2}};
  nn::ConvTranspose3d up_{{.in = 16, .out = 8, .seed = 3}};
  nn::Linear head_{{.in = 16, .out = 1, .seed = 4}};
};

// The mean of d^2 / 2 where |d| < 1 and of |d| - 1/2 elsewhere (Huber 1964), with its gradient.
Variable huber(const Variable& x, const Tensor& wanted) {
  Tensor slope = x.value().clone();
  const auto count = static_cast<float>(slope.size());
  float loss = 0;
  for (std::int64_t i = 0; i < slope.size(); ++i) {
    const float d = x.value().data<float>()[i] - wanted.data<float>()[i];
    loss += std::abs(d) < 1 ? d * d / 2 : std::abs(d) - 0.5F;
    slope.mutable_data<float>()[i] = std::clamp(d, -1.0F, 1.0F) / count;
  }
  const auto gradient = [slope](const Tensor& dy) {
    Tensor dx = slope.clone();
    for (float& v : dx.mutable_span<float>()) v *= dy.data<float>()[0];
    return std::vector{dx};
  };
  return autograd::record_operation("huber", Variable(Tensor::from<float>({loss / count}, {1})),
                                    {x}, gradient, {slope});
}

// A wavy sheet: how high it is, from where it is.
SparseTensor make_sheet() {
  constexpr int kSide = 24;
  std::vector<Coordinate> rows;
  std::vector<float> heights;
  for (int i = 0; i < kSide * kSide; ++i) {
    const int x = i % kSide, y = i / kSide;
    const float height = 3 * std::sin(0.4F * static_cast<float>(x));
    rows.push_back({0, x, y, static_cast<std::int32_t>(std::lround(height))});
    heights.push_back(height / 3);
  }
  return sparse_tensor(rows, Tensor::from(heights, {kSide * kSide, 1}));
}

float largest_difference(const Tensor& a, const Tensor& b) {
  float largest = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a.data<float>()[i] - b.data<float>()[i]));
  }
  return largest;
}

}  // namespace

int main() {
  const SparseTensor sheet = make_sheet();
  const SparseTensor x =
      sheet.with_features(Tensor::full({sheet.rows(), 1}, DType::f32, 1.0F));  // where, no more
  Hourglass net;
  train::Optimizer optimizer(net);
  train::Gradients gradients(net);
  float first = 0, last = 0;
  for (int step = 0; step < 30; ++step) {
    autograd::Tape tape;
    nn::Pass pass(tape);
    const Variable loss = huber(net.run(x, pass).dense(), sheet.features());
    tape.backward(loss);
    gradients.clear();
    gradients.add(pass);
    optimizer.step(gradients, 0.01F);
    last = loss.value().data<float>()[0];
    if (step == 0) first = last;
  }

  const auto model = artifact::Model::from_bundle(artifact::export_module(net, {.in_channels = 1}));
  const auto rows = static_cast<std::int32_t>(x.rows());
  const auto results = model.run({{"x_coords", x.coords().to_tensor()},
                                  {"x_features", x.features()},
                                  {"x_active", Tensor::from<std::int32_t>({rows}, {1})}});
  const float difference = largest_difference(
      std::get<SparseTensor>(results.at("output")).features(), net(x).features());
  std::printf("loss %g, after 30 steps %g; the bundle differs by %g\n", static_cast<double>(first),
              static_cast<double>(last), static_cast<double>(difference));
  return last < first / 2 && difference < 1e-4F ? 0 : 1;
}
