// Scan: one point cloud as read from a file: positions and named attributes, in file order.
//
// Positions are float64, so that what a file holds exactly (LAS lattice points, doubles in PLY) stays
// exact; networks want float32, which holds a quarter of a millimetre up to 4096 m. Scans further away, as
// maps are, have an origin: positions are relative to it, and so is what to_points() makes of them.
// An attribute keeps the element type that its file had; what the library does not know by name is
// carried along all the same. Names that writers know: intensity, label, confidence, red, green,
// blue, classification and the other fields of LAS. A column may hold words instead of numbers: of each distinct
// one a copy, and a code per point, so that points are picked, merged and split without looking at them.
// Errors: std::invalid_argument with what was expected and what came.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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
enum class ColumnType : std::uint8_t { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, text };

[[nodiscard]] std::size_t size_of(ColumnType type);       // in bytes; of text: of a code
[[nodiscard]] std::string_view name_of(ColumnType type);  // "uint8", "float32", "text", ...
[[nodiscard]] bool is_float(ColumnType type);

// A word's place in Column::words.
enum class WordCode : std::uint32_t {};
using Words = std::vector<std::string>;

// One attribute: component c of point i is values[i * components + c].
struct Column {
  using Values =
      std::variant<std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::uint16_t>,
                   std::vector<std::int16_t>, std::vector<std::uint32_t>, std::vector<std::int32_t>,
                   std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<float>,
                   std::vector<double>, std::vector<WordCode>>;

  std::string name;
  std::int64_t components = 1;
  Values values;
  // Of text alone: what the codes stand for, distinct UTF-8 without zero bytes, of at most kLongestWord characters.
  // Readers have them in the order of their first use; some may have no point, as where points were picked out of many.
  std::shared_ptr<const Words> words = {};

  [[nodiscard]] ColumnType type() const { return static_cast<ColumnType>(values.index()); }
  [[nodiscard]] bool is_text() const { return type() == ColumnType::text; }
  [[nodiscard]] std::int64_t points() const;
  // The element at `index` (point * components + component). std::invalid_argument for text.
  [[nodiscard]] double as_double(std::int64_t index) const;
  // The same of text; std::invalid_argument for numbers, std::out_of_range for a code of no word.
  [[nodiscard]] std::string_view word(std::int64_t index) const;
  template <typename T>
  [[nodiscard]] std::span<const T> span() const {
    return std::get<std::vector<T>>(values);
  }

  // The same numbers, or the same words, whatever their codes.
  friend bool operator==(const Column& a, const Column& b);
};

inline constexpr std::int64_t kLongestWord = 4096;

// Zeros; empty words.
[[nodiscard]] Column make_column(std::string name, ColumnType type, std::int64_t points,
                                 std::int64_t components = 1);
// One word per element. std::invalid_argument for what Column::words does not allow.
[[nodiscard]] Column text_column(std::string name, std::span<const std::string> elements,
                                 std::int64_t components = 1);

// The lattice that positions lie on: position = offset + scale * integer (LAS).
struct Quantization {
  std::array<double, 3> scale = {0.001, 0.001, 0.001};
  std::array<double, 3> offset = {0, 0, 0};
  friend bool operator==(const Quantization&, const Quantization&) = default;
};

struct Interval {
  double low = 0, high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

// Takes what was guessed, left out or replaced, a line each, without an end of line.
using OnNote = std::function<void(const std::string& note)>;

struct Box {
  std::array<double, 3> low = {0, 0, 0}, high = {0, 0, 0};
};

// What only LAS files have, kept from LAS to LAS: bits of the header and records byte for byte.
struct LasRecords {
  // Bit 0: times are seconds of a standard epoch; bit 3: returns are made up; bit 4: the coordinate system is text.
  std::uint16_t encoding = 0;
  std::uint16_t source_id = 0;                // of the flight line or the like; 0: none
  std::array<std::uint8_t, 16> project = {};  // an identifier of many files; zeros: none
  std::string system = {};                    // what made the points; at most 32 bytes
  std::uint16_t created_day = 0;              // of the year, from 1 on; 0: not said
  std::uint16_t created_year = 0;
  std::vector<std::vector<std::byte>> vlrs = {};   // with their headers of 54 bytes
  std::vector<std::vector<std::byte>> evlrs = {};  // with their headers of 60 bytes
  friend bool operator==(const LasRecords&, const LasRecords&) = default;
};

// An affine map, row by row: (x, y, z) goes to the first three of pose * (x, y, z, 1).
using Pose = std::array<std::array<double, 4>, 4>;
inline constexpr Pose kIdentityPose = {
    {{{1, 0, 0, 0}}, {{0, 1, 0, 0}}, {{0, 0, 1, 0}}, {{0, 0, 0, 1}}}};

[[nodiscard]] std::array<double, 3> transform(const Pose& pose, const std::array<double, 3>& point);

struct Scan {
  std::vector<std::array<double, 3>> positions;  // relative to `origin`
  // f32 when every position came from a float32: such a scan is also written with float32.
  ColumnType position_type = ColumnType::f64;
  std::optional<Quantization> quantization = {};
  std::vector<Column> attributes;  // names are unique
  // What positions are relative to, in the file's coordinates. Readers leave it 0 on an axis whose
  // median is within 4096 of 0.
  std::array<double, 3> origin = {0, 0, 0};
  // The whole part of the middle of all points, where a reader found that on some axis more than 4096 from 0.
  std::optional<std::array<double, 3>> middle = {};
  std::optional<Pose> pose = {};       // from the file's coordinates to those shared by many scans
  std::optional<Pose> viewpoint = {};  // from the sensor's coordinates to the file's
  std::optional<LasRecords> las = {};
  // Lines of the header that say things to people, or of labels: kept from PLY to PLY, without the word `comment`.
  std::vector<std::string> comments = {};
  // What `intensity` goes from and to, where the file's format says so. set() of another forgets it.
  std::optional<Interval> intensity_range = {};

  // Where a point is, in the file's coordinates: origin + position.
  [[nodiscard]] std::array<double, 3> at(std::int64_t point) const;

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

// Throws unless names are unique, every attribute has one row per point, and origin and poses are
// finite.
void validate(const Scan& scan);

// Adds the points of `more` behind those of `scan`; both have the same attributes in the same order,
// and the same pose. Words of text get the codes that they have in `scan`, new ones codes behind those.
void append(Scan& scan, const Scan& more);

// Where the sensor stood, in the file's coordinates: the viewpoint's place. Where there is none it is guessed: the
// middle, of scans that lie far from 0; else the origin, which readers leave at 0 then.
[[nodiscard]] std::array<double, 3> sensor_place(const Scan& scan);

// Makes positions relative to another origin; no point moves.
void move_origin(Scan& scan, const std::array<double, 3>& origin);

// Takes positions (and the viewpoint) to the coordinates that `pose` leads to; afterwards there is none.
void apply_pose(Scan& scan);

// The smallest box around the finite positions, in the file's coordinates; all zeros without any.
[[nodiscard]] Box bounds(const Scan& scan);

// (N,3) float32: the positions as they are, relative to the scan's origin.
[[nodiscard]] Tensor to_points(const Scan& scan);
// (N,3) float32: relative to `origin`, in the file's coordinates; subtracted in float64.
[[nodiscard]] Tensor to_points(const Scan& scan, const std::array<double, 3>& origin);

// (N,4) int32: batch 0 and the cell of each point, floor((at - origin) / size) in float64, for
// sparse_from_points(). Points of a scan that is moved by whole cells fall into the same ones, whatever the distance.
// std::invalid_argument for a cell beyond int32, and for positions that are not finite.
[[nodiscard]] Tensor to_cells(const Scan& scan, double size, const std::array<double, 3>& origin);
// The corner of a cell that is nearest to the scan's origin, of the cells that have one at 0.
[[nodiscard]] std::array<double, 3> cell_origin(const Scan& scan, double size);

// Red, green and blue with 8 bits each. Integers are taken as they are where all of them are at most
// 255, else their upper 8 of 16 bits; floats are times 255 where 99 of 100 are within 0..1, else like integers.
// Nothing where there are no such columns; nor, unless stray values are clamped, where one is not within the range.
using ByteColours = std::array<std::vector<std::uint8_t>, 3>;
enum class StrayColours : std::uint8_t { refuse, clamp };
[[nodiscard]] std::optional<ByteColours> byte_colours(const Scan& scan,
                                                      StrayColours stray = StrayColours::refuse);

// (N,C) float32: the named attributes side by side, component by component. std::invalid_argument for text.
[[nodiscard]] Tensor to_features(const Scan& scan, std::span<const std::string> names);

}  // namespace voxloom
