#include "io/scan_head.h"

#include "io/origin.h"

namespace voxloom::io {

void settle_origin(Scan& scan) {
  OriginSearch search(scan.size());
  search.add(scan.size(), [&](std::size_t axis, std::int64_t point) {
    return scan.origin.at(axis) + scan.positions.at(static_cast<std::size_t>(point)).at(axis);
  });
  scan.middle = search.middle();
  move_origin(scan, search.origin(scan.quantization ? &*scan.quantization : nullptr));
}

Scan head_of(const Scan& scan) {
  return {.positions = {},
          .position_type = scan.position_type,
          .quantization = scan.quantization,
          .attributes = {},
          .origin = scan.origin,
          .middle = scan.middle,
          .pose = scan.pose,
          .viewpoint = scan.viewpoint,
          .las = scan.las,
          .comments = scan.comments,
          .intensity_range = scan.intensity_range};
}

}  // namespace voxloom::io
