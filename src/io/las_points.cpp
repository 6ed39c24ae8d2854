// The points of a LAS file as they are written: lattice coordinates, packed bytes, scaled numbers.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "io/column_type.h"
#include "io/las_format.h"
#include "io/las_layout.h"

namespace voxloom::io {
namespace {

constexpr std::string_view kLasPointsOp = "write_scan";

// A field made point by point: `value` gives point i's.
template <typename T, typename Value>
OutField computed_field(ColumnType type, Value value) {
  return {"", type, 1,
          [value](std::int64_t first, std::int64_t count, std::byte* to, std::int64_t stride) {
            for (std::int64_t i = first; i < first + count; ++i, to += stride) {
              const T element = value(i);
              std::memcpy(to, &element, sizeof(T));
            }
          }};
}

OutField lattice_field(const LasPiece& piece, std::size_t axis) {
  const double scale = piece.layout.quantization.scale.at(axis);
  const double offset = piece.layout.quantization.offset.at(axis);
  return computed_field<std::int32_t>(
      ColumnType::i32, [&piece, &scan = piece.scan, axis, scale, offset](std::int64_t i) {
        const double position = scan.positions[static_cast<std::size_t>(i)].at(axis);
        const double value = std::round((position - (offset - scan.origin.at(axis))) / scale);
        require(value >= -2147483648.0 && value <= 2147483647.0, kLasPointsOp,
                "LAS: coordinate {} of point {} does not fit scale {} and offset {}",
                scan.origin.at(axis) + position, piece.first + i, scale, offset);
        return static_cast<std::int32_t>(value);
      });
}

unsigned packed_part(const LasPiece& piece, const Column& column, const LasBits& bits,
                     std::int64_t i) {
  const double limit = std::ldexp(1.0, static_cast<int>(bits.width)) - 1;
  const double value = column.as_double(i);
  require(value >= 0 && value <= limit && value == std::trunc(value), kLasPointsOp,
          "LAS: attribute '{}': {} at point {} is not an integer from 0 to {}", column.name, value,
          piece.first + i, limit);
  return static_cast<unsigned>(value) << bits.shift;
}

// Several small numbers in a byte.
OutField packed_field(const LasPiece& piece, std::span<const LasBits> parts) {
  return computed_field<std::uint8_t>(ColumnType::u8, [&piece, parts](std::int64_t i) {
    unsigned byte = 0;
    for (const LasBits& part : parts) {
      if (const Column* column = piece.source_of(part.name)) {
        byte |= packed_part(piece, *column, part, i);
      }
    }
    return static_cast<std::uint8_t>(byte);
  });
}

// `factor` times the value, rounded.
OutField scaled_field(const LasPiece& piece, const Column& column, double factor) {
  return computed_field<std::uint16_t>(ColumnType::u16, [&piece, &column, factor](std::int64_t i) {
    const double value = std::round(column.as_double(i) * factor);
    require(value >= 0 && value <= 65535, kLasPointsOp,
            "attribute '{}': {} at point {} does not fit uint16", column.name, column.as_double(i),
            piece.first + i);
    return static_cast<std::uint16_t>(value);
  });
}

// Whole degrees in the unit of the finer angles, 0.006 degrees.
OutField angle_field(const Column& rank) {
  constexpr double kUnit = 0.006;
  return computed_field<std::int16_t>(ColumnType::i16, [&rank](std::int64_t i) {
    return static_cast<std::int16_t>(std::round(rank.as_double(i) / kUnit));
  });
}

OutField own_field(const LasPiece& piece, const Field& field) {
  const LasLayout& layout = piece.layout;
  if (field.name == "returns") return packed_field(piece, las_return_bits(layout.format));
  if (field.name == "flags") return packed_field(piece, las_flag_bits(layout.format));
  const Column* column = piece.source_of(field.name);
  const Column* rank = piece.source_of("scan_angle_rank");
  if (column == nullptr && field.name == "scan_angle" && rank != nullptr) return angle_field(*rank);
  if (column == nullptr) {
    return visit_column_type(field.type, [&]<typename T>() {
      return computed_field<T>(field.type, [](std::int64_t) { return T{}; });
    });
  }
  if (field.name == "intensity" && is_float(column->type())) {
    // Intensities from 0 to 1 are spread over the 16 bits, others are rounded.
    const bool is_share = layout.values_of(*layout.source_of(field.name)).at_most_one;
    return scaled_field(piece, *column, is_share ? 65535 : 1);
  }
  const bool colour = field.name == "red" || field.name == "green" || field.name == "blue";
  if (colour) return scaled_field(piece, *column, layout.colour_factor);
  return component_field(*column, 0, field.type, field.name, piece.first);
}

}  // namespace

std::vector<OutField> las_out_fields(const LasPiece& piece) {
  std::vector<OutField> fields;
  for (const PlacedField& placed : las_fields(piece.layout.format)) {
    const std::size_t index = fields.size();
    fields.push_back(index < 3 ? lattice_field(piece, index) : own_field(piece, placed.field));
  }
  for (const Column* column : piece.layout.extras) {
    fields.push_back(column_field(piece.column_of(*column)));
  }
  return fields;
}

}  // namespace voxloom::io
