#include "core/error.h"
#include "nn/type_name.h"
#include "voxloom/module.h"

namespace voxloom::nn {

Variable Pass::parameter(const Tensor& place) {
  if (!has_tape() || !place.defined()) return {place};
  const auto found = watched_.find(&place);
  if (found != watched_.end()) {
    const Tensor& then = found->second.value();
    require(then.buffer().data == place.buffer().data && then.shape() == place.shape(), "nn::Pass",
            "a parameter of shape {} was replaced within a pass, or was no parameter but a tensor "
            "that is gone",
            then.shape());
    return found->second;
  }
  std::function<void()> when_whole;
  if (on_gradient_) when_whole = [use = on_gradient_, &place] { use(place); };
  return watched_.emplace(&place, tape_->watch(place, std::move(when_whole))).first->second;
}

autograd::VariableWeight Pass::weight(const Parameter& place) {
  if (place.is_packed()) return *place.packed();
  return parameter(place.tensor());
}

std::uint64_t Pass::next_seed() {
  require(has_tape(), "nn::Pass", "random numbers are drawn in training only");
  return tape_->next_seed();
}

Variable Pass::run(const Module& part, const Variable& x) {
  try {
    return part.run(x, *this);
  } catch (const autograd::TraceError& error) {
    std::vector<std::string> parts = error.parts();
    parts.push_back(type_name(part));
    throw autograd::TraceError(error.asked(), std::move(parts));
  }
}

Variable Pass::run_block(const Module& block, const Variable& x) {
  if (!has_tape() || !options_.checkpoint_blocks) return run(block, x);
  return tape_->checkpoint(
      [this, &block](const std::vector<Variable>& in) { return block.run(in[0], *this); }, {x});
}

Tensor Pass::gradient(const Tensor& place) const {
  const auto found = watched_.find(&place);
  return found == watched_.end() ? Tensor{} : tape_->gradient(found->second);
}

Tensor Pass::take_gradient(const Tensor& place) {
  const auto found = watched_.find(&place);
  return found == watched_.end() ? Tensor{} : tape_->take_gradient(found->second);
}

// Assigned, not added: a block behind a checkpoint sees the same batch twice.
void Pass::note_statistic(const Tensor& place, Tensor seen) {
  statistics_.insert_or_assign(&place, std::move(seen));
}

Tensor Pass::statistic(const Tensor& place) const {
  const auto found = statistics_.find(&place);
  return found == statistics_.end() ? Tensor{} : found->second;
}

}  // namespace voxloom::nn
