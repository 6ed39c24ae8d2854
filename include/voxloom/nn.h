// Modules: operations that own their parameters. A module is called like a function, from any
// number of threads; parameters are float32 tensors, initialised from a seed, uniform in
// +-1/sqrt(fan_in), the same on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "voxloom/algebra.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"
#include "voxloom/pool.h"
#include "voxloom/sparse_tensor.h"

namespace voxloom::nn {

struct NamedParameter {
  std::string name;  // "encoder.0.weight"
  Tensor* value;
};

class Module {
 public:
  virtual ~Module() = default;
  [[nodiscard]] virtual SparseTensor forward(const SparseTensor& x) const = 0;
  SparseTensor operator()(const SparseTensor& x) const { return forward(x); }

  // Every parameter with its path, in a fixed order. Assigning through `value` replaces it.
  [[nodiscard]] std::vector<NamedParameter> named_parameters();
  virtual void collect_parameters(const std::string& /*prefix*/,
                                  std::vector<NamedParameter>& /*to*/) {}
};

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
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) override;

  Weight weight;
  Tensor bias;  // undefined: none

 protected:
  ConvolutionBase(std::string_view op, const Channels& channels, std::int64_t volume,
                  std::int64_t groups);
};

class Conv3d : public ConvolutionBase {
 public:
  explicit Conv3d(const Channels& channels, ConvOptions options = {});
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  ConvOptions options;
};

class SubmConv3d : public ConvolutionBase {
 public:
  explicit SubmConv3d(const Channels& channels, const SubmConvOptions& options = {});
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  SubmConvOptions options;
};

class ConvTranspose3d : public ConvolutionBase {
 public:
  explicit ConvTranspose3d(const Channels& channels, ConvTransposeOptions options = {});
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  // The rows of `target`, whatever the options say: how decoders return to an encoder's rows.
  [[nodiscard]] SparseTensor forward(const SparseTensor& x, const CoordinateSet& target) const;
  ConvTransposeOptions options;
};

class GenerativeConvTranspose3d : public ConvolutionBase {
 public:
  explicit GenerativeConvTranspose3d(const Channels& channels,
                                     GenerativeConvTransposeOptions options = {});
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  GenerativeConvTransposeOptions options;
};

// Back to the input rows of the forward op whose map is given.
class InverseConv3d : public ConvolutionBase {
 public:
  InverseConv3d(const Channels& channels, std::int64_t kernel_volume, std::int32_t groups = 1);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;  // always throws
  [[nodiscard]] SparseTensor forward(const SparseTensor& x, const KernelMap& forward_map) const;
  std::int32_t groups;
};

class NormalizedSubmConv3d : public SubmConv3d {
 public:
  explicit NormalizedSubmConv3d(const Channels& channels, const SubmConvOptions& options = {},
                                float eps = kNormalizedEps);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  float eps;
};

class NormalizedConvTranspose3d : public ConvTranspose3d {
 public:
  explicit NormalizedConvTranspose3d(const Channels& channels, ConvTransposeOptions options = {},
                                     float eps = kNormalizedEps);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  float eps;
};

class NormalizedGenerativeConvTranspose3d : public GenerativeConvTranspose3d {
 public:
  explicit NormalizedGenerativeConvTranspose3d(const Channels& channels,
                                               GenerativeConvTransposeOptions options = {},
                                               float eps = kNormalizedEps);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  float eps;
};

class Linear : public ConvolutionBase {
 public:
  explicit Linear(const Channels& channels);  // weight (C_out, C_in)
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
};

class BatchNorm : public Module {
 public:
  explicit BatchNorm(std::int64_t channels, float eps = 1e-5F);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) override;
  BatchNormParameters parameters;
  float eps;
};

class LayerNorm : public Module {
 public:
  explicit LayerNorm(std::int64_t channels, float eps = 1e-5F);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) override;
  Tensor scale, bias;
  float eps;
};

class RmsNorm : public Module {
 public:
  explicit RmsNorm(std::int64_t channels, float eps = 1e-5F);
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) override;
  Tensor scale;
  float eps;
};

class Activate : public Module {
 public:
  explicit Activate(Activation kind_, const ActivationOptions& options_ = {})
      : kind(kind_), options(options_) {}
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  Activation kind;
  ActivationOptions options;
};

class Pool3d : public Module {
 public:
  explicit Pool3d(const PoolOptions& options_ = {}) : options(options_) {}
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  PoolOptions options;
};

class PoolTranspose3d : public Module {
 public:
  explicit PoolTranspose3d(PoolTransposeOptions options_ = {}) : options(std::move(options_)) {}
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  PoolTransposeOptions options;
};

class TrilinearUpsample3d : public Module {
 public:
  explicit TrilinearUpsample3d(UpsampleOptions options_ = {}) : options(std::move(options_)) {}
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
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
  template <typename M, typename... Args>
  M& add(Args&&... args) {
    auto module = std::make_unique<M>(std::forward<Args>(args)...);
    M& added = *module;
    modules_.push_back(std::move(module));
    return added;
  }
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const override;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) override;

 private:
  std::vector<std::unique_ptr<Module>> modules_;
};

}  // namespace voxloom::nn
