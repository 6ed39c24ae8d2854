// How a network says what it does, one operation after another, to whoever writes it down
// (artifact::export_module makes a bundle of it).
#pragma once

#include <string>
#include <vector>

#include "voxloom/algebra.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"
#include "voxloom/export.h"
#include "voxloom/pool.h"

namespace VOXLOOM_API voxloom {
namespace nn {

// A value of the graph that is being written.
struct Symbol {
  int id = -1;
  [[nodiscard]] bool defined() const { return id >= 0; }
};

class Exporter {
 public:
  virtual ~Exporter() = default;

  // Norms behind a convolution become a part of its weight and bias.
  [[nodiscard]] virtual bool folds_norms() const = 0;

  // `prefix` + "weight" and so on name the parameters; they live until the call returns.
  struct Product {
    const std::string& prefix;
    const Weight& weight;
    const Tensor& bias;  // undefined: none
  };
  // Options with a target are refused; a target is a symbol.
  [[nodiscard]] virtual Symbol conv3d(Symbol x, const Product& product,
                                      const ConvOptions& options) = 0;
  [[nodiscard]] virtual Symbol conv_transpose3d(Symbol x, const Product& product,
                                                const ConvTransposeOptions& options,
                                                Symbol target) = 0;
  [[nodiscard]] virtual Symbol generative_conv_transpose3d(
      Symbol x, const Product& product, const GenerativeConvTransposeOptions& options) = 0;
  [[nodiscard]] virtual Symbol linear(Symbol x, const Product& product) = 0;

  struct Norm {
    const std::string& prefix;
    const Tensor &scale, &bias;
    float eps;
  };
  [[nodiscard]] virtual Symbol batch_norm(Symbol x, const std::string& prefix,
                                          const BatchNormParameters& parameters, float eps) = 0;
  [[nodiscard]] virtual Symbol layer_norm(Symbol x, const Norm& norm) = 0;
  [[nodiscard]] virtual Symbol rms_norm(Symbol x, const Norm& norm) = 0;  // no bias

  [[nodiscard]] virtual Symbol activate(Symbol x, Activation kind,
                                        const ActivationOptions& options) = 0;
  [[nodiscard]] virtual Symbol pool3d(Symbol x, const PoolOptions& options) = 0;
  [[nodiscard]] virtual Symbol pool_transpose3d(Symbol x, const PoolTransposeOptions& options) = 0;
  [[nodiscard]] virtual Symbol trilinear_upsample3d(Symbol x, const UpsampleOptions& options) = 0;
  // Dense, (B,C); only linear() takes it.
  [[nodiscard]] virtual Symbol global_pool(Symbol x, PoolMode mode) = 0;
  [[nodiscard]] virtual Symbol add(Symbol a, Symbol b) = 0;
  [[nodiscard]] virtual Symbol cat(const std::vector<Symbol>& parts) = 0;
};

}  // namespace nn
}  // namespace voxloom
