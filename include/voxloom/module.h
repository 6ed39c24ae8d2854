// What every network is made of: modules, which own parameters, and passes, which run them.
//
// A module is called like a function, from any number of threads: nothing in it changes. Inference is
// one way to run it, training another; each is a Pass:
//
//   const SparseTensor y = net(x);           // inference
//
//   autograd::Tape tape;
//   nn::Pass pass(tape);                     // norms by the batch, dropout drops
//   tape.backward(loss_of(net.run(x, pass)));
//   for (auto& p : net.named_parameters()) use(p, pass.gradient(*p.value));
//   nn::update_statistics(net, pass, 0.1F);  // running means of batch norms
//
// Errors: std::invalid_argument with the module's name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "voxloom/autograd.h"
#include "voxloom/autograd_ops.h"
#include "voxloom/export.h"
#include "voxloom/sparse_tensor.h"

namespace VOXLOOM_API voxloom {
namespace nn {

using autograd::Variable;

class Exporter;
struct Symbol;
class Module;

struct PassOptions {
  // False: norms use their running statistics and dropout does nothing, as in inference, but
  // gradients are noted down.
  bool is_training = true;
  // Blocks keep their input alone, and run once more when the gradient comes back to them.
  bool checkpoint_blocks = false;
};

// One run of a network. It holds addresses of the network's parameters, and must not outlive it.
class Pass {
 public:
  Pass() = default;  // inference: nothing is noted down
  explicit Pass(autograd::Tape& tape, const PassOptions& options = {})
      : tape_(&tape), options_(options) {}

  [[nodiscard]] bool has_tape() const { return tape_ != nullptr; }
  [[nodiscard]] bool is_training() const { return has_tape() && options_.is_training; }

  // The variable that stands for a module's parameter: the same leaf for the same place.
  [[nodiscard]] Variable parameter(const Tensor& place);
  [[nodiscard]] autograd::VariableWeight parameter(const Weight& place);
  [[nodiscard]] std::uint64_t next_seed();

  // Runs a part of a network, with a checkpoint where the options ask for them.
  [[nodiscard]] Variable run_block(const Module& block, const Variable& x);

  // After Tape::backward: undefined for a parameter that had no part in the result.
  [[nodiscard]] Tensor gradient(const Tensor& place) const;
  // The same, and the pass forgets it.
  [[nodiscard]] Tensor take_gradient(const Tensor& place);

  // What a batch norm saw, for the tensor that holds its average over batches.
  void note_statistic(const Tensor& place, Tensor seen);
  [[nodiscard]] Tensor statistic(const Tensor& place) const;

 private:
  autograd::Tape* tape_ = nullptr;
  PassOptions options_;
  std::map<const Tensor*, Variable> leaves_;
  std::map<const Tensor*, Tensor> statistics_;
};

struct NamedParameter {
  std::string name;  // "encoder.0.weight"
  Tensor* value;
  bool is_trained = true;  // false: a running statistic
};

class Module {
 public:
  virtual ~Module() = default;

  [[nodiscard]] virtual Variable run(const Variable& x, Pass& pass) const = 0;
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const;
  SparseTensor operator()(const SparseTensor& x) const { return forward(x); }

  // Every parameter with its path, in a fixed order. Assigning through `value` replaces it.
  [[nodiscard]] std::vector<NamedParameter> named_parameters();
  virtual void collect_parameters(const std::string& /*prefix*/,
                                  std::vector<NamedParameter>& /*to*/) {}

  // Says to `to` what run() does in inference; parameters are called as in named_parameters().
  // std::invalid_argument for modules that the format has no words for.
  [[nodiscard]] virtual Symbol emit(Exporter& to, const std::string& prefix, Symbol x) const;
};

// Moves each running statistic towards what the pass saw: (1 - momentum) old + momentum new.
void update_statistics(Module& module, const Pass& pass, float momentum);

// All parameters by name.
using NamedTensors = std::map<std::string, Tensor>;
[[nodiscard]] NamedTensors parameters_of(Module& module);

struct LoadOptions {
  std::string prefix = {};     // of the names in `tensors`
  bool allow_missing = false;  // parameters without a tensor keep their values
  bool allow_unknown = false;  // tensors without a parameter are passed over
};
// Assigns parameters by name, from a safetensors file, say. A tensor fits a parameter of the same
// shape up to axes of size 1, and a convolution's also as (C_out, Kx, Ky, Kz, C_in/G).
// std::invalid_argument, before anything is assigned, names what does not fit.
void load_parameters(Module& module, const NamedTensors& tensors, const LoadOptions& options = {});

}  // namespace nn
}  // namespace voxloom
