#include "autograd/trace.h"

#include "core/error.h"

namespace voxloom::autograd {
namespace {

std::string message_of(const std::string& asked, const std::vector<std::string>& parts) {
  std::string where;
  for (std::size_t i = 1; i < parts.size(); ++i) where += fmt::format(", in {}", parts[i]);
  return fmt::format(
      "[trace] {}{} asked for {} of a value that is not there: steps that depend on values cannot "
      "be "
      "written as a graph",
      parts.empty() ? "a network" : parts[0], where, asked);
}

}  // namespace

TraceError::TraceError(std::string asked, std::vector<std::string> parts)
    : std::invalid_argument(message_of(asked, parts)),
      asked_(std::move(asked)),
      parts_(std::move(parts)) {}

Variable trace(const OperationCall& call) {
  std::shared_ptr<Recorder> recorder;
  for (const OperationCall::Operand& operand : call.operands) {
    const auto* variable = std::get_if<Variable>(&operand.value);
    if (variable == nullptr || !variable->is_symbolic()) continue;
    const std::shared_ptr<Recorder>& own = variable->symbol().recorder;
    require(recorder == nullptr || recorder == own, call.name,
            "symbols of two recorders met in one operation");
    recorder = own;
  }
  require(recorder != nullptr, call.name, "none of the operands is a symbol");
  return recorder->record(call);
}

}  // namespace voxloom::autograd
