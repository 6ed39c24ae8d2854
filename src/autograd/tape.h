// The tape itself: a list of nodes in the order in which they were made. Walking it from the back
// sees every gradient complete before it is used, and sums in one order only.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/operation.h"
#include "core/random.h"
#include "voxloom/autograd.h"

namespace voxloom::autograd {

// Where a gradient function puts what it found: one place per input of its operation.
class GradientSink {
 public:
  GradientSink(TapeState& tape, std::span<const std::int64_t> places)
      : tape_(tape), places_(places) {}

  // Nobody wants the gradients of constants.
  [[nodiscard]] bool wants(std::size_t input) const { return places_[input] >= 0; }
  // `gradient` may share its elements with anything.
  void add(std::size_t input, Tensor gradient);
  [[nodiscard]] TapeState& tape() const { return tape_; }

 private:
  TapeState& tape_;
  std::span<const std::int64_t> places_;
};

// From the gradient of the result to those of the inputs. Where `dy` is unique it may be written over.
using GradientFunction = std::function<void(Tensor dy, GradientSink& to)>;

struct Node {
  Operation operation{};
  std::string_view own_name = {};  // of Operation::own; the tape holds it
  bool is_watched = false;
  bool is_walked = false;
  std::function<void()> when_whole = {};  // of a watched one
  std::vector<std::int64_t> inputs = {};  // places; -1: a constant
  std::vector<Tensor> saved = {};         // what `gradient` reads, for counting
  GradientFunction gradient = {};
  Tensor sum = {};  // gradient of the result so far
};

class TapeState : public std::enable_shared_from_this<TapeState> {
 public:
  explicit TapeState(std::uint64_t seed) : random(seed) {}

  [[nodiscard]] Variable add_watched(Tensor value, std::function<void()> when_whole = {});
  // `result` gets a place on the tape.
  void add_node(Variable& result, Node node);
  void deposit(std::int64_t place, Tensor gradient);
  // Walks from the last node down to `first`; what a node kept is let go when it is passed.
  void walk(std::int64_t first);
  void truncate(std::int64_t size) { nodes.resize(static_cast<std::size_t>(size)); }

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(nodes.size()); }
  [[nodiscard]] Node& node(std::int64_t place) { return nodes[static_cast<std::size_t>(place)]; }
  // The place of a variable on this tape, -1 for a constant.
  [[nodiscard]] std::int64_t place_of(const Variable& variable) const;
  // The node of a watched variable; std::invalid_argument for any other.
  [[nodiscard]] Node& watched(const Variable& variable);
  [[nodiscard]] static const std::shared_ptr<TapeState>& of(const Variable& variable) {
    return variable.tape_;
  }

  std::vector<Node> nodes;
  Random random;
  std::set<std::string> own_names;
  bool is_paused = false;  // inside a checkpoint: nothing is noted down
  bool is_torn = false;    // a walk ended in the middle: some sums are whole, others not
};

// `result`, noted down as made from `inputs`, unless all of these are constants. `saved` are the
// tensors that `gradient` holds.
[[nodiscard]] Variable record(Operation operation, Variable result,
                              std::span<const Variable* const> inputs, std::vector<Tensor> saved,
                              GradientFunction gradient, std::string own_name = {});
[[nodiscard]] inline Variable record(Operation operation, Variable result,
                                     std::initializer_list<const Variable*> inputs,
                                     std::vector<Tensor> saved, GradientFunction gradient) {
  return record(operation, std::move(result),
                std::span<const Variable* const>(inputs.begin(), inputs.size()), std::move(saved),
                std::move(gradient));
}

// Is a row of `a` the same row of x? A dense one is taken at its word.
[[nodiscard]] bool has_rows_of(const Variable& a, const Variable& x);

// x's set with other features.
[[nodiscard]] Variable like(const Variable& x, Tensor features);

}  // namespace voxloom::autograd
