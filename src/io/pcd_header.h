// The header of a PCD file; one key a line, in this order:
//
//   # .PCD v0.7 - Point Cloud Data file format
//   VERSION 0.7
//   FIELDS x y z rgb _           _ is padding
//   SIZE 4 4 4 4 1               bytes per value
//   TYPE F F F F U               F float, U unsigned, I signed
//   COUNT 1 1 1 1 8              values per point; may be left out
//   WIDTH 640
//   HEIGHT 480
//   VIEWPOINT 0 0 0 1 0 0 0
//   POINTS 307200
//   DATA binary                  or ascii, binary_compressed
//   the points
//
// binary holds one record per point. binary_compressed holds two uint32, the packed and the unpacked
// size, then an LZF stream of all the values of the first field, all of the second, and so on.
#pragma once

#include <string>
#include <vector>

#include "io/point_source.h"

namespace voxloom::io {

enum class PcdData : std::uint8_t { ascii, binary, compressed };

struct PcdHeader {
  std::vector<Field> fields = {};  // padding is named "_"
  std::int64_t points = 0;
  PcdData data = PcdData::ascii;
  std::int64_t size = 0;  // in bytes
  std::int64_t lines = 0;
};

[[nodiscard]] PcdHeader read_pcd_header(const Bytes& bytes);

}  // namespace voxloom::io
