// The header of a PLY file:
//
//   ply
//   format ascii 1.0                     or binary_little_endian, binary_big_endian
//   comment anything                     also obj_info
//   element vertex 8
//   property float x                     char uchar short ushort int uint float double
//   property list uchar int indices      a count of the first type, then that many of the second
//   element face 6
//   ...
//   end_header
//   the elements' rows, in the header's order
#pragma once

#include <string>
#include <vector>

#include "io/byte_source.h"
#include "voxloom/io.h"

namespace voxloom::io {

struct PlyProperty {
  std::string name;
  ColumnType type = ColumnType::f32;
  bool is_list = false;
  ColumnType count_type = ColumnType::u8;  // lists only
};

struct PlyElement {
  std::string name;
  std::int64_t count = 0;
  std::vector<PlyProperty> properties = {};

  [[nodiscard]] bool has_lists() const;
  // Bytes of a row in a binary file: all of them without lists, else the least.
  [[nodiscard]] std::int64_t row_size() const;
};

struct PlyHeader {
  Encoding encoding = Encoding::ascii;
  std::vector<PlyElement> elements = {};
  std::vector<std::string> comments = {};  // the first ones, as far as they are short
  std::int64_t comments_left_out = 0;      // the others
  std::int64_t size = 0;                   // in bytes
  std::int64_t lines = 0;
};

[[nodiscard]] PlyHeader read_ply_header(const Bytes& bytes);

// "uchar"; empty for the 64-bit integers, which PLY does not have.
[[nodiscard]] std::string_view ply_name_of(ColumnType type);

}  // namespace voxloom::io
