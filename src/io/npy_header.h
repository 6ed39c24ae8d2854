// The header of a NPY file, and of every member of a NPZ file:
//
//   0x93 "NUMPY" | u8 major | u8 minor | u16 length (u32 from version 2 on) | text | the elements
//   {'descr': '<f4', 'fortran_order': False, 'shape': (100, 4), }
//   {'descr': [('x', '<f4'), ('normal', '<f4', (3,)), ('', '|V4')], ...}        records
//
// '<' little endian, '>' big endian, '|' neither; b bool, u, i, f numbers with their bytes, V padding; U so many
// characters of 32 bits, S so many bytes, both with zeros behind a shorter word.
#pragma once

#include <string>
#include <vector>

#include "io/point_source.h"

namespace voxloom::io {

inline constexpr std::int64_t kCharacterBytes = 4;  // of U

struct NpyType {
  char kind = 'f';        // b u i f V U S
  std::int64_t size = 4;  // of an element, in bytes
  bool swapped = false;

  [[nodiscard]] bool is_text() const { return kind == 'U' || kind == 'S'; }
};

struct NpyMember {
  std::string name;
  NpyType type;
  std::int64_t components = 1;
};

struct NpyHeader {
  bool structured = false;
  std::vector<NpyMember> members = {};  // one without a name when not structured
  bool fortran_order = false;
  std::vector<std::int64_t> shape = {};
  std::int64_t size = 0;     // of the header, in bytes
  std::string problem = {};  // why the elements cannot be read: an unknown type
};

// FormatError when the header is malformed.
[[nodiscard]] NpyHeader read_npy_header(const Bytes& bytes);

// Text by columns, of which a point's words lie apart: not read.
[[nodiscard]] bool has_scattered_text(const NpyHeader& header);

// Positions that lie on their side, as (3,N) or (4,N), become (N,3) or (N,4), which is said.
void set_upright(NpyHeader& header, const OnNote& note);

// The columns of an array; FormatError when it is not one row per point of readable elements.
// A plain (N,C) array gets the columns x, y, z (and intensity, or features) when `name` is empty, and
// else one column with that name. What is replaced in its words is said.
[[nodiscard]] Points open_npy_array(const Bytes& bytes, const NpyHeader& header,
                                    const std::string& name, const OnNote& note);

}  // namespace voxloom::io
