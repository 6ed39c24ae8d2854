#include "coords/strides.h"

#include "core/checked.h"

namespace voxloom {
namespace {

void require_positive(std::string_view op, const Triple& stride) {
  require(stride.x >= 1 && stride.y >= 1 && stride.z >= 1, op, "stride must be at least 1, got {}",
          stride);
}

}  // namespace

Triple multiplied_stride(std::string_view op, const Triple& a, const Triple& b) {
  require_positive(op, b);
  const auto axis = [&](std::int64_t p, std::int64_t q) {
    require(fits_int32(p * q), op, "stride {} times {} does not fit 32 bits", p, q);
    return static_cast<std::int32_t>(p * q);
  };
  return {axis(a.x, b.x), axis(a.y, b.y), axis(a.z, b.z)};
}

Triple divided_stride(std::string_view op, const Triple& a, const Triple& b) {
  require_positive(op, b);
  require(a.x % b.x == 0 && a.y % b.y == 0 && a.z % b.z == 0, op,
          "stride {} does not divide the input's stride {}", b, a);
  return {a.x / b.x, a.y / b.y, a.z / b.z};
}

}  // namespace voxloom
