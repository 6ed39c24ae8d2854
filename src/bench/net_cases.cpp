// A whole network, as its users run it: scores from features, maps kept with the input's set.

#include <algorithm>

#include "bench/cases.h"
#include "core/random.h"
#include "voxloom/models.h"

namespace voxloom::bench {
namespace {

// Kept from case to case: making 37.9 million parameters takes longer than a call.
std::shared_ptr<const nn::MinkUNet> shared_net() {
  static const auto net = std::make_shared<const nn::MinkUNet>();
  return net;
}

SparseTensor random_input(const CoordinateSet& rows) {
  Tensor features = Tensor::empty({rows.size(), nn::MinkUNetOptions{}.in_channels}, DType::f32);
  Random random(1);
  for (float& value : features.mutable_span<float>()) value = random.uniform(-1.0F, 1.0F);
  return {rows, features};
}

}  // namespace

Case net_case(const std::shared_ptr<SceneMaps>& scene) {
  const auto net = shared_net();
  Task task;
  task.group = "net";
  task.name = "MinkUNet34C";
  task.scene = scene->name();
  task.dtype = "f32";
  task.rows_in = task.rows_out = scene->set().size();
  // The products are counted on the scene's own set; the case gets a set without any maps.
  for (const nn::LayerWork& layer : net->work(scene->set())) {
    task.flops += layer.flops();
    task.pairs += layer.pairs;
    task.in_channels = task.in_channels == 0 ? layer.in : task.in_channels;
    task.out_channels = layer.out;
  }
  const SparseTensor x = random_input(CoordinateSet::from_rows(scene->rows()));
  return {std::move(task), [=] { static_cast<void>(net->forward(x)); }};
}

}  // namespace voxloom::bench
