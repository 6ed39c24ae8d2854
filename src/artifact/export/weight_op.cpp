#include "artifact/export/weight_op.h"

#include <algorithm>

#include "artifact/graph/names.h"
#include "core/error.h"

namespace voxloom::artifact {

std::string symbol_of(std::string key) {
  std::ranges::replace(key, '.', '_');
  return key;
}

WeightOp describe_weight(const std::string& key, WeightFamily family, const Weight& value) {
  constexpr std::string_view kOp = "graph_builder";
  require(!key.empty(), kOp, "a weight needs a storage key");
  WeightOp result{.type = {family, ElementType::f32},
                  .attributes = {{std::string(kSymbolAttribute), symbol_of(key)},
                                 {"storage_key", key},
                                 {"layout", layout_of(family)}},
                  .arrays = {}};
  if (const auto* packed = std::get_if<QuantizedWeight>(&value)) {
    validate(*packed);
    result.attributes["packing"] = packing_attribute(
        {.bits = packed->bits, .group_size = packed->group_size, .scale = packed->scales.dtype()});
    result.arrays = {{key + ".weight", packed->codes},
                     {key + ".scales", packed->scales},
                     {key + ".biases", packed->biases}};
    return result;
  }
  const Tensor& dense = std::get<Tensor>(value);
  require(dense.defined() && is_feature_dtype(dense.dtype()), kOp,
          "weight '{}' must hold float32, float16 or bfloat16", key);
  result.type.element = element_type_of(dense.dtype());
  result.attributes["packing"] = packing_attribute({});
  result.arrays = {{key, dense}};
  return result;
}

}  // namespace voxloom::artifact
