// From gradients to better parameters.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/module.h"

namespace VOXLOOM_API voxloom {
namespace train {

// The gradients of a module's trained parameters, summed over several passes.
class Gradients {
 public:
  explicit Gradients(nn::Module& module);
  // Those of parameters whose names begin with one of `frozen` are never added. std::invalid_argument for a beginning
  // that no parameter has, and when nothing is left.
  Gradients(nn::Module& module, const std::vector<std::string>& frozen);

  // Takes them from the pass.
  void add(nn::Pass& pass, float factor = 1.0F);
  // Sums that were made elsewhere, one for each trained parameter, in order; undefined for none.
  void set(std::vector<Tensor> sums);
  [[nodiscard]] double norm() const;  // of all of them together, Euclidean
  // Scales them so that their norm is at most `limit`; gives the norm before.
  double clip(double limit);
  void clear();

  // One for each trained parameter, in order; undefined where none was added.
  [[nodiscard]] const std::vector<Tensor>& tensors() const { return sums_; }
  // The parameters, in the same order.
  [[nodiscard]] const std::vector<std::shared_ptr<const Tensor>>& places() const { return places_; }
  [[nodiscard]] bool is_frozen(std::size_t parameter) const { return is_frozen_.at(parameter); }

 private:
  std::vector<std::shared_ptr<const Tensor>> places_;
  std::vector<bool> is_frozen_;
  std::vector<Tensor> sums_;
};

// sgd     v = momentum v + (g + decay p);  p -= rate v
// adamw   m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g g;
//         p -= rate decay p;  p -= rate (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)
//         (Loshchilov and Hutter 2019, decoupled weight decay)
// Only weights decay: parameters of one axis (norms and biases) do not.
enum class Rule : std::uint8_t { sgd, adamw };

struct OptimizerOptions {
  Rule rule = Rule::adamw;
  float momentum = 0.9F;                            // sgd
  float beta1 = 0.9F, beta2 = 0.999F, eps = 1e-8F;  // adamw
  float weight_decay = 0.01F;
};

// Changes a module's float32 parameters in place: tensors that share their elements change with them,
// but for those that did when the optimizer was made, and for memory that is borrowed. It holds the parameters' places, whatever becomes
// of the module.
class Optimizer {
 public:
  Optimizer(nn::Module& module, const OptimizerOptions& options = {});

  void step(const Gradients& gradients, float rate);
  [[nodiscard]] std::int64_t steps() const { return steps_; }

  // Everything that later steps depend on, by name; later steps leave it as it is.
  [[nodiscard]] nn::NamedTensors state() const;
  void load_state(const nn::NamedTensors& state, std::int64_t steps);

 private:
  struct Slot {
    std::string name;
    std::shared_ptr<Tensor> place;
    Tensor first, second;  // moments; sgd has one
    bool decays;
  };
  void step_sgd(Slot& slot, const Tensor& gradient, float rate) const;
  void step_adamw(Slot& slot, const Tensor& gradient, float rate) const;

  OptimizerOptions options_;
  std::vector<Slot> slots_;
  std::int64_t steps_ = 0;
};

// From 0 up to `rate` in `warmup` steps, then along half a cosine down to `rate * last` at `steps`.
struct Schedule {
  float rate = 1e-3F;
  std::int64_t warmup = 0, steps = 1;
  float last = 0.01F;

  [[nodiscard]] float at(std::int64_t step) const;  // counted from 0
};

}  // namespace train
}  // namespace voxloom
