// A sparse 3x3x3 convolution on four voxels.
#include <voxloom/voxloom.h>

#include <cstdio>

int main() {
  using namespace voxloom;

  // (batch, x, y, z): any int32, negative ones included. Rows are checked to be unique.
  const std::vector<Coordinate> rows = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 1, 1, 0}, {0, -7, 2, 9}};
  const SparseTensor x = sparse_tensor(rows, Tensor::full({4, 16}, DType::f32, 1.0F));

  // The output lives on the same voxels: a submanifold convolution, 16 -> 32 channels.
  const nn::SubmConv3d convolution({.in = 16, .out = 32, .seed = 1});
  const SparseTensor y = convolution(x);

  const float* features = y.features().data<float>();
  for (std::int64_t row = 0; row < y.rows(); ++row) {
    std::printf("%-12s first channel %+.4f\n", to_string(y.coords()[row]).c_str(),
                static_cast<double>(features[row * y.channels()]));
  }
  return y.rows() == 4 && y.channels() == 32 ? 0 : 1;
}
