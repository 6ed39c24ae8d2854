// A U-Net in miniature: points become voxels, an encoder halves the resolution twice, a decoder
// returns to the encoder's rows and joins its features, and every point gets scores.
#include <voxloom/voxloom.h>

#include <cmath>
#include <cstdio>

namespace {

using namespace voxloom;

// A wavy floor and a pole, 0.1 m apart.
Tensor make_points() {
  std::vector<float> xyz;
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j < 60; ++j) {
      const float x = 0.1F * static_cast<float>(i);
      const float y = 0.1F * static_cast<float>(j);
      xyz.insert(xyz.end(), {x, y, 0.3F * std::sin(x) * std::cos(y)});
    }
  }
  for (int k = 0; k < 30; ++k) xyz.insert(xyz.end(), {3.0F, 3.0F, 0.1F * static_cast<float>(k)});
  const auto count = static_cast<std::int64_t>(xyz.size() / 3);
  return Tensor::from(xyz, {count, 3});
}

}  // namespace

int main() {
  const Tensor points = make_points();
  const Grid grid{.voxel_size = {0.2, 0.2, 0.2}};
  const Voxelized voxels = voxelize(points, points, {}, {.grid = grid});  // features: mean position

  const nn::SubmConv3d stem({.in = 3, .out = 16, .seed = 1});
  const nn::Conv3d down1({.in = 16, .out = 32, .seed = 2}, {.kernel_size = 2, .stride = 2});
  const nn::Conv3d down2({.in = 32, .out = 64, .seed = 3}, {.kernel_size = 2, .stride = 2});
  const nn::ConvTranspose3d up2({.in = 64, .out = 32, .seed = 4});
  const nn::ConvTranspose3d up1({.in = 64, .out = 16, .seed = 5});
  const nn::Linear head({.in = 32, .out = 4, .seed = 6});
  const nn::Activate relu(Activation::relu);

  const SparseTensor a = relu(stem(voxels.tensor));
  const SparseTensor b = relu(down1(a));
  const SparseTensor c = relu(down2(b));
  const SparseTensor d = cat(std::vector{relu(up2.forward(c, b.coords())), b});
  const SparseTensor e = cat(std::vector{relu(up1.forward(d, a.coords())), a});
  const SparseTensor scores = head(e);

  const Tensor per_point = devoxelize(points, scores, {}, {.grid = grid});
  std::printf("%lld points -> %lld voxels -> %lld -> %lld -> %lld x %lld scores\n",
              static_cast<long long>(points.dim(0)), static_cast<long long>(a.rows()),
              static_cast<long long>(b.rows()), static_cast<long long>(c.rows()),
              static_cast<long long>(per_point.dim(0)), static_cast<long long>(per_point.dim(1)));
  return per_point.dim(0) == points.dim(0) && scores.coords() == a.coords() ? 0 : 1;
}
