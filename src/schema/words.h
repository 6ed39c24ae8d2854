// The words of enumerations, one table each: what rows of operations allow, what texts hold and what
// descriptions of options say.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.h"
#include "voxloom/algebra.h"
#include "voxloom/attributes.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"
#include "voxloom/points.h"
#include "voxloom/pool.h"

namespace voxloom::schema {

// `kind` is that of #KIND<word>; the names stand in the order of the enumeration.
template <typename Enum>
struct Words;

template <>
struct Words<Support> {
  static constexpr std::string_view kind = "voxloom.support";
  static constexpr std::array<std::string_view, 3> names = {"strided", "reachable", "submanifold"};
};
template <>
struct Words<Origin> {
  static constexpr std::string_view kind = "voxloom.origin";
  static constexpr std::array<std::string_view, 2> names = {"centered", "corner"};
};
template <>
struct Words<PoolMode> {
  static constexpr std::string_view kind = "lattice.pool_mode";
  static constexpr std::array<std::string_view, 3> names = {"sum", "max", "avg"};
};
template <>
struct Words<Join> {
  static constexpr std::string_view kind = "lattice.join";
  static constexpr std::array<std::string_view, 4> names = {"inner", "left", "right", "outer"};
};
template <>
struct Words<BinaryOp> {
  static constexpr std::string_view kind = "lattice.binary_op";
  static constexpr std::array<std::string_view, 5> names = {"add", "sub", "mul", "maximum",
                                                            "minimum"};
};
template <>
struct Words<Activation> {
  static constexpr std::string_view kind = "lattice.activation";
  static constexpr std::array<std::string_view, 7> names = {
      "relu", "sigmoid", "gelu", "silu", "leaky_relu", "tanh", "softplus"};
};
template <>
struct Words<GeluApprox> {
  static constexpr std::string_view kind = "lattice.gelu_approx";
  static constexpr std::array<std::string_view, 4> names = {"none", "precise", "tanh", "fast"};
};
template <>
struct Words<Reduction> {
  static constexpr std::string_view kind = "voxloom.reduction";
  static constexpr std::array<std::string_view, 5> names = {"sum", "mean", "max", "first", "count"};
};
template <>
struct Words<NonFinite> {
  static constexpr std::string_view kind = "voxloom.non_finite";
  static constexpr std::array<std::string_view, 2> names = {"error", "drop"};
};
template <>
struct Words<Interpolation> {
  static constexpr std::string_view kind = "lattice.point_interpolation";
  static constexpr std::array<std::string_view, 2> names = {"nearest", "linear"};
};
template <>
struct Words<NearestMode> {
  static constexpr std::string_view kind = "voxloom.nearest";
  static constexpr std::array<std::string_view, 2> names = {"cell", "lattice"};
};

// std::invalid_argument for a number that the enumeration does not have.
template <typename Enum>
[[nodiscard]] EnumValue word_of(Enum value) {
  const auto index = static_cast<std::size_t>(value);
  require(index < Words<Enum>::names.size(), Words<Enum>::kind, "there is no number {}", index);
  return {.kind = std::string(Words<Enum>::kind), .value = std::string(Words<Enum>::names[index])};
}

}  // namespace voxloom::schema
