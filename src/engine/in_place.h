// Results that may lie where an operand lies.
#pragma once

#include "engine/tensors.h"

namespace voxloom::engine {

// Shows `result` to a visitor: as one that is read before it is written where an operand lies there.
template <typename Visitor, typename Result, typename... Operands>
void visit_result(Visitor& visit, Result& result, const Operands*... operands) {
  const auto is_at = [&](const Tensor* operand) {
    return result != nullptr && operand != nullptr &&
           result->buffer().data == operand->buffer().data;
  };
  if ((is_at(operands) || ...)) {
    visit.updates(result);
  } else {
    visit.writes(result);
  }
}

}  // namespace voxloom::engine
