// Whole networks, ready to run, with the parameters of a seed until others are assigned.
// Inference form: batch norm uses its running statistics and is folded into the convolutions.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "voxloom/nn.h"

namespace voxloom::nn {

// A convolution, batch norm and, where asked for, a residual sum and a ReLU, computed in one pass:
//   y = relu(norm(conv(x)) + residual)
// The norm's parameters stay float32 (C_out), whatever the features' dtype is.
class ConvNorm : public ConvolutionBase {
 public:
  explicit ConvNorm(const Channels& channels, ConvOptions options = {}, bool relu = true);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  // `residual` lives on the output's rows and has its channels.
  [[nodiscard]] SparseTensor forward(const SparseTensor& x, const SparseTensor& residual) const;
  // The transposed convolution with this kernel (its size or offsets, stride, padding, dilation and
  // origin), onto the rows of `target`. Without a target, support or bounds of its own.
  [[nodiscard]] SparseTensor forward_up(const SparseTensor& x, const CoordinateSet& target) const;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) override;

  ConvOptions options;
  BatchNorm norm;
  bool relu;

 private:
  [[nodiscard]] SparseTensor run(const SparseTensor& x, const KernelMap* map,
                                 const SparseTensor* residual, std::int64_t batch_size) const;
  std::int64_t out_channels_;
};

// relu(x' + norm2(conv2(relu(norm1(conv1(x)))))), 3x3x3 submanifold; x' is x, or norm(W x) when the
// channels change (He et al. 2016, the basic block).
class BasicBlock : public Module {
 public:
  explicit BasicBlock(const Channels& channels);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) override;

  ConvNorm conv1, conv2;
  std::optional<ConvNorm> shortcut;
};

// Multiplications of one layer on one input: what the layer's speed is measured by.
struct LayerWork {
  std::string name;
  std::int64_t pairs = 0;  // entries of its kernel map
  std::int64_t in = 0, out = 0;
  [[nodiscard]] double flops() const {  // multiplications plus additions
    return 2.0 * static_cast<double>(pairs) * static_cast<double>(in) * static_cast<double>(out);
  }
};

// The U-Net of Choy, Gwak and Savarese 2019 ("4D Spatio-Temporal ConvNets"), as MinkowskiEngine's
// examples build it: a 5x5x5 stem, four halvings by 2x2x2 convolutions, four transposed convolutions
// back onto the encoder's rows, basic blocks and skips at each level, a linear layer at the end.
// planes[0..3] are the encoder's channels, planes[4..7] the decoder's.
struct MinkUNetOptions {
  std::int64_t in_channels = 3;
  std::int64_t classes = 20;
  int depth = 34;  // 14, 18 or 34: 1, 2 or (2,3,4,6 | 2,2,2,2) blocks per level
  std::int64_t stem = 32;
  std::array<std::int64_t, 8> planes = {32, 64, 128, 256, 256, 128, 96, 96};  // MinkUNet34C
  double width = 1.0;  // multiplies stem and planes, rounded up to a multiple of 8
  std::uint64_t seed = 0;
};

class MinkUNet : public Module {
 public:
  explicit MinkUNet(const MinkUNetOptions& options = {});
  ~MinkUNet() override;

  // Class scores on the rows of x.
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  // Named as in MinkowskiEngine's examples, "kernel" called "weight": "block1.0.conv1.weight".
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) override;

  // Converts the convolutions' weights; x must have the same dtype from then on.
  void to(DType dtype);

  // Every product of forward on these rows, in order. Builds the maps that forward uses.
  [[nodiscard]] std::vector<LayerWork> work(const CoordinateSet& rows) const;

 private:
  struct Layers;
  std::unique_ptr<Layers> layers_;
};

}  // namespace voxloom::nn
