// From a ColumnType at run time to a C++ type at compile time. What looks at numbers goes through visit_numbers: a column
// of text is an error there, which names it. What only moves elements about visits the values themselves.
#pragma once

#include <bit>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/error.h"
#include "voxloom/scan.h"

namespace voxloom::io {

// Element bytes are copied as they lie in files: all of them are little endian, or swapped by hand.
static_assert(std::endian::native == std::endian::little);

[[noreturn]] inline void fail_text_for_numbers(std::string_view name) {
  fail("scan", "the attribute '{}' holds text, not numbers", name);
}

// Calls body.template operator()<T>() with T the element type of `type`, which is one of numbers.
template <typename Body>
decltype(auto) visit_column_type(ColumnType type, Body&& body) {
  switch (type) {
    case ColumnType::u8: return body.template operator()<std::uint8_t>();
    case ColumnType::i8: return body.template operator()<std::int8_t>();
    case ColumnType::u16: return body.template operator()<std::uint16_t>();
    case ColumnType::i16: return body.template operator()<std::int16_t>();
    case ColumnType::u32: return body.template operator()<std::uint32_t>();
    case ColumnType::i32: return body.template operator()<std::int32_t>();
    case ColumnType::u64: return body.template operator()<std::uint64_t>();
    case ColumnType::i64: return body.template operator()<std::int64_t>();
    case ColumnType::f32: return body.template operator()<float>();
    case ColumnType::text: fail("scan", "text is no type of numbers");
    case ColumnType::f64: break;
  }
  return body.template operator()<double>();
}

// Calls body(values) with the vector of a column's numbers. Text: std::invalid_argument.
template <typename SomeColumn, typename Body>
decltype(auto) visit_numbers(SomeColumn& column, Body&& body) {
  using Result = std::invoke_result_t<Body&, decltype(std::get<0>(column.values))>;
  return std::visit(
      [&](auto& values) -> Result {
        using T = typename std::remove_cvref_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<T, WordCode>) {
          fail_text_for_numbers(column.name);
        } else {
          return body(values);
        }
      },
      column.values);
}

[[nodiscard]] inline std::int64_t byte_size(ColumnType type) {
  return static_cast<std::int64_t>(voxloom::size_of(type));
}

}  // namespace voxloom::io
