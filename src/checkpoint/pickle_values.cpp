#include "checkpoint/pickle_values.h"

#include <algorithm>
#include <array>

namespace voxloom::checkpoint {
namespace {

constexpr std::array kElements = {
    ElementInfo{"float32", 4, DType::f32},     ElementInfo{"float16", 2, DType::f16},
    ElementInfo{"bfloat16", 2, DType::bf16},   ElementInfo{"float64", 8, DType::f64},
    ElementInfo{"int64", 8, DType::i64},       ElementInfo{"int32", 4, DType::i32},
    ElementInfo{"int16", 2, DType::i32},       ElementInfo{"int8", 1, DType::i32},
    ElementInfo{"uint8", 1, DType::u8},        ElementInfo{"bool", 1, DType::u8},
    ElementInfo{"complex64", 8, std::nullopt}, ElementInfo{"complex128", 16, std::nullopt}};

constexpr std::array kGlobals = {
    GlobalRow{"collections", "OrderedDict", Global::dictionary},
    GlobalRow{"collections", "Counter", Global::dictionary},
    GlobalRow{"torch._utils", "_rebuild_tensor_v2", Global::tensor},
    GlobalRow{"torch._utils", "_rebuild_tensor", Global::tensor},
    GlobalRow{"torch._utils", "_rebuild_parameter", Global::parameter},
    GlobalRow{"torch", "Size", Global::size},
    GlobalRow{"torch", "device", Global::opaque},
    GlobalRow{"numpy.core.multiarray", "scalar", Global::opaque},
    GlobalRow{"numpy._core.multiarray", "scalar", Global::opaque},
    GlobalRow{"numpy", "dtype", Global::opaque},
    GlobalRow{"_codecs", "encode", Global::opaque},  // the bytes of a NumPy scalar
    GlobalRow{"torch", "FloatStorage", Global::storage, ElementType::f32},
    GlobalRow{"torch", "HalfStorage", Global::storage, ElementType::f16},
    GlobalRow{"torch", "BFloat16Storage", Global::storage, ElementType::bf16},
    GlobalRow{"torch", "DoubleStorage", Global::storage, ElementType::f64},
    GlobalRow{"torch", "LongStorage", Global::storage, ElementType::i64},
    GlobalRow{"torch", "IntStorage", Global::storage, ElementType::i32},
    GlobalRow{"torch", "ShortStorage", Global::storage, ElementType::i16},
    GlobalRow{"torch", "CharStorage", Global::storage, ElementType::i8},
    GlobalRow{"torch", "ByteStorage", Global::storage, ElementType::u8},
    GlobalRow{"torch", "BoolStorage", Global::storage, ElementType::boolean},
    GlobalRow{"torch", "ComplexFloatStorage", Global::storage, ElementType::complex64},
    GlobalRow{"torch", "ComplexDoubleStorage", Global::storage, ElementType::complex128},
};

constexpr std::array<std::string_view, 13> kKinds = {
    "None",    "a boolean",    "an integer", "a real number", "a text",   "bytes",    "a list",
    "a tuple", "a dictionary", "a class",    "a storage",     "a tensor", "an object"};

}  // namespace

const ElementInfo& info_of(ElementType type) { return kElements[static_cast<std::size_t>(type)]; }

std::string_view name_of(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<ValueId> Values::find(ValueId dictionary, std::string_view key) const {
  const std::vector<ValueId>& items = values_[dictionary].items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const Value& name = values_[items[i]];
    if (name.kind == Kind::text && name.text == key) return items[i + 1];
  }
  return std::nullopt;
}

const GlobalRow* find_global(std::string_view module, std::string_view name) {
  const auto* row = std::ranges::find_if(
      kGlobals, [&](const GlobalRow& r) { return r.module == module && r.name == name; });
  return row == kGlobals.end() ? nullptr : row;
}

}  // namespace voxloom::checkpoint
