// Points as records of equal length, one behind the other:
//
//   begin                    begin + stride
//   | field 0 | gap | field 1 | field 0 | gap | field 1 | ...
//
// Most binary formats are this; columns that lie one behind the other are records of one field each.
#pragma once

#include "io/point_source.h"

namespace voxloom::io {

struct PlacedField {
  Field field;
  std::int64_t offset = 0;  // within the record
};

struct RecordLayout {
  std::int64_t begin = 0;
  std::int64_t stride = 0;
  std::int64_t count = 0;
  bool swapped = false;  // big-endian elements
  std::vector<PlacedField> fields = {};
};

// Says that whole records lie behind those that a header promises, of `there` bytes.
void note_behind(const RecordLayout& layout, std::int64_t there, const OnNote& note);

// FormatError unless the file holds all the records.
[[nodiscard]] Points open_records(Bytes bytes, const RecordLayout& layout);

// Copies one field of `rows` records to rows [first, first + rows) of its column.
void decode_field(std::span<const std::byte> records, const RecordLayout& layout,
                  const PlacedField& field, Column& column, std::int64_t first, std::int64_t rows);

}  // namespace voxloom::io
