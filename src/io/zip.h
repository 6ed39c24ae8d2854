// The zip archive around a NPZ file: members stored or deflated, with the 64-bit extension.
//
//   member: "PK\3\4" 30 bytes with the lengths of name and extra | name | extra | data
//   ...
//   directory entry: "PK\1\2" 46 bytes | name | extra | comment
//      8 u16 flags   10 u16 method (0 stored, 8 deflated)   16 u32 crc   20 u32 packed size
//     24 u32 size    28 u16 lengths of name, extra, comment               42 u32 member's offset
//   ...
//   end: "PK\5\6" 22 bytes: 10 u16 entries, 12 u32 directory size, 16 u32 directory offset | comment
//
// A 32-bit value of all ones stands in extra field 1 as 64 bits, or, for the end, in a record
// "PK\6\6" that a "PK\6\7" right before the end points to. The directory rules; of a member's own
// header only the lengths are used.
#pragma once

#include <string>
#include <vector>

#include "io/byte_source.h"

namespace voxloom::io {

struct ZipMember {
  std::string name;
  unsigned flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::int64_t packed = 0, size = 0, offset = 0;
};

[[nodiscard]] std::vector<ZipMember> read_zip_directory(const Bytes& bytes);

// The member's data. Stored data stay in the file; deflated data are unpacked, which is subtracted
// from `budget` and refused beyond it. The checksum is checked.
[[nodiscard]] Bytes open_zip_member(const Bytes& bytes, const ZipMember& member,
                                    std::int64_t& budget);

}  // namespace voxloom::io
