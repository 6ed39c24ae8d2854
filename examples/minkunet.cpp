// A whole network on a scan: points become voxels, and MinkUNet scores every voxel. The second call
// finds the kernel maps that the first one built.
#include <voxloom/voxloom.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace {

using namespace voxloom;

// A ball over a floor, 5 cm apart, with a brightness of its own each.
Tensor make_points(std::vector<float>& brightness) {
  std::vector<float> xyz;
  const auto add = [&](float x, float y, float z, float b) {
    xyz.insert(xyz.end(), {x, y, z});
    brightness.push_back(b);
  };
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 40; ++j) {
      const float u = 0.05F * static_cast<float>(i);
      const float v = 0.05F * static_cast<float>(j);
      add(u, v, 0.0F, 0.2F);
      add(1.0F + 0.5F * std::cos(3 * u) * std::sin(2 * v),
          1.0F + 0.5F * std::sin(3 * u) * std::sin(2 * v), 0.6F + 0.5F * std::cos(2 * v), 0.9F);
    }
  }
  return Tensor::from(xyz, {static_cast<std::int64_t>(brightness.size()), 3});
}

}  // namespace

int main() {
  std::vector<float> brightness;
  const Tensor points = make_points(brightness);
  const Tensor features = Tensor::from(brightness, {points.dim(0), 1});
  const Voxelized voxels =
      voxelize(points, features, {}, {.grid = {.voxel_size = {0.1, 0.1, 0.1}}});

  nn::MinkUNet net({.in_channels = 1, .classes = 4, .depth = 14, .width = 0.5, .seed = 1});
  MemoryPool pool;  // the second call reuses the memory of the first
  const PoolScope scope(pool);
  const SparseTensor first = net(voxels.tensor);
  const SparseTensor scores = net(voxels.tensor);

  std::int64_t parameters = 0;
  for (const nn::NamedParameter& p : net.named_parameters()) parameters += p.value->size();
  double flops = 0;
  for (const nn::LayerWork& layer : net.work(scores.coords())) flops += layer.flops();
  std::printf("%lld points, %lld voxels, %lld parameters, %.1f MFLOP a call\n",
              static_cast<long long>(points.dim(0)), static_cast<long long>(scores.rows()),
              static_cast<long long>(parameters), flops * 1e-6);
  const bool same =
      std::ranges::equal(first.features().span<float>(), scores.features().span<float>());
  return same && scores.coords() == voxels.tensor.coords() && scores.channels() == 4 ? 0 : 1;
}
