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
//   VIEWPOINT 0 0 0 1 0 0 0      the sensor's place and orientation: x y z, quaternion w x y z
//   POINTS 307200
//   DATA binary                  or ascii, binary_compressed
//   the points
//
// binary holds one record per point. binary_compressed holds two uint32, the packed and the unpacked
// size, then an LZF stream of all the values of the first field, all of the second, and so on; several values
// of a point stay together, as PCL does it (pypcd4 1.5.1 does not).
// Version .5 says COLUMNS for FIELDS and may leave out SIZE 4, TYPE F and WIDTH.
#pragma once

#include <string>
#include <vector>

#include "io/point_source.h"

namespace voxloom::io {

enum class PcdData : std::uint8_t { ascii, binary, compressed };

struct PcdHeader {
  std::vector<Field> fields = {};  // is_padding() tells which are none
  std::int64_t points = 0;
  PcdData data = PcdData::ascii;
  std::optional<Pose> viewpoint = {};  // of the sensor
  std::int64_t size = 0;               // in bytes
  std::int64_t lines = 0;
};

// "_" as PCL names it; "__12" as pypcd4 does.
[[nodiscard]] bool is_padding(const Field& field);

[[nodiscard]] PcdHeader read_pcd_header(const Bytes& bytes);

}  // namespace voxloom::io
