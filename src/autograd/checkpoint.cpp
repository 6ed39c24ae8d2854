// Parts of a network that are run again instead of kept.

#include <utility>

#include "autograd/tape.h"
#include "core/error.h"

namespace voxloom::autograd {
namespace {

using Function = std::function<Variable(const std::vector<Variable>&)>;

// Sets a value for as long as this lives.
template <typename T>
class Exchange {
 public:
  Exchange(T& place, T value) : place_(place), before_(std::exchange(place, std::move(value))) {}
  ~Exchange() { place_ = std::move(before_); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

 private:
  T& place_;
  T before_;
};

Variable constant(const Variable& x) { return like(x, x.value()); }

// The gradient function of a checkpoint: the part runs once more at the end of the tape, is walked
// back, and is dropped.
struct Replay {
  Function function;
  std::vector<Variable> inputs;  // as constants
  Random random;                 // as it was

  void operator()(const Tensor& dy, GradientSink& to) const {
    TapeState& tape = to.tape();
    const std::int64_t mark = tape.size();
    std::vector<Variable> watched;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      watched.push_back(to.wants(i) ? watch(tape, inputs[i]) : inputs[i]);
    }
    run(tape, watched, dy);
    tape.walk(mark);
    for (std::size_t i = 0; i < watched.size(); ++i) {
      if (!watched[i].needs_gradient()) continue;
      Tensor& gradient = tape.node(tape.place_of(watched[i])).sum;
      if (gradient.defined()) to.add(i, std::move(gradient));
    }
    tape.truncate(mark);
  }

 private:
  static Variable watch(TapeState& tape, const Variable& x) {
    Variable variable = tape.add_watched(x.value());
    return x.is_sparse() ? Variable(variable, x.coords(), x.batch_size()) : variable;
  }

  void run(TapeState& tape, const std::vector<Variable>& watched, const Tensor& dy) const {
    const Exchange scope(tape.random, random);
    const Variable y = function(watched);
    require(y.value().shape() == dy.shape(), "checkpoint",
            "the function gave {} at first, {} when it ran again: it is no pure function",
            dy.shape(), y.value().shape());
    if (y.needs_gradient()) tape.deposit(tape.place_of(y), dy);
  }
};

}  // namespace

Variable Tape::checkpoint(const Function& function, const std::vector<Variable>& inputs) {
  Replay replay{function, {}, state_->random};
  Node node{.operation = Operation::checkpoint};
  for (const Variable& input : inputs) {
    replay.inputs.push_back(constant(input));
    node.saved.push_back(input.value());
    node.inputs.push_back(state_->place_of(input));
  }
  Variable result;
  {
    const Exchange scope(state_->is_paused, true);
    result = function(inputs);
  }
  if (state_->is_paused) return result;
  node.gradient = std::move(replay);
  state_->add_node(result, std::move(node));
  return result;
}

}  // namespace voxloom::autograd
