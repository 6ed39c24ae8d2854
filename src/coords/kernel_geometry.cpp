#include "coords/kernel_geometry.h"

#include <algorithm>

#include "core/checked.h"

namespace voxloom {
namespace {

bool each_at_least(const Triple& t, std::int32_t low) {
  return t.x >= low && t.y >= low && t.z >= low;
}

std::int64_t first_offset(std::int32_t size, Origin origin) {
  return origin == Origin::centered && size % 2 == 1 ? -std::int64_t{size / 2} : 0;
}

// A kernel of 2^24 offsets is beyond any use, and its map beyond any memory.
void require_volume(std::string_view op, const KernelSpec& kernel) {
  constexpr std::int64_t kMaxVolume = std::int64_t{1} << 24;
  const Triple& size = kernel.kernel_size;
  const std::int64_t plane = std::int64_t{size.x} * size.y;  // factors below 2^31: no overflow
  const bool fits = kernel.offsets.empty()
                        ? plane <= kMaxVolume && plane * size.z <= kMaxVolume
                        : kernel.offsets.size() <= static_cast<std::size_t>(kMaxVolume);
  if (fits) return;
  fail(op, "the kernel has too many offsets: at most {}, got {}", kMaxVolume,
       kernel.offsets.empty() ? fmt::format("kernel_size {}", size)
                              : fmt::format("a list of {}", kernel.offsets.size()));
}

}  // namespace

std::int64_t KernelSpec::volume() const {
  if (!offsets.empty()) return static_cast<std::int64_t>(offsets.size());
  require(each_at_least(kernel_size, 1), "kernel", "kernel_size must be at least 1, got {}",
          kernel_size);
  return checked_product("kernel", {kernel_size.x, kernel_size.y, kernel_size.z});
}

void check_kernel(std::string_view op, const KernelSpec& kernel) {
  require(!kernel.offsets.empty() || each_at_least(kernel.kernel_size, 1), op,
          "kernel_size must be at least 1, got {}", kernel.kernel_size);
  require(each_at_least(kernel.stride, 1), op, "stride must be at least 1, got {}", kernel.stride);
  require(each_at_least(kernel.dilation, 1), op, "dilation must be at least 1, got {}",
          kernel.dilation);
  require(each_at_least(kernel.padding, 0), op, "padding must not be negative, got {}",
          kernel.padding);
  require(kernel.origin == Origin::centered || kernel.origin == Origin::corner, op,
          "unknown origin number {}", static_cast<int>(kernel.origin));
  require_volume(op, kernel);
}

KernelGeometry KernelGeometry::from(std::string_view op, const KernelSpec& kernel) {
  check_kernel(op, kernel);
  KernelGeometry geometry;
  geometry.stride = kernel.stride;
  geometry.shifts.reserve(static_cast<std::size_t>(kernel.volume()));
  const auto add = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
    const Triple& d = kernel.dilation;
    const Triple& p = kernel.padding;
    geometry.shifts.push_back({x * d.x - p.x, y * d.y - p.y, z * d.z - p.z});
  };
  if (!kernel.offsets.empty()) {
    for (const Triple& offset : kernel.offsets) add(offset.x, offset.y, offset.z);
    return geometry;
  }
  const Triple& size = kernel.kernel_size;
  for (std::int64_t ix = 0; ix < size.x; ++ix) {
    for (std::int64_t iy = 0; iy < size.y; ++iy) {
      for (std::int64_t iz = 0; iz < size.z; ++iz) {
        add(first_offset(size.x, kernel.origin) + ix, first_offset(size.y, kernel.origin) + iy,
            first_offset(size.z, kernel.origin) + iz);
      }
    }
  }
  return geometry;
}

bool KernelGeometry::is_symmetric() const {
  if (stride != Triple(1)) return false;
  for (std::size_t k = 0; k < shifts.size(); ++k) {
    const Shift& a = shifts[k];
    const Shift& b = shifts[shifts.size() - 1 - k];
    if (a.x != -b.x || a.y != -b.y || a.z != -b.z) return false;
  }
  return true;
}

bool KernelGeometry::has_single_partners() const {
  const auto residue = [](std::int64_t shift, std::int64_t n) { return (shift % n + n) % n; };
  std::vector<std::array<std::int64_t, 3>> residues;
  residues.reserve(shifts.size());
  for (const Shift& s : shifts) {
    residues.push_back({residue(s.x, stride.x), residue(s.y, stride.y), residue(s.z, stride.z)});
  }
  std::ranges::sort(residues);
  return std::ranges::adjacent_find(residues) == residues.end();
}

bool KernelGeometry::tiles() const {
  const auto is_inside = [](std::int64_t shift, std::int64_t n) { return shift >= 0 && shift < n; };
  const bool fills = std::ranges::all_of(shifts, [&](const Shift& s) {
    return is_inside(s.x, stride.x) && is_inside(s.y, stride.y) && is_inside(s.z, stride.z);
  });
  // Of at most 2^24 shifts: a plane that is larger has too few.
  const std::int64_t plane = std::int64_t{stride.x} * stride.y;
  return fills && plane <= volume() && plane * stride.z == volume() && has_single_partners();
}

DerivedCache::Key KernelGeometry::key() const {
  DerivedCache::Key key{stride.x, stride.y, stride.z};
  key.reserve(3 + 3 * shifts.size());
  for (const Shift& shift : shifts) key.insert(key.end(), {shift.x, shift.y, shift.z});
  return key;
}

}  // namespace voxloom
