#include "artifact/run/input_binding.h"

#include <fmt/format.h>

#include <algorithm>

#include "artifact/graph/inference.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kInputBindingOp = "run";

std::string input_list(const Graph& graph) {
  std::vector<std::string> words;
  for (const Graph::Input& input : graph.inputs) {
    words.push_back(fmt::format("{}: {}", input.name, graph.value(input.value).type));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

void check_input(const Graph::Input& input, const TensorType& type, const Tensor& tensor) {
  const bool fits = tensor.defined() && tensor.dtype() == dtype_of_element(type.element) &&
                    tensor.rank() == type.dims.size() &&
                    std::ranges::equal(type.dims, tensor.shape(), may_equal);
  require(fits, kInputBindingOp, "input '{}' must be {}, got {} of shape {}", input.name, type,
          tensor.defined() ? name_of(tensor.dtype()) : "an undefined tensor", tensor.shape());
}

}  // namespace

void bind_inputs(const Graph& graph, const TensorMap& inputs, std::vector<RuntimeValue>& values) {
  for (const auto& [name, tensor] : inputs) {
    require(std::ranges::find(graph.inputs, name, &Graph::Input::name) != graph.inputs.end(),
            kInputBindingOp, "there is no input '{}'; the graph takes {}", name, input_list(graph));
  }
  for (const Graph::Input& input : graph.inputs) {
    const auto found = inputs.find(input.name);
    require(found != inputs.end(), kInputBindingOp, "the input '{}' is missing; the graph takes {}",
            input.name, input_list(graph));
    check_input(input, std::get<TensorType>(graph.value(input.value).type), found->second);
    values[static_cast<std::size_t>(input.value)] = found->second;
  }
}

}  // namespace voxloom::artifact
