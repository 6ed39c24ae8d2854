#include "engine/plan_key.h"

#include <fmt/core.h>

#include <array>
#include <bit>
#include <sstream>

namespace voxloom::engine {
namespace {

constexpr std::array kDirections = {std::string_view("forward"),
                                    std::string_view("weight_gradient")};
constexpr std::array kFeatureTypes = {DType::f32, DType::f16, DType::bf16};

// Octaves of rows; steps of a half in density would make too many classes on dense maps, so they
// widen with the density: 1, 1.5, 2, 3, 4, 6, 8, 12, ...
int density_class(std::int64_t pairs, std::int64_t rows) {
  if (rows == 0 || pairs < rows) return 0;
  const auto whole = static_cast<std::uint64_t>(pairs / rows);
  const int octave = std::bit_width(whole) - 1;
  const auto floor = static_cast<std::int64_t>(std::bit_floor(whole)) * rows;
  const bool upper = 2 * pairs >= 3 * floor;
  return 1 + 2 * octave + (upper ? 1 : 0);
}

int row_class(std::int64_t rows) { return std::bit_width(static_cast<std::uint64_t>(rows)); }

PlanKey key_of(Direction direction, const MapRef& map, DType features, std::string_view variant) {
  PlanKey key;
  key.direction = direction;
  key.variant = variant;
  key.features = features;
  key.volume = map.volume();
  key.rows = row_class(map.out_rows());
  key.density = density_class(map.entries(), map.out_rows());
  return key;
}

struct WeightType {
  std::string_view name;
  DType dtype;
  int packed_bits;
};
constexpr std::array kWeightTypes = {
    WeightType{"float32", DType::f32, 0}, WeightType{"float16", DType::f16, 0},
    WeightType{"bfloat16", DType::bf16, 0}, WeightType{"int8", DType::f32, 8},
    WeightType{"int4", DType::f32, 4}};

std::string_view weight_name(const PlanKey& key) {
  for (const WeightType& type : kWeightTypes) {
    if (type.dtype == key.weights && type.packed_bits == key.packed_bits) return type.name;
  }
  return "other";
}

// The element of `all` that has this name.
template <typename T, typename All, typename NameOf>
bool read_named(std::istream& text, T& value, const All& all, const NameOf& name_of_one) {
  std::string name;
  text >> name;
  for (const auto& one : all) {
    if (name_of_one(one) != name) continue;
    value = one;
    return true;
  }
  return false;
}

}  // namespace

PlanKey key_of(const ConvForward& problem, std::string_view variant) {
  PlanKey key = key_of(Direction::forward, problem.map, problem.x->dtype(), variant);
  if (problem.weight.packed) {
    key.packed_bits = problem.weight.packed->bits;
  } else {
    key.weights = problem.weight.dtype;
  }
  key.in = problem.weight.in;
  key.out = problem.weight.out;
  key.groups = problem.weight.groups;
  return key;
}

PlanKey key_of(const ConvWeightGradient& problem, std::string_view variant) {
  PlanKey key = key_of(Direction::weight_gradient, problem.map, problem.x->dtype(), variant);
  key.groups = problem.groups;
  key.in = problem.x->dim(1) / problem.groups;
  key.out = problem.dy->dim(1) / problem.groups;
  return key;
}

std::string to_text(const PlanKey& key) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {}",
                     kDirections[static_cast<std::size_t>(key.direction)], key.variant,
                     name_of(key.features), weight_name(key), key.in, key.out, key.groups,
                     key.volume, key.rows, key.density);
}

std::optional<PlanKey> parse_plan_key(std::string_view text) {
  constexpr std::array kBoth = {Direction::forward, Direction::weight_gradient};
  std::istringstream stream{std::string(text)};
  PlanKey key;
  WeightType weights = kWeightTypes[0];
  const bool named =
      read_named(stream, key.direction, kBoth,
                 [](Direction d) { return kDirections[static_cast<std::size_t>(d)]; }) &&
      static_cast<bool>(stream >> key.variant) &&
      read_named(stream, key.features, kFeatureTypes, [](DType dtype) { return name_of(dtype); }) &&
      read_named(stream, weights, kWeightTypes, [](const WeightType& w) { return w.name; });
  if (!named) return std::nullopt;
  key.weights = weights.dtype;
  key.packed_bits = weights.packed_bits;
  stream >> key.in >> key.out >> key.groups >> key.volume >> key.rows >> key.density;
  // Exactly what to_text writes: no other spelling of a number, nothing behind it.
  if (!stream || to_text(key) != text) return std::nullopt;
  return key;
}

}  // namespace voxloom::engine
