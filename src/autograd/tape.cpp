#include "autograd/tape.h"

#include <set>
#include <utility>

#include "coords/join.h"
#include "core/error.h"
#include "ops/arithmetic.h"

namespace voxloom::autograd {
namespace {

constexpr std::string_view kTapeOp = "autograd";

void require_float32(const Tensor& value) {
  require(value.defined() && value.dtype() == DType::f32, kTapeOp,
          "variables on a tape are float32, got {}",
          value.defined() ? voxloom::name_of(value.dtype()) : "an undefined tensor");
}

}  // namespace

void GradientSink::add(std::size_t input, Tensor gradient) {
  if (wants(input)) tape_.deposit(places_[input], std::move(gradient));
}

Variable TapeState::add_watched(Tensor value, std::function<void()> when_whole) {
  require_float32(value);
  Variable variable(std::move(value));
  add_node(variable, {.is_watched = true, .when_whole = std::move(when_whole)});
  return variable;
}

void TapeState::add_node(Variable& result, Node node) {
  nodes.push_back(std::move(node));
  result.tape_ = shared_from_this();
  result.place_ = size() - 1;
}

std::int64_t TapeState::place_of(const Variable& variable) const {
  if (variable.tape_ == nullptr) return -1;
  require(variable.tape_.get() == this, kTapeOp, "variables of two tapes met in one operation");
  require(!is_torn, kTapeOp, "a walk back over this tape failed on its way: begin with a new tape");
  require(variable.place_ < size() && !nodes[static_cast<std::size_t>(variable.place_)].is_walked,
          kTapeOp, "the tape was walked back past this variable already");
  return variable.place_;
}

Node& TapeState::watched(const Variable& variable) {
  const std::int64_t place = place_of(variable);
  require(place >= 0 && node(place).is_watched, kTapeOp,
          "gradients are kept of variables that this tape watches, asked for that of {}",
          place >= 0 ? "an operation's result" : "a constant");
  return node(place);
}

void TapeState::deposit(std::int64_t place, Tensor gradient) {
  Node& to = node(place);
  if (!to.sum.defined()) {
    to.sum = std::move(gradient);
    return;
  }
  require(to.sum.size() == gradient.size(), kTapeOp, "gradients of {} and {} met", to.sum.shape(),
          gradient.shape());
  if (!to.sum.is_unique()) to.sum = to.sum.clone();
  add_to(to.sum, gradient);
}

void TapeState::walk(std::int64_t first) {
  for (std::int64_t place = size() - 1; place >= first; --place) {
    if (node(place).is_walked) continue;
    if (node(place).is_watched) {
      // Whatever uses a variable stands behind it, and has been walked.
      if (const auto when_whole = node(place).when_whole) when_whole();
      continue;
    }
    // Moved out: nodes may be added and dropped meanwhile, and this one's tensors end here.
    Node done = std::exchange(node(place), {.is_walked = true});
    if (!done.sum.defined()) continue;
    GradientSink sink(*this, done.inputs);
    done.gradient(std::move(done.sum), sink);
  }
}

Variable record(Operation operation, Variable result, std::span<const Variable* const> inputs,
                std::vector<Tensor> saved, GradientFunction gradient, std::string own_name) {
  std::shared_ptr<TapeState> tape;
  for (const Variable* input : inputs) {
    if (tape == nullptr) tape = TapeState::of(*input);
  }
  if (tape == nullptr || tape->is_paused) return result;
  Node node{.operation = operation,
            .own_name = own_name.empty() ? std::string_view()
                                         : *tape->own_names.insert(std::move(own_name)).first,
            .saved = std::move(saved),
            .gradient = std::move(gradient)};
  for (const Variable* input : inputs) node.inputs.push_back(tape->place_of(*input));
  require_float32(result.value());
  tape->add_node(result, std::move(node));
  return result;
}

bool has_rows_of(const Variable& a, const Variable& x) {
  return !a.is_sparse() || !x.is_sparse() || same_rows(a.coords(), x.coords());
}

Variable like(const Variable& x, Tensor features) {
  if (!x.is_sparse()) return {std::move(features)};
  return {Variable(std::move(features)), x.coords(), x.batch_size()};
}

Tape::Tape(std::uint64_t seed) : state_(std::make_shared<TapeState>(seed)) {}

Variable Tape::watch(Tensor value, std::function<void()> when_whole) {
  return state_->add_watched(std::move(value), std::move(when_whole));
}

Variable Tape::watch(const SparseTensor& value) {
  return {watch(value.features()), value.coords(), value.batch_size()};
}

void Tape::backward(const Variable& y) {
  require(y.defined() && y.value().size() == 1, kTapeOp,
          "backward starts from one element, got {}; give it the gradient of the others",
          y.value().shape());
  backward(y, Tensor::full(y.value().shape(), DType::f32, 1.0F, y.value().device()));
}

void Tape::backward(const Variable& y, Tensor dy) {
  require(y.needs_gradient() && TapeState::of(y) == state_, kTapeOp,
          "backward starts from a value that stands on this tape");
  require_float32(dy);
  require(dy.shape() == y.value().shape(), kTapeOp, "the gradient is {}, the value {}", dy.shape(),
          y.value().shape());
  const std::int64_t place = state_->place_of(y);
  try {
    state_->deposit(place, std::move(dy));
    state_->walk(0);
  } catch (...) {
    state_->is_torn = true;
    throw;
  }
}

Tensor Tape::gradient(const Variable& watched) const { return state_->watched(watched).sum; }

Tensor Tape::take_gradient(const Variable& watched) {
  return std::exchange(state_->watched(watched).sum, {});
}

std::vector<std::string_view> Tape::operations() const {
  std::vector<std::string_view> names;
  for (const Node& node : state_->nodes) {
    if (node.is_watched || node.is_walked) continue;
    names.push_back(node.operation == Operation::own ? node.own_name : name_of(node.operation));
  }
  return names;
}

std::size_t Tape::saved_bytes() const {
  std::set<const std::byte*> seen;
  std::size_t bytes = 0;
  for (const Node& node : state_->nodes) {
    for (const Tensor& tensor : node.saved) {
      if (tensor.defined() && seen.insert(tensor.buffer().data).second) bytes += tensor.bytes();
    }
  }
  return bytes;
}

std::uint64_t Tape::next_seed() { return state_->random.next(); }

std::vector<std::string_view> operation_names() {
  return {kOperationNames.begin(), kOperationNames.end()};
}

}  // namespace voxloom::autograd
