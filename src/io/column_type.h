// From a ColumnType at run time to a C++ type at compile time.
#pragma once

#include <bit>
#include <utility>

#include "voxloom/scan.h"

namespace voxloom::io {

// Element bytes are copied as they lie in files: all of them are little endian, or swapped by hand.
static_assert(std::endian::native == std::endian::little);

// Calls body.template operator()<T>() with T the element type of `type`.
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
    case ColumnType::f64: break;
  }
  return body.template operator()<double>();
}

[[nodiscard]] inline std::int64_t byte_size(ColumnType type) {
  return static_cast<std::int64_t>(voxloom::size_of(type));
}

}  // namespace voxloom::io
