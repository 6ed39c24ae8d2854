// Trains a small network to tell balls from boxes, writes it as a bundle, and asks the bundle.
#include <voxloom/voxloom.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace {

using namespace voxloom;
namespace fs = std::filesystem;

constexpr std::int64_t kShapes = 8;  // per batch
constexpr std::int32_t kBall = 0, kBox = 1;

// Hollow balls and boxes of random sizes, one per batch number, a constant as the only feature.
struct Shapes {
  SparseTensor x;
  Tensor labels;
};
Shapes make_shapes(unsigned seed) {
  std::srand(seed);
  std::vector<Coordinate> rows;
  std::vector<std::int32_t> labels;
  for (std::int32_t b = 0; b < kShapes; ++b) {
    const int radius = 5 + std::rand() % 4;
    labels.push_back(std::rand() % 2 == 0 ? kBall : kBox);
    for (int x = -radius; x <= radius; ++x) {
      for (int y = -radius; y <= radius; ++y) {
        for (int z = -radius; z <= radius; ++z) {
          const int squared = x * x + y * y + z * z;
          const bool on_ball = squared <= radius * radius && squared > (radius - 1) * (radius - 1);
          const bool on_box =
              std::abs(x) == radius || std::abs(y) == radius || std::abs(z) == radius;
          if (labels.back() == kBall ? on_ball : on_box) rows.push_back({b, x, y, z});
        }
      }
    }
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  return {sparse_tensor(rows, Tensor::full({count, 1}, DType::f32, 1.0F), {.batch_size = kShapes}),
          Tensor::from(labels, {kShapes})};
}

double share_right(const Tensor& scores, const Tensor& labels) {
  train::ConfusionMatrix confusion(2);
  confusion.add(labels.span<std::int32_t>(), train::largest_scores(scores));
  return confusion.accuracy();
}

void train_on(nn::Module& net, train::Optimizer& optimizer, const Shapes& shapes, bool say) {
  autograd::Tape tape;
  nn::Pass pass(tape);
  const auto loss = autograd::cross_entropy(net.run(shapes.x, pass).dense(), shapes.labels);
  tape.backward(loss);
  train::Gradients gradients(net);
  gradients.add(pass);
  optimizer.step(gradients, 0.01F);
  nn::update_statistics(net, pass, 0.2F);
  if (say) std::printf("loss %.3f\n", static_cast<double>(loss.value().span<float>()[0]));
}

}  // namespace

int main() {
  nn::ResNet net({.in_channels = 1, .classes = 2, .depth = 14, .width = 8, .stem_kernel = 3});
  train::Optimizer optimizer(net);
  for (unsigned step = 0; step < 30; ++step) {
    train_on(net, optimizer, make_shapes(step), step % 5 == 0);
  }

  // Inference on shapes that it never saw, by the module and by the bundle.
  const Shapes fresh = make_shapes(1000);
  const double right = share_right(net(fresh.x).features(), fresh.labels);
  const fs::path folder = fs::temp_directory_path() / "voxloom_shapes.lattice";
  artifact::write_bundle(folder, artifact::export_module(net, {.in_channels = 1}));
  const auto rows = static_cast<std::int32_t>(fresh.x.rows());
  const auto results =
      artifact::Model::load(folder).run({{"x_coords", fresh.x.coords().to_tensor()},
                                         {"x_features", fresh.x.features()},
                                         {"x_active", Tensor::from<std::int32_t>({rows}, {1})}});
  const double of_bundle = share_right(std::get<Tensor>(results.at("output")), fresh.labels);
  fs::remove_all(folder);
  std::printf("right: %.2f, from the bundle: %.2f\n", right, of_bundle);
  return right >= 0.75 && of_bundle == right ? 0 : 1;
}
