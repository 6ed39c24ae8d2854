// Whole networks, with the parameters of a seed until others are assigned. In inference batch norm
// uses its running statistics and is folded into the convolutions; in training it is not.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/nn.h"

namespace VOXLOOM_API voxloom {
namespace nn {

// A convolution, batch norm and, where asked for, a residual sum and a ReLU, computed at once:
//   y = relu(norm(conv(x)) + residual)
// The norm's parameters stay float32 (C_out), whatever the features' dtype is.
class ConvNorm : public ConvolutionBase {
 public:
  explicit ConvNorm(const Channels& channels, ConvOptions options = {}, bool relu = true);
  using Module::forward;
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  // `residual` lives on the output's rows and has its channels.
  [[nodiscard]] Variable run(const Variable& x, const Variable& residual, Pass& pass) const;
  [[nodiscard]] SparseTensor forward(const SparseTensor& x, const SparseTensor& residual) const;
  // The transposed convolution with this kernel (its size or offsets, stride, padding, dilation and
  // origin), onto the rows of `target`. Without a target, support or bounds of its own.
  [[nodiscard]] Variable run_up(const Variable& x, const Variable& target, Pass& pass) const;
  [[nodiscard]] SparseTensor forward_up(const SparseTensor& x, const CoordinateSet& target) const;
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

  // The names of the product's and of the norm's parameters start differently in every model.
  struct Prefixes {
    std::string product, norm;
  };
  void collect_parameters(const Prefixes& prefixes, std::vector<NamedParameter>& to) const;

  ConvOptions options;
  BatchNorm norm;
  bool relu;

 private:
  [[nodiscard]] static bool is_fused(const Variable& x, const Pass& pass);
  [[nodiscard]] KernelMap map_up(const Variable& x, const CoordinateSet& target) const;
  // Fused: inference only.
  [[nodiscard]] SparseTensor fused(const SparseTensor& x, const KernelMap* map,
                                   const Variable& residual, std::int64_t batch_size) const;
  [[nodiscard]] Variable finish(const Variable& product, const Variable& residual,
                                Pass& pass) const;
  [[nodiscard]] ConvTransposeOptions transposed() const;
  std::int64_t out_channels_;
};

// relu(x' + norm2(conv2(relu(norm1(conv1(x)))))), 3x3x3 submanifold; x' is x, or norm(W x) when the
// channels change (He et al. 2016, the basic block).
class BasicBlock : public Module {
 public:
  explicit BasicBlock(const Channels& channels);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

  ConvNorm conv1, conv2;
  std::optional<ConvNorm> shortcut;
};

// relu(x' + norm3(W3 relu(norm2(conv2(relu(norm1(W1 x))))))): 1x1x1 down to `width` channels, 3x3x3
// submanifold, 1x1x1 back up (He et al. 2016, the bottleneck block).
class Bottleneck : public Module {
 public:
  Bottleneck(const Channels& channels, std::int64_t width);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

  ConvNorm reduce, middle, expand;
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
enum class UNetStyle : std::uint8_t {
  minkowski,
  // SpUNet-v1m1 of Pointcept: the halvings bring the channels of the level that they lead to, norms have an eps of 1e-3,
  // and the parameters its names: "enc.0.block0.conv1.weight".
  pointcept
};
struct MinkUNetOptions {
  std::int64_t in_channels = 3;
  std::int64_t classes = 20;
  int depth = 34;  // 14, 18 or 34: 1, 2 or (2,3,4,6 | 2,2,2,2) blocks per level
  std::int64_t stem = 32;
  std::array<std::int64_t, 8> planes = {32, 64, 128, 256, 256, 128, 96, 96};  // MinkUNet34C
  double width = 1.0;  // multiplies stem and planes, rounded up to a multiple of 8
  UNetStyle style = UNetStyle::minkowski;
  std::uint64_t seed = 0;
};

class MinkUNet : public Module {
 public:
  explicit MinkUNet(const MinkUNetOptions& options = {});
  MinkUNet(const MinkUNet& other);
  MinkUNet(MinkUNet&&) noexcept;
  MinkUNet& operator=(const MinkUNet&) = delete;
  MinkUNet& operator=(MinkUNet&&) noexcept;
  ~MinkUNet() override;

  // Class scores on the rows of x.
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override;
  // Named as in MinkowskiEngine's examples, "kernel" called "weight": "block1.0.conv1.weight"; or as in Pointcept.
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

  // Converts the convolutions' weights; x must have the same dtype from then on.
  void to(DType dtype);

  // Every product of forward on these rows, in order. Builds the maps that forward uses.
  [[nodiscard]] std::vector<LayerWork> work(const CoordinateSet& rows) const;

 private:
  struct Layers;
  std::unique_ptr<Layers> layers_;
};

// A classifier of whole tensors: a stem, four stages that each halve the resolution, the mean over
// the rows of a batch, a linear layer. Depth 50 is made of bottlenecks.
struct ResNetOptions {
  std::int64_t in_channels = 3;
  std::int64_t classes = 10;
  int depth = 18;           // 14, 18, 34 or 50
  std::int64_t width = 64;  // channels of the stem; each stage doubles them
  Triple stem_kernel = 5;
  std::uint64_t seed = 0;
};

class ResNet : public Module {
 public:
  explicit ResNet(const ResNetOptions& options = {});
  ResNet(const ResNet& other);
  ResNet(ResNet&&) noexcept;
  ResNet& operator=(const ResNet&) = delete;
  ResNet& operator=(ResNet&&) noexcept;
  ~ResNet() override;

  // Class scores, one row for each batch at its coordinate (b,0,0,0). As a bundle: dense (B, classes).
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override;
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

 private:
  struct Layers;
  std::unique_ptr<Layers> layers_;
};

// The ResNet's encoder with a light decoder, which adds the encoder's features instead of joining them (Chaurasia and
// Culurciello 2017, "LinkNet"): on each level y = relu(up(y) + x') and a 3x3x3 convolution, x' the encoder's features of
// that level, `up` a transposed 2x2x2 convolution onto its rows; a linear layer at the end.
struct LinkNetOptions {
  std::int64_t in_channels = 3;
  std::int64_t classes = 20;
  int depth = 18;  // of the encoder: 14, 18, 34 or 50
  std::int64_t width =
      32;  // channels of the stem; each stage doubles them, and depth 50 has four times as many again
  Triple stem_kernel = 5;
  std::uint64_t seed = 0;
};

class LinkNet : public Module {
 public:
  explicit LinkNet(const LinkNetOptions& options = {});
  LinkNet(const LinkNet& other);
  LinkNet(LinkNet&&) noexcept;
  LinkNet& operator=(const LinkNet&) = delete;
  LinkNet& operator=(LinkNet&&) noexcept;
  ~LinkNet() override;

  // Class scores on the rows of x.
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override;
  // The encoder's as the ResNet's ("layer1.0.conv1.weight"), then "up1.conv.weight", "fuse1.conv.weight", "head.weight".
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

 private:
  struct Layers;
  std::unique_ptr<Layers> layers_;
};

// The sparse part of SECOND (Yan, Mao and Li 2018): submanifold stages between strided convolutions
// that reach every row they can, then one along the height alone.
struct SecondOptions {
  std::int64_t in_channels = 4;
  std::vector<std::int64_t> channels = {16, 32, 64, 64};  // of the stages; all but the first halve
  int convolutions = 2;                                   // submanifold, per stage
  std::int64_t out_channels = 128;
  std::uint64_t seed = 0;
};

class SecondBackbone : public Module {
 public:
  explicit SecondBackbone(const SecondOptions& options = {});
  // Rows at 1/8 of the resolution in the plane and 1/16 of the height, for the default stages.
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override;
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

 private:
  struct Layer {
    std::string name;
    ConvNorm conv;
  };
  std::vector<Layer> layers_;
};

// What a detection head in the plane takes: (B, X, Y, Z*C) over the box [lo, hi], both ends included,
// in lattice coordinates.
[[nodiscard]] Variable bird_eye_view(const Variable& x, Triple lo, Triple hi);

}  // namespace nn
}  // namespace voxloom
