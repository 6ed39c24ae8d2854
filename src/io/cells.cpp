// The cells of a scan's points, as exact as its positions are.
#include <cmath>
#include <limits>

#include "core/error.h"
#include "io/origin.h"
#include "voxloom/scan.h"

namespace voxloom {
namespace {

constexpr std::string_view kCellsOp = "to_cells";

void check_size(double size) {
  require(std::isfinite(size) && size > 0, kCellsOp, "a cell of size {}", size);
}

}  // namespace

std::array<double, 3> cell_origin(const Scan& scan, double size) {
  check_size(size);
  std::array<double, 3> origin{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    origin.at(axis) = std::round(scan.origin.at(axis) / size) * size;
  }
  return origin;
}

Tensor to_cells(const Scan& scan, double size, const std::array<double, 3>& origin) {
  check_size(size);
  Tensor cells = Tensor::empty({scan.size(), 4}, DType::i32);
  auto* out = cells.mutable_data<std::int32_t>();
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    *out++ = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double position = scan.positions[static_cast<std::size_t>(i)].at(axis);
      const double place = (position + (scan.origin.at(axis) - origin.at(axis))) / size;
      // A file that is far away has rounded its points: what that puts beside a boundary lies on it.
      const double rounding =
          io::rounding_of(std::abs(scan.origin.at(axis)) + std::abs(position)) / size;
      const double whole = std::round(place);
      const double cell = std::abs(place - whole) <= rounding ? whole : std::floor(place);
      require(cell >= std::numeric_limits<std::int32_t>::min() &&
                  cell <= std::numeric_limits<std::int32_t>::max(),
              kCellsOp, "the cell of point {} at {} voxels does not fit 32 bits", i, place);
      *out++ = static_cast<std::int32_t>(cell);
    }
  }
  return cells;
}

}  // namespace voxloom
