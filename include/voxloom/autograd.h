// Gradients by a tape: operations on variables are noted down as they run and walked back from the
// end. The operations themselves are in autograd_ops.h.
//
//   autograd::Tape tape;
//   const auto w = tape.watch(weight);
//   const auto y = autograd::subm_conv3d(x, w, {});
//   tape.backward(autograd::sum(y));
//   const Tensor dw = tape.gradient(w);
//
// Everything on a tape is float32. Gradients are summed in a fixed order, so that they have the same
// bits for any number of threads. What an operation keeps for its gradient is let go as soon as the
// walk has passed it. A tape belongs to one thread.
//
// Misuse throws std::invalid_argument with the operation's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/sparse_tensor.h"

namespace VOXLOOM_API voxloom {
namespace autograd {

class TapeState;
struct Symbol;  // recorder.h

// A tensor with its place on a tape; sparse ones also have a coordinate set. One that stands on no
// tape is a constant. One that is a symbol stands for a value that is not there: operations on it are
// written down (recorder.h), and what needs the value throws TraceError. Copies share everything.
class Variable {
 public:
  Variable() = default;             // undefined: no bias, say
  Variable(Tensor value);           // NOLINT: a constant
  Variable(const SparseTensor& x);  // NOLINT: a constant
  explicit Variable(Symbol symbol);
  // The value, seen as the features of a set; its place on the tape stays.
  Variable(const Variable& features, CoordinateSet coords, std::int64_t batch_size = 0);

  [[nodiscard]] bool defined() const { return value_.defined() || is_symbolic(); }
  [[nodiscard]] bool is_symbolic() const { return symbol_ != nullptr; }
  [[nodiscard]] const Symbol& symbol() const;  // std::invalid_argument when it is none
  [[nodiscard]] const Tensor& value() const {
    if (is_symbolic()) refuse("its elements");
    return value_;
  }
  [[nodiscard]] bool needs_gradient() const { return tape_ != nullptr; }

  [[nodiscard]] bool is_sparse() const;
  // Of the last axis; of symbols too, -1 where it is not known.
  [[nodiscard]] std::int64_t channels() const;
  // std::invalid_argument when the variable is dense.
  [[nodiscard]] const CoordinateSet& coords() const;
  [[nodiscard]] std::int64_t batch_size() const {
    if (is_symbolic()) refuse("its number of batches");
    return batch_size_;
  }
  [[nodiscard]] SparseTensor tensor() const;
  // The same value and place without a set.
  [[nodiscard]] Variable dense() const;
  // The same value and place as features of x's rows.
  [[nodiscard]] Variable on_rows_of(const Variable& x) const;

 private:
  friend class Tape;
  friend class TapeState;

  Tensor value_;
  std::optional<CoordinateSet> coords_;
  std::int64_t batch_size_ = 0;
  [[noreturn]] static void refuse(const char* asked);

  std::shared_ptr<TapeState> tape_;
  std::int64_t place_ = -1;
  std::shared_ptr<const Symbol> symbol_;
};

class Tape {
 public:
  // Dropout draws from `seed`.
  explicit Tape(std::uint64_t seed = 0);

  // A variable whose gradient is wanted; its value must be float32. `when_whole` is called by backward as
  // soon as nothing can be added to that gradient any more, in the midst of the walk: what is watched last
  // comes first.
  [[nodiscard]] Variable watch(Tensor value, std::function<void()> when_whole = {});
  [[nodiscard]] Variable watch(const SparseTensor& value);

  // Walks back from a value of one element, or from `y` with the gradient `dy` of its shape. Adds to
  // the gradients of what is watched and empties the tape of everything else.
  void backward(const Variable& y);
  void backward(const Variable& y, Tensor dy);

  // What was summed up for a watched variable; undefined when nothing was.
  [[nodiscard]] Tensor gradient(const Variable& watched) const;
  // The same, and the tape forgets it.
  [[nodiscard]] Tensor take_gradient(const Variable& watched);

  // Runs `function` without keeping anything, and once more when the walk comes to it: memory for
  // time. It must be a pure function of `inputs`, of other variables of this tape, and of constants.
  [[nodiscard]] Variable checkpoint(
      const std::function<Variable(const std::vector<Variable>&)>& function,
      const std::vector<Variable>& inputs);

  // The names of the operations that stand on the tape, in order; watched ones are not among them.
  [[nodiscard]] std::vector<std::string_view> operations() const;
  // Bytes of the tensors that the operations keep for their gradients, each counted once.
  [[nodiscard]] std::size_t saved_bytes() const;
  // A number for the next draw of random values.
  [[nodiscard]] std::uint64_t next_seed();

 private:
  std::shared_ptr<TapeState> state_;
};

// --- operations of one's own ---

// From the gradient of the result to those of the inputs, in their order and of their shapes; undefined
// for one that has none.
using OwnGradient = std::function<std::vector<Tensor>(const Tensor& dy)>;

// `result`, computed by the caller from the values of `inputs`, noted down on their tape; unchanged where
// all of these are constants. `gradient` holds what it needs; `saved` are the tensors among that, for
// Tape::saved_bytes. A gradient of the wrong shape or type is refused when the walk comes to it.
//
//   Variable square(const Variable& x) {
//     const Tensor y = squares_of(x.value());
//     return record_operation("square", Variable(y), {x}, [x = x.value()](const Tensor& dy) {
//       return std::vector{twice_the_product_of(x, dy)};
//     }, {x.value()});
//   }
//
// A network that runs one cannot be traced: no graph has a word for it.
[[nodiscard]] Variable record_operation(std::string name, Variable result,
                                        const std::vector<Variable>& inputs, OwnGradient gradient,
                                        std::vector<Tensor> saved = {});

// The names of all operations that have gradients.
[[nodiscard]] std::vector<std::string_view> operation_names();

}  // namespace autograd
}  // namespace voxloom
