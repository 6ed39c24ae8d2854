// LAS, all numbers little endian. The header (offsets in bytes):
//
//     0  "LASF"                      94  u16 header size: 227, 235 (1.3), 375 (1.4)
//     4  u16 source, u16 encoding    96  u32 offset to the points
//     8  16 bytes project
//    24  u8 major, u8 minor
//    26  32 bytes system, 32 bytes generating software
//    90  u16 day, u16 year of creation
//   100  u32 number of VLRs         104  u8 point format, u16 record length
//   107  u32 points, 5 x u32 by return (before 1.4, and where it fits)
//   131  3 x f64 scale, 3 x f64 offset: position = offset + scale * integer
//   179  f64 max x, min x, max y, min y, max z, min z
//   227  u64 waveform data (1.3)
//   235  u64 first extended VLR, u32 number of them (1.4)
//   247  u64 points, 15 x u64 by return (1.4)
//
// A variable length record (VLR): u16 0, 16 bytes user, u16 id, u16 length, 32 bytes description, the
// data. User "LASF_Spec" with id 4 describes the extra bytes behind each point's own, 192 bytes each:
//
//     0  u16 0, u8 type: 1 + a ColumnType (+ 10: two values, + 20: three), u8 options
//     4  32 bytes name, 4 unused
//    40  no data, min, max: 3 x 8 bytes each
//   112  3 x f64 scale, 3 x f64 offset: used when options has bit 8 or 16
//   160  32 bytes description
//
// A point starts with i32 x, y, z and u16 intensity; las_fields() has the rest of each format.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "io/records.h"

namespace voxloom::io {

inline constexpr int kLasFormats = 11;  // 0 to 10
inline constexpr std::int64_t kLasVlrHeader = 54;
inline constexpr std::int64_t kLasEvlrHeader = 60;  // of an extended one: its length has 8 bytes
inline constexpr std::int64_t kLasExtraRecord = 192;
inline constexpr std::size_t kLasSystemBytes = 32;

// Formats 6 and later: 4-bit returns, 8-bit classes, fine scan angles, always a time.
[[nodiscard]] constexpr bool is_modern_las(int format) { return format >= 6; }

// Bytes of a point without extra bytes.
[[nodiscard]] std::int64_t las_record_size(int format);

// Whether the format has a field, or a part of one, of this name.
[[nodiscard]] bool has_las_field(int format, std::string_view name);

// What extra bytes are called that hold what the format's own field NAME cannot: exact_NAME. Readers such as laspy
// refuse a file that has a name twice. An attribute that is called exact_NAME itself gets one more of these beginnings.
inline constexpr std::string_view kLasExact = "exact_";
// Whether readers know a field of this name in the format: ours, and those of the packed bytes as laspy calls them.
[[nodiscard]] bool is_las_name(int format, std::string_view name);
// Whether it is one, behind any number of kLasExact.
[[nodiscard]] bool is_reserved_las_name(int format, std::string_view name);

// Fields as stored. The two bytes that pack several numbers are named "returns" and "flags".
[[nodiscard]] std::vector<PlacedField> las_fields(int format);

// A number inside of one of the two packed bytes.
struct LasBits {
  const char* name;
  unsigned shift, width;
};
[[nodiscard]] std::span<const LasBits> las_return_bits(int format);
[[nodiscard]] std::span<const LasBits> las_flag_bits(int format);

}  // namespace voxloom::io
