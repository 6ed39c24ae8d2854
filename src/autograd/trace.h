// How an operation on symbols is written down instead of computed.
#pragma once

#include <initializer_list>

#include "voxloom/recorder.h"

namespace voxloom::autograd {

// By the recorder of its operands, which must be one. std::invalid_argument when none is a symbol.
[[nodiscard]] Variable trace(const OperationCall& call);

[[nodiscard]] inline bool any_symbolic(std::initializer_list<const Variable*> operands) {
  for (const Variable* operand : operands) {
    if (operand->is_symbolic()) return true;
  }
  return false;
}

// The options with the rows of `target`, where there is one.
template <typename Options>
[[nodiscard]] Options with_target(Options options, const Variable& target) {
  if (target.defined()) options.target = target.coords();
  return options;
}

}  // namespace voxloom::autograd
