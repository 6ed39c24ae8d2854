// The writing side: a point as a record of fields, each filled from the scan. Text formats print the
// same records.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/io.h"

namespace voxloom::io {

// Where a file's bytes go.
class ByteSink {
 public:
  ByteSink() = default;
  virtual ~ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual void write(std::span<const std::byte> bytes) = 0;
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
};

struct OutField {
  // Fills one field of points [first, first + count); record i begins at `to + i * stride`.
  using Fill = std::function<void(std::int64_t first, std::int64_t count, std::byte* to,
                                  std::int64_t stride)>;
  std::string name;
  ColumnType type = ColumnType::f32;
  std::int64_t components = 1;
  Fill fill;
  const Words* words = nullptr;  // of text, whose codes are what is filled in

  [[nodiscard]] std::int64_t size() const;  // in bytes
};

// The type in which the scan's positions are written where a format holds both.
[[nodiscard]] ColumnType position_type_of(const Scan& scan);

// `first_point`, here and below: the number of the piece's first point, for messages.
// x, y or z in the file's coordinates, or relative to the scan's origin. As f32: std::invalid_argument at
// writing for a position that is moved by more than a millimetre or does not fit.
enum class Frame : std::uint8_t { file, origin };
[[nodiscard]] OutField position_field(const Scan& scan, std::size_t axis, ColumnType type,
                                      Frame frame = Frame::file, std::int64_t first_point = 0);

// The frame in which float32 holds the positions: the file's own, or with options.shift the origin's.
[[nodiscard]] Frame narrow_frame(const Scan& scan, const WriteOptions& options);

// A whole attribute in its own type.
[[nodiscard]] OutField column_field(const Column& column);

// One component of it as `type`. std::invalid_argument when a value does not fit, at writing.
[[nodiscard]] OutField component_field(const Column& column, std::int64_t component,
                                       ColumnType type, std::string name,
                                       std::int64_t first_point = 0);

// Whether every value is the same number as `type`; floats may lose digits, not become infinite.
[[nodiscard]] bool fits(const Column& column, ColumnType type);

// Every component of every attribute, in its own type, as "name" or "name_0", "name_1", ...; codes of text.
[[nodiscard]] std::vector<OutField> component_fields(const Scan& scan, std::int64_t first_point);

// The same with x, y and z in front.
[[nodiscard]] std::vector<OutField> scalar_fields(const Scan& scan, std::int64_t first_point);

[[nodiscard]] std::int64_t record_size(std::span<const OutField> fields);

// Writes all the records, one behind the other.
void write_block(ByteSink& sink, const Scan& scan, std::span<const OutField> fields);

// What PTS and PTX hold of a scan: one intensity, and colours where they are those of 8 bits.
[[nodiscard]] std::vector<std::string_view> held_by_scanners(const Scan& scan, bool has_colours);

// Says which attributes are not among the `held` ones.
void note_left_out(const Scan& scan, std::span<const std::string_view> held,
                   std::string_view format, const WriteOptions& options);

// Calls use(records, count) for all points, some thousands at a time.
using UseRecords = std::function<void(std::span<const std::byte> records, std::int64_t count)>;
void for_each_block(const Scan& scan, std::span<const OutField> fields, const UseRecords& use);

// Every value in the shortest form that reads back the same, a line per point.
void write_rows(ByteSink& sink, const Scan& scan, std::span<const OutField> fields, char separator);

// Makes each name one word for a header: blanks, quotes, separators and what is not ASCII become '_',
// and names that are then equal get a number.
void make_words(std::vector<OutField>& fields);

}  // namespace voxloom::io
