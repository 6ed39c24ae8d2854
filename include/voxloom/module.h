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
// run() is the one function of a module. What it runs is what artifact::export_module writes down: it is
// run once more, on symbols (recorder.h).
//
// A copy of a module is a network of its own, with parameters of its own; clone() makes one of a module
// whose type is not known.
//
// Errors: std::invalid_argument with the module's name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "voxloom/autograd.h"
#include "voxloom/autograd_ops.h"
#include "voxloom/export.h"
#include "voxloom/sparse_tensor.h"
#include "voxloom/weight.h"

namespace VOXLOOM_API voxloom {
namespace nn {

using autograd::Variable;

class Module;

// A tensor that a module owns, or a packed weight, at a place that training and loading find again: the
// place lives as long as the module or anybody who holds it. A copy is a place of its own with elements
// of its own. Assigning replaces what stands there; the tensor that is assigned is shared, as always. One
// that was moved from is undefined.
class Parameter {
 public:
  Parameter() : place_(std::make_shared<Place>()) {}  // undefined: no bias, say
  Parameter(Tensor value);                            // NOLINT: is a tensor
  Parameter(QuantizedWeight value);                   // NOLINT: or a packed one
  Parameter(const Parameter& other);
  Parameter(Parameter&& other) noexcept = default;
  Parameter& operator=(const Parameter& other);
  Parameter& operator=(Parameter&& other) noexcept;
  ~Parameter() = default;

  [[nodiscard]] bool defined() const { return tensor().defined() || is_packed(); }
  [[nodiscard]] bool is_packed() const { return packed() != nullptr; }
  // Undefined for a packed one.
  [[nodiscard]] const Tensor& tensor() const { return content().dense; }
  operator const Tensor&() const { return tensor(); }  // NOLINT: is a tensor
  [[nodiscard]] Weight weight() const;
  // The tensor where it stands, kept alive by whoever holds this. Nothing for a packed one.
  [[nodiscard]] std::shared_ptr<Tensor> place() const;
  [[nodiscard]] const std::shared_ptr<const QuantizedWeight>& packed() const {
    return content().packed;
  }

 private:
  struct Place {
    Tensor dense;
    std::shared_ptr<const QuantizedWeight> packed;
  };
  [[nodiscard]] const Place& content() const;

  std::shared_ptr<Place> place_;  // null: moved from
};

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

  // The variable that stands for a module's parameter: the same one for the same place, whose tensor must not be
  // replaced until the pass is over. A tensor that is no parameter is a Variable by itself.
  [[nodiscard]] Variable parameter(const Tensor& place);
  [[nodiscard]] autograd::VariableWeight weight(const Parameter& place);
  [[nodiscard]] std::uint64_t next_seed();

  // Runs a part of a network. Errors of tracing name the parts that they went through.
  [[nodiscard]] Variable run(const Module& part, const Variable& x);
  // The same, with a checkpoint where the options ask for them.
  [[nodiscard]] Variable run_block(const Module& block, const Variable& x);

  // After Tape::backward: undefined for a parameter that had no part in the result.
  [[nodiscard]] Tensor gradient(const Tensor& place) const;
  // The same, and the pass forgets it.
  [[nodiscard]] Tensor take_gradient(const Tensor& place);
  // Called within Tape::backward for each parameter that was run, as soon as its gradient is whole: those
  // of the last layers first. To be set before the network runs.
  void on_gradient(std::function<void(const Tensor& place)> use) { on_gradient_ = std::move(use); }

  // What a batch norm saw, for the tensor that holds its average over batches.
  void note_statistic(const Tensor& place, Tensor seen);
  [[nodiscard]] Tensor statistic(const Tensor& place) const;

 private:
  autograd::Tape* tape_ = nullptr;
  PassOptions options_;
  std::function<void(const Tensor&)> on_gradient_ = {};
  std::map<const Tensor*, Variable> watched_;
  std::map<const Tensor*, Tensor> statistics_;
};

// What the weight of a convolution, or of a linear layer, holds.
struct KernelShape {
  std::int64_t volume = 1, groups = 1;
  std::int64_t in = 0, out = 0;    // channels, of all groups
  std::optional<Triple> box = {};  // the kernel's sizes, where it is a box
  bool is_linear = false;          // kept as (out, in)
};

struct NamedParameter {
  std::string name;  // "encoder.0.weight"
  std::shared_ptr<Tensor> value;
  bool is_trained = true;                              // false: a running statistic
  std::shared_ptr<const QuantizedWeight> packed = {};  // then there is no tensor
  std::optional<KernelShape> kernel = {};              // of a weight with a kernel
};
// Adds a parameter under its name; nothing where it is undefined.
void collect(const std::string& name, const Parameter& parameter, std::vector<NamedParameter>& to,
             bool is_trained = true);

class Module {
 public:
  virtual ~Module() = default;

  [[nodiscard]] virtual Variable run(const Variable& x, Pass& pass) const = 0;
  [[nodiscard]] SparseTensor forward(const SparseTensor& x) const;
  SparseTensor operator()(const SparseTensor& x) const { return forward(x); }

  // Every parameter that is a tensor, with its path, in a fixed order. Assigning to `*value` replaces it;
  // whoever holds one keeps its place alive. std::invalid_argument where two that are not one have the same name.
  [[nodiscard]] std::vector<NamedParameter> named_parameters() const;
  // All of them, packed ones too: collect() for each parameter, collect_parameters() of each part.
  virtual void collect_parameters(const std::string& /*prefix*/,
                                  std::vector<NamedParameter>& /*to*/) const {}

  // A module of the same type with parameters of its own. std::invalid_argument for a type that does not
  // say how, one that is derived from a module here among them: override it with `return cloned(*this);`.
  [[nodiscard]] virtual std::unique_ptr<Module> clone() const;

 protected:
  // A copy of a module that is a M and nothing that is derived from it, of which it would be a part.
  template <typename M>
  [[nodiscard]] static std::unique_ptr<Module> cloned(const M& module) {
    if (typeid(module) != typeid(M)) return module.Module::clone();  // refuses
    return std::make_unique<M>(module);
  }
  // Copies are whole modules, never parts of them.
  Module() = default;
  Module(const Module&) = default;
  Module(Module&&) noexcept = default;
  Module& operator=(const Module&) = default;
  Module& operator=(Module&&) noexcept = default;
};

// Moves each running statistic towards what the pass saw: (1 - momentum) old + momentum new.
void update_statistics(const Module& module, const Pass& pass, float momentum);

// All parameters by name. They share their elements with the module, which an optimizer changes in place.
using NamedTensors = std::map<std::string, Tensor>;
[[nodiscard]] NamedTensors parameters_of(const Module& module);

struct LoadOptions {
  std::string prefix = {};     // of the names in `tensors`
  bool allow_missing = false;  // parameters without a tensor keep their values
  bool allow_unknown = false;  // tensors without a parameter are passed over
  // The matrix of a 1x1x1 convolution is (C_out, C_in), as conv3d takes it. True: it is (C_in, C_out), as
  // MinkowskiEngine keeps it. A square one looks the same either way.
  bool matrices_are_in_out = false;
};
// Assigns parameters by name, from a safetensors file, say. The weight of a convolution may have any layout of
// weight.h, told apart by rank, and is kept as (K, G, C_in/G, C_out/G); that of nn::Linear is kept as (C_out, C_in).
// All others fit a parameter of the same shape up to axes of size 1. float16 and bfloat16 are widened to the
// parameter's float32. Counts of batches (NORM.num_batches_tracked), which no norm here reads, are passed over.
// A parameter that goes by several names (tied weights) needs a tensor under one of them; under several, all are alike.
// So do parameters that share their elements, which are two of them again as soon as an optimizer is made.
// std::invalid_argument, before anything is assigned, names what does not fit.
void load_parameters(Module& module, const NamedTensors& tensors, const LoadOptions& options = {});

}  // namespace nn
}  // namespace voxloom
