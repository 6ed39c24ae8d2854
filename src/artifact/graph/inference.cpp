#include "artifact/graph/inference.h"

#include <algorithm>
#include <array>

#include "core/checked.h"

namespace voxloom::artifact {

Facts facts_of(const ValueType& type) {
  Facts facts{.type = type};
  if (const auto* tensor = std::get_if<TensorType>(&type); tensor && !tensor->dims.empty()) {
    facts.channels = tensor->dims.back();
  }
  return facts;
}

Facts sparse_facts(ElementType element, std::int64_t channels, std::optional<Triple> stride) {
  return {.type = SparseType{element}, .channels = channels, .stride = stride};
}

Facts tensor_facts(Shape dims, ElementType element) {
  return facts_of(TensorType{std::move(dims), element});
}

const Facts& Inference::operand(std::string_view name) const {
  return values_[static_cast<std::size_t>(op().operands[slot(name).first])];
}

const Facts* Inference::maybe(std::string_view name) const {
  return has_operand(name) ? &operand(name) : nullptr;
}

std::vector<const Facts*> Inference::operands(std::string_view name) const {
  std::vector<const Facts*> facts;
  const Slot place = slot(name);
  for (std::size_t i = place.first; i < place.first + place.count; ++i) {
    facts.push_back(&values_[static_cast<std::size_t>(op().operands[i])]);
  }
  return facts;
}

void Inference::report(Position position, fmt::string_view text, fmt::format_args args) {
  reporter_.error(position, "{}: {}", op().name, fmt::vformat(text, args));
}

Position Inference::position_of(std::string_view attribute) const {
  const auto found = op().attributes.find(attribute);
  return found == op().attributes.end() ? op().position : found->second.position;
}

void Inference::require_feature_tensor(std::string_view name, std::size_t rank) {
  const auto& type = std::get<TensorType>(operand(name).type);
  if (type.dims.size() != rank) {
    error("{} must have {} dimensions, got {}", name, rank, type);
  }
  if (type.element == ElementType::i32) {
    error("{} must hold floats, got {}", name, type);
  }
}

void Inference::require_shape(std::string_view name, const Shape& shape, ElementType element) {
  const auto& type = std::get<TensorType>(operand(name).type);
  const bool fits = type.element == element && type.dims.size() == shape.size() &&
                    std::ranges::equal(type.dims, shape, may_equal);
  if (!fits) {
    error("{} must be {}, got {}", name, TensorType{shape, element}, type);
  }
}

void Inference::require_same_element(std::string_view a, std::string_view b) {
  if (operand(a).element() != operand(b).element()) {
    error("{} and {} must have one element type, got {} and {}", a, b, operand(a).type,
          operand(b).type);
  }
}

void Inference::require_same_stride(std::string_view a, std::string_view b) {
  const auto& stride_a = operand(a).stride;
  const auto& stride_b = operand(b).stride;
  if (stride_a && stride_b && *stride_a != *stride_b) {
    error("{} has stride {}, {} has stride {}", a, *stride_a, b, *stride_b);
  }
}

void Inference::require_vector(std::string_view name, std::int64_t channels, std::string_view of) {
  const Facts& vector = operand(name);
  require_same_element(name, of);
  if (vector.weight.known && !may_equal(vector.weight.shape[0], channels)) {
    error("{} has {} values for {} channels", name, vector.weight.shape[0], channels);
  }
}

std::int64_t added_channels(Inference& i, std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!known(a) || !known(b)) return kDynamic;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  i.error("{} and {} channels side by side do not fit 64 bits", a, b);
  return kDynamic;
}

std::optional<Triple> multiplied_stride(Inference& i) {
  const std::optional<Triple>& in = i.operand("input").stride;
  if (!in) return std::nullopt;
  const Triple by = i.triple("stride");
  std::array<std::int64_t, 3> out{};
  for (int axis = 0; axis < 3; ++axis) {
    out[static_cast<std::size_t>(axis)] = std::int64_t{(*in)[axis]} * by[axis];
    if (!fits_int32(out[static_cast<std::size_t>(axis)])) {
      i.error_at("stride", "the input's stride {} times {} does not fit 32 bits", *in, by);
      return std::nullopt;
    }
  }
  return Triple{static_cast<std::int32_t>(out[0]), static_cast<std::int32_t>(out[1]),
                static_cast<std::int32_t>(out[2])};
}

std::optional<Triple> divided_stride(Inference& i) {
  const std::optional<Triple>& in = i.operand("input").stride;
  if (!in) return std::nullopt;
  const Triple by = i.triple("stride");
  if (in->x % by.x != 0 || in->y % by.y != 0 || in->z % by.z != 0) {
    i.error_at("stride", "stride {} does not divide the input's stride {}", by, *in);
    return std::nullopt;
  }
  return Triple{in->x / by.x, in->y / by.y, in->z / by.z};
}

}  // namespace voxloom::artifact
