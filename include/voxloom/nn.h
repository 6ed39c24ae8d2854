// Modules: operations that own their parameters. Parameters are float32 tensors, initialised from a
// seed, uniform in +-1/sqrt(fan_in), the same on every machine. module.h says how they are run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "voxloom/algebra.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"
#include "voxloom/export.h"
#include "voxloom/module.h"
#include "voxloom/pool.h"
#include "voxloom/sparse_tensor.h"

namespace VOXLOOM_API voxloom {
namespace nn {

// What every convolution module is made from.
struct Channels {
  std::int64_t in = 0;
  std::int64_t out = 0;
  bool bias = true;
  std::uint64_t seed = 0;
};

// A convolution with its weight (K, G, C_in/G, C_out/G) and bias (C_out). `weight` may be replaced
// by any layout of its op, packed ones included.
class ConvolutionBase : public Module {
 public:
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

  Parameter weight;
  Parameter bias;  // undefined: none

 protected:
  [[nodiscard]] autograd::Parameters parameters(Pass& pass) const;
  ConvolutionBase(std::string_view op, const Channels& channels, const KernelShape& kernel);

 private:
  KernelShape kernel_;
};

class Conv3d : public ConvolutionBase {
 public:
  explicit Conv3d(const Channels& channels, ConvOptions options = {});
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  ConvOptions options;
};

class SubmConv3d : public ConvolutionBase {
 public:
  explicit SubmConv3d(const Channels& channels, const SubmConvOptions& options = {});
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  SubmConvOptions options;
};

class ConvTranspose3d : public ConvolutionBase {
 public:
  explicit ConvTranspose3d(const Channels& channels, ConvTransposeOptions options = {});
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  using Module::forward;
  // The rows of `target`, whatever the options say: how decoders return to an encoder's rows.
  [[nodiscard]] SparseTensor forward(const SparseTensor& x, const CoordinateSet& target) const;
  [[nodiscard]] Variable run(const Variable& x, const Variable& target, Pass& pass) const;
  ConvTransposeOptions options;
};

class GenerativeConvTranspose3d : public ConvolutionBase {
 public:
  explicit GenerativeConvTranspose3d(const Channels& channels,
                                     GenerativeConvTransposeOptions options = {});
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  GenerativeConvTransposeOptions options;
};

// Back to the input rows of a forward convolution: with its options, or for a given map.
class InverseConv3d : public ConvolutionBase {
 public:
  InverseConv3d(const Channels& channels, ConvOptions forward_options);
  InverseConv3d(const Channels& channels, std::int64_t kernel_volume, std::int32_t groups = 1);
  using Module::forward;
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;  // always throws
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  // x on the rows of the forward convolution, `reference` its input.
  [[nodiscard]] Variable run(const Variable& x, const Variable& reference, Pass& pass) const;
  [[nodiscard]] SparseTensor forward(const SparseTensor& x, const KernelMap& forward_map) const;
  [[nodiscard]] Variable run(const Variable& x, const KernelMap& forward_map, Pass& pass) const;
  std::optional<ConvOptions> forward_options;
  std::int32_t groups;
};

class NormalizedSubmConv3d : public SubmConv3d {
 public:
  explicit NormalizedSubmConv3d(const Channels& channels, const SubmConvOptions& options = {},
                                float eps = kNormalizedEps);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  float eps;
};

class NormalizedConvTranspose3d : public ConvTranspose3d {
 public:
  explicit NormalizedConvTranspose3d(const Channels& channels, ConvTransposeOptions options = {},
                                     float eps = kNormalizedEps);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  float eps;
};

class NormalizedGenerativeConvTranspose3d : public GenerativeConvTranspose3d {
 public:
  explicit NormalizedGenerativeConvTranspose3d(const Channels& channels,
                                               GenerativeConvTransposeOptions options = {},
                                               float eps = kNormalizedEps);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  float eps;
};

class Linear : public ConvolutionBase {
 public:
  explicit Linear(const Channels& channels);  // weight (C_out, C_in)
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
};

// In training the statistics are those of the active rows of the batch.
class BatchNorm : public Module {
 public:
  explicit BatchNorm(std::int64_t channels, float eps = 1e-5F);
  // relu(norm(x) + residual); the residual may be undefined.
  [[nodiscard]] Variable run(const Variable& x, const autograd::BatchNormTail& tail,
                             Pass& pass) const;
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;
  // All four as they are now.
  [[nodiscard]] BatchNormParameters parameters() const;
  Parameter scale, bias, mean, variance;
  float eps;

 private:
  void note_statistics(const autograd::Statistics& seen, std::int64_t rows, Pass& pass) const;
};

class LayerNorm : public Module {
 public:
  explicit LayerNorm(std::int64_t channels, float eps = 1e-5F);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;
  Parameter scale, bias;
  float eps;
};

class RmsNorm : public Module {
 public:
  explicit RmsNorm(std::int64_t channels, float eps = 1e-5F);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;
  Parameter scale;
  float eps;
};

// The channels of each row in `groups` equal parts (Wu and He 2018, with a row for an image).
class GroupNorm : public Module {
 public:
  GroupNorm(std::int64_t channels, std::int64_t groups_, float eps = 1e-5F);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;
  Parameter scale, bias;
  std::int64_t groups;
  float eps;
};

// Each channel over the rows of each batch, in inference too: autograd::instance_norm. Cannot be exported.
class InstanceNorm : public Module {
 public:
  explicit InstanceNorm(std::int64_t channels, float eps = 1e-5F);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;
  Parameter scale, bias;
  float eps;
};

// Does nothing outside training.
class Dropout : public Module {
 public:
  explicit Dropout(float probability_);
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  float probability;
};

class Activate : public Module {
 public:
  explicit Activate(Activation kind_, const ActivationOptions& options_ = {})
      : kind(kind_), options(options_) {}
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  Activation kind;
  ActivationOptions options;
};

class Pool3d : public Module {
 public:
  explicit Pool3d(const PoolOptions& options_ = {}) : options(options_) {}
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  PoolOptions options;
};

class PoolTranspose3d : public Module {
 public:
  explicit PoolTranspose3d(PoolTransposeOptions options_ = {}) : options(std::move(options_)) {}
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  PoolTransposeOptions options;
};

class TrilinearUpsample3d : public Module {
 public:
  explicit TrilinearUpsample3d(UpsampleOptions options_ = {}) : options(std::move(options_)) {}
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  UpsampleOptions options;
};

// Reduces each batch to one row: a dense (B,C) tensor, so it stands at the end of a network.
class GlobalPool {
 public:
  explicit GlobalPool(PoolMode mode_ = PoolMode::avg) : mode(mode_) {}
  [[nodiscard]] Tensor operator()(const SparseTensor& x) const { return global_pool(x, mode); }
  PoolMode mode;
};

class Sequential : public Module {
 public:
  Sequential() = default;
  Sequential(const Sequential& other);  // of clones
  Sequential(Sequential&&) noexcept = default;
  Sequential& operator=(const Sequential& other);
  Sequential& operator=(Sequential&&) noexcept = default;
  ~Sequential() override = default;
  template <typename M, typename... Args>
  M& add(Args&&... args) {
    auto module = std::make_unique<M>(std::forward<Args>(args)...);
    M& added = *module;
    modules_.push_back(std::move(module));
    return added;
  }
  [[nodiscard]] bool empty() const { return modules_.empty(); }
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

 private:
  std::vector<std::unique_ptr<Module>> modules_;
};

// relu(body(x) + shortcut(x)), or without relu; the shortcut is x itself until one is set.
class Residual : public Module {
 public:
  explicit Residual(bool relu_ = true) : relu(relu_) {}
  [[nodiscard]] Variable run(const Variable& x, Pass& pass) const override;
  [[nodiscard]] std::unique_ptr<Module> clone() const override { return cloned(*this); }
  // "body.0.weight", "shortcut.0.weight"
  void collect_parameters(const std::string& prefix,
                          std::vector<NamedParameter>& to) const override;

  Sequential body, shortcut;
  bool relu;
};

}  // namespace nn
}  // namespace voxloom
