// An operation's operands and results against its row: how many, of which kind, of which family.
#include <fmt/format.h>

#include <algorithm>

#include "artifact/graph/names.h"
#include "artifact/verify/verifier.h"

namespace voxloom::artifact {
namespace {

std::string describe_operands(const OpSpec& spec) {
  std::vector<std::string> words;
  for (const OperandSpec& operand : spec.operands) {
    const std::string_view mark = operand.presence == Presence::optional   ? "?"
                                  : operand.presence == Presence::variadic ? "..."
                                                                           : "";
    words.push_back(fmt::format("{}{}: {}", operand.name, mark, name_of(operand.kind)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string describe_kinds(const std::vector<ValueKind>& kinds) {
  std::vector<std::string_view> words;
  for (const ValueKind kind : kinds) words.push_back(name_of(kind));
  return fmt::format("{}", fmt::join(words, ", "));
}

bool check_family(const Graph& graph, const Graph::Op& op, const OperandSpec& operand, int value,
                  Reporter& reporter) {
  if (operand.kind != ValueKind::weight) return true;
  const WeightFamily family = std::get<WeightType>(graph.value(value).type).family;
  if (std::ranges::find(operand.families, family) != operand.families.end()) return true;
  std::vector<std::string_view> allowed;
  for (const WeightFamily f : operand.families) allowed.push_back(name_of(f));
  reporter.error(op.position, "{}: {} must be a weight of family {}, got %{} of family {}", op.name,
                 operand.name, fmt::join(allowed, " or "), graph.value(value).name,
                 name_of(family));
  return false;
}

}  // namespace

std::optional<std::vector<Slot>> check_operands(const Graph& graph, const Graph::Op& op,
                                                const OpSpec& spec, Reporter& reporter) {
  std::vector<ValueKind> kinds;
  for (const int operand : op.operands) kinds.push_back(kind_of(graph.value(operand).type));
  const auto slots = match_operands(spec, kinds);
  if (!slots) {
    reporter.error(op.position, "{}: takes ({}), got ({})", op.name, describe_operands(spec),
                   describe_kinds(kinds));
    return std::nullopt;
  }
  bool sound = true;
  for (std::size_t i = 0; i < spec.operands.size(); ++i) {
    for (std::size_t k = 0; k < (*slots)[i].count; ++k) {
      const int value = op.operands[(*slots)[i].first + k];
      sound = check_family(graph, op, spec.operands[i], value, reporter) && sound;
    }
  }
  return sound ? slots : std::nullopt;
}

}  // namespace voxloom::artifact
