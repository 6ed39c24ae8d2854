// Bare float32 records, little endian, no header:
//
//   KITTI      x y z intensity          16 bytes
//   nuScenes   x y z intensity ring     20 bytes
//
// A file's length is all there is to check.
#include "io/failure.h"
#include "io/formats.h"
#include "io/records.h"

namespace voxloom::io {
namespace {

Points open_floats(const Bytes& bytes, std::initializer_list<const char*> names,
                   std::string_view format, std::string_view hint) {
  RecordLayout layout;
  for (const char* name : names) {
    layout.fields.push_back({{.name = name, .type = ColumnType::f32}, layout.stride});
    layout.stride += 4;
  }
  layout.count = bytes->size() / layout.stride;
  if (bytes->size() % layout.stride != 0) {
    fail_byte(bytes->name(), layout.count * layout.stride,
              "{} bytes are left over: a {} file is a multiple of {} bytes long{}",
              bytes->size() % layout.stride, format, layout.stride, hint);
  }
  return open_records(bytes, layout);
}

}  // namespace

Points open_kitti(const Bytes& bytes, const ReadOptions&) {
  const bool five_floats = bytes->size() % 20 == 0;
  return open_floats(bytes, {"x", "y", "z", "intensity"}, "KITTI",
                     five_floats ? "; nuScenes files, 20 bytes per point, are named .pcd.bin" : "");
}

Points open_nuscenes(const Bytes& bytes, const ReadOptions&) {
  return open_floats(bytes, {"x", "y", "z", "intensity", "ring"}, "nuScenes", "");
}

}  // namespace voxloom::io
