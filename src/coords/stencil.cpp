#include "coords/stencil.h"

#include <algorithm>

#include "coords/leaf_shift.h"

namespace voxloom {
namespace {

constexpr std::size_t kMostCells = 512;       // 64 cell + place fits 16 bits
constexpr std::size_t kMostOffsets = 4096;    // kernel offsets
constexpr std::size_t kMostTables = 1 << 15;  // offsets times classes
constexpr std::int64_t kMostClasses = 4096;

std::int64_t on_axis(const KernelGeometry::Shift& shift, int axis) {
  return axis == 0 ? shift.x : axis == 1 ? shift.y : shift.z;
}

std::int64_t on_axis(const LeafPosition& leaf, int axis) {
  return axis == 0 ? leaf.x : axis == 1 ? leaf.y : leaf.z;
}

void sort_unique(std::vector<std::int64_t>& values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::uint32_t place_in(const std::vector<std::int64_t>& values, std::int64_t value) {
  return static_cast<std::uint32_t>(std::ranges::lower_bound(values, value) - values.begin());
}

}  // namespace

Stencil::Partner Stencil::partner(int axis, std::int64_t shift, std::int64_t leaf_class,
                                  int place) const {
  const std::int64_t stride = stride_[axis];
  if (side_ == OutputSide::coarse) return {true, place * stride + shift};
  const std::int64_t scaled = 4 * leaf_class + place - shift;
  return {scaled % stride == 0, scaled / stride};
}

// The distinct shifts and cells of each axis; false when there are too many.
bool Stencil::find_axes(const KernelGeometry& geometry) {
  for (int a = 0; a < 3; ++a) {
    Axis& axis = axes_[static_cast<std::size_t>(a)];
    for (const KernelGeometry::Shift& shift : geometry.shifts)
      axis.shifts.push_back(on_axis(shift, a));
    sort_unique(axis.shifts);
    if (static_cast<std::int64_t>(axis.shifts.size()) * period(a) > kMostClasses) return false;
    for (const std::int64_t shift : axis.shifts) {
      for (std::int64_t p = 0; p < period(a); ++p) {
        for (int place = 0; place < 4; ++place) {
          const auto [is_valid, v] = partner(a, shift, p, place);
          if (is_valid) axis.cells.push_back(floor_div(v, 4));
        }
      }
    }
    sort_unique(axis.cells);
    if (axis.cells.empty() || axis.cells.size() > kMostCells) return false;
    for (const KernelGeometry::Shift& shift : geometry.shifts) {
      axis.shift_of_offset.push_back(place_in(axis.shifts, on_axis(shift, a)));
    }
  }
  return cell_count() <= kMostCells;
}

std::optional<Stencil> Stencil::make(const KernelGeometry& geometry, OutputSide side) {
  Stencil stencil;
  stencil.stride_ = geometry.stride;
  stencil.side_ = side;
  const std::array<std::int64_t, 3> periods = {stencil.period(0), stencil.period(1),
                                               stencil.period(2)};
  const std::size_t volume = geometry.shifts.size();
  if (volume > kMostOffsets || std::ranges::max(periods) > kMostClasses) return std::nullopt;
  const std::int64_t classes = periods[0] * periods[1] * periods[2];
  if (classes > kMostClasses || static_cast<std::size_t>(classes) * volume > kMostTables) {
    return std::nullopt;
  }
  if (!stencil.find_axes(geometry)) return std::nullopt;
  stencil.classes_.resize(static_cast<std::size_t>(classes));
  std::size_t number = 0;
  for (std::int64_t x = 0; x < periods[0]; ++x) {
    for (std::int64_t y = 0; y < periods[1]; ++y) {
      for (std::int64_t z = 0; z < periods[2]; ++z) {
        stencil.make_class({x, y, z}, stencil.classes_[number++]);
      }
    }
  }
  return stencil;
}

void Stencil::make_class(const std::array<std::int64_t, 3>& leaf_class, Class& tables) const {
  // Per axis, shift and place: what the axis adds to 64 cell + place, or -1.
  std::array<std::vector<std::int32_t>, 3> parts;
  std::int32_t cell_step = 64;
  for (int a = 2; a >= 0; --a) {
    const auto at = static_cast<std::size_t>(a);
    for (const std::int64_t shift : axes_[at].shifts) {
      for (int place = 0; place < 4; ++place) {
        const auto [is_valid, v] = partner(a, shift, leaf_class[at], place);
        const std::int64_t q = floor_div(v, 4);
        const auto local = static_cast<int>(v - 4 * q);
        const int bit = leaf_shift::bit_of(a, local);
        const auto cell = static_cast<std::int32_t>(is_valid ? place_in(axes_[at].cells, q) : 0);
        parts[at].push_back(is_valid ? cell * cell_step + bit : -1);
      }
    }
    cell_step *= static_cast<std::int32_t>(axes_[at].cells.size());
  }
  tables.valid.assign(volume(), 0);
  tables.partner.assign(64 * volume(), 0);
  tables.sends.assign(cell_count(), 0);
  tables.takes.assign(cell_count(), 0);
  const auto part = [&](std::size_t a, std::size_t k, int place) {
    return parts[a][4 * axes_[a].shift_of_offset[k] + static_cast<std::size_t>(place)];
  };
  for (std::size_t k = 0; k < volume(); ++k) {
    for (int bit = 0; bit < 64; ++bit) {
      const Coordinate place = coordinate_at({}, bit);
      const std::int32_t x = part(0, k, place.x);
      const std::int32_t y = part(1, k, place.y);
      const std::int32_t z = part(2, k, place.z);
      if ((x | y | z) < 0) continue;
      const auto sum = static_cast<std::uint32_t>(x + y + z);
      tables.partner[64 * k + static_cast<std::size_t>(bit)] = static_cast<std::uint16_t>(sum);
      tables.valid[k] |= std::uint64_t{1} << bit;
      tables.sends[sum / 64] |= std::uint64_t{1} << bit;
      tables.takes[sum / 64] |= std::uint64_t{1} << (sum % 64);
    }
  }
}

const Stencil::Class& Stencil::class_of(const LeafPosition& leaf) const {
  if (classes_.size() == 1) return classes_.front();
  std::int64_t number = 0;
  for (int a = 0; a < 3; ++a) {
    const std::int64_t position = on_axis(leaf, a);
    const std::int64_t p = period(a);
    number = number * p + (position - floor_div(position, p) * p);
  }
  return classes_[static_cast<std::size_t>(number)];
}

}  // namespace voxloom
