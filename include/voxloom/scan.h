// Scan: one point cloud as read from a file: positions and named attributes, in file order.
//
// Positions are float64, so that what a file holds exactly (LAS lattice points, doubles in PLY) stays
// exact; networks want float32, and to_points() gives it relative to an origin of choice.
// An attribute keeps the element type that its file had; what the library does not know by name is
// carried along all the same. Names that writers know: intensity, label, confidence, red, green,
// blue, classification and the other fields of LAS.
// Errors: std::invalid_argument with what was expected and what came.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/tensor.h"

namespace VOXLOOM_API voxloom {

// In the order of Column::Values.
enum class ColumnType : std::uint8_t { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };

[[nodiscard]] std::size_t size_of(ColumnType type);
[[nodiscard]] std::string_view name_of(ColumnType type);  // "uint8", "float32", ...
[[nodiscard]] bool is_float(ColumnType type);

// One attribute: component c of point i is values[i * components + c].
struct Column {
  using Values =
      std::variant<std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::uint16_t>,
                   std::vector<std::int16_t>, std::vector<std::uint32_t>, std::vector<std::int32_t>,
                   std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<float>,
                   std::vector<double>>;

  std::string name;
  std::int64_t components = 1;
  Values values;

  [[nodiscard]] ColumnType type() const { return static_cast<ColumnType>(values.index()); }
  [[nodiscard]] std::int64_t points() const;
  // The element at `index` (point * components + component).
  [[nodiscard]] double as_double(std::int64_t index) const;
  template <typename T>
  [[nodiscard]] std::span<const T> span() const {
    return std::get<std::vector<T>>(values);
  }

  friend bool operator==(const Column&, const Column&) = default;
};

[[nodiscard]] Column make_column(std::string name, ColumnType type, std::int64_t points,
                                 std::int64_t components = 1);  // zeros

// The lattice that positions lie on: position = offset + scale * integer (LAS).
struct Quantization {
  std::array<double, 3> scale = {0.001, 0.001, 0.001};
  std::array<double, 3> offset = {0, 0, 0};
  friend bool operator==(const Quantization&, const Quantization&) = default;
};

struct Box {
  std::array<double, 3> low = {0, 0, 0}, high = {0, 0, 0};
};

struct Scan {
  std::vector<std::array<double, 3>> positions;
  // f32 when every position came from a float32: such a scan is also written with float32.
  ColumnType position_type = ColumnType::f64;
  std::optional<Quantization> quantization = {};
  std::vector<Column> attributes;  // names are unique

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(positions.size()); }
  [[nodiscard]] const Column* find(std::string_view name) const;  // null when there is none

  // Adds an attribute, or replaces the one with this name; one row per point.
  void set(Column column);
  template <typename T>
  void set(std::string name, std::vector<T> values, std::int64_t components = 1) {
    set(Column{std::move(name), components, std::move(values)});
  }

  friend bool operator==(const Scan&, const Scan&) = default;
};

// Throws unless names are unique and every attribute has one row per point.
void validate(const Scan& scan);

// Adds the points of `more` behind those of `scan`; both have the same attributes in the same order.
void append(Scan& scan, const Scan& more);

// The smallest box around the finite positions; all zeros without any.
[[nodiscard]] Box bounds(const Scan& scan);

// (N,3) float32: position - origin, subtracted in float64.
[[nodiscard]] Tensor to_points(const Scan& scan, const std::array<double, 3>& origin = {0, 0, 0});

// (N,C) float32: the named attributes side by side, component by component.
[[nodiscard]] Tensor to_features(const Scan& scan, std::span<const std::string> names);

}  // namespace voxloom
