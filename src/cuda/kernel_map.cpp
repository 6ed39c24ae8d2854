#include "cuda/kernel_map.h"

#include <limits>

#include "voxloom/error.h"

namespace voxloom::cuda {
namespace {

constexpr int kMapThreads = 256;

// Whether a + b * c overflows does not matter: what does not fit int32 is a miss. Coordinates and strides
// fit 32 bits, shifts 63; saturating sums keep misses misses.
VOXLOOM_DEVICE std::int64_t plus(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kFar = std::int64_t{1} << 62;
  if (b > kFar || b < -kFar) return b;
  return a + b;
}

// One exact look-up per output row and offset: right for every geometry.
struct FindPartners {
  static constexpr int kThreads = kMapThreads;
  SetView out, in;
  const Shift* shifts;
  std::int64_t volume;
  std::int64_t stride[3];
  bool out_is_coarse;
  std::int32_t* in_row;
  std::uint32_t* masks;

  VOXLOOM_DEVICE std::int32_t partner(const Site& site, const Shift& shift) const {
    if (out_is_coarse) {
      return find_row(in, site.batch, plus(site.x * stride[0], shift.x),
                      plus(site.y * stride[1], shift.y), plus(site.z * stride[2], shift.z));
    }
    const std::int64_t x = plus(site.x, -shift.x);
    const std::int64_t y = plus(site.y, -shift.y);
    const std::int64_t z = plus(site.z, -shift.z);
    if (x % stride[0] != 0 || y % stride[1] != 0 || z % stride[2] != 0) return -1;
    return find_row(in, site.batch, x / stride[0], y / stride[1], z / stride[2]);
  }

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t rank = thread.global(); rank < out.size; rank += thread.all()) {
      const Site site = out.rows[out.row_at(static_cast<std::int32_t>(rank))];
      std::uint32_t mask = 0;
      for (std::int64_t k = 0; k < volume; ++k) {
        const std::int32_t row = partner(site, shifts[k]);
        in_row[k * out.size + rank] = row;
        if (row >= 0) mask |= 1U << (k % 32);
        if (k % 32 == 31 || k + 1 == volume) {
          masks[k / 32 * out.size + rank] = mask;
          mask = 0;
        }
      }
    }
  }
};

// A warp per output leaf, for stride 1 and shifts of at most one leaf: its lanes find the 27 leaves
// around, and then every partner is bit arithmetic.
struct FindPartnersByLeaf {
  static constexpr int kThreads = kMapThreads;
  static constexpr int kCells = 27;
  static constexpr int kWarps = kMapThreads / kWarp;
  struct Around {
    std::uint64_t mask[kCells];
    std::int32_t first[kCells];
  };
  struct Shared {
    Around around[kWarps];
  };
  SetView out, in;
  const Shift* shifts;  // each coordinate in [-4, 4]
  std::int64_t volume;
  std::int32_t sign;  // in = out + sign * shift
  std::int32_t* in_row;
  std::uint32_t* masks;

  VOXLOOM_DEVICE void look_around(const Team& team, const Site& leaf, Around& around) const {
    const int cell = team.lane();
    if (cell >= kCells) return;
    const std::int64_t x = std::int64_t{leaf.x} + cell / 9 - 1;
    const std::int64_t y = std::int64_t{leaf.y} + cell / 3 % 3 - 1;
    const std::int64_t z = std::int64_t{leaf.z} + cell % 3 - 1;
    const Site position{leaf.batch, static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
                        static_cast<std::int32_t>(z)};
    // Leaf positions have 30 bits: their neighbours fit 32.
    const std::int32_t number = find_leaf(in, position);
    around.mask[cell] = number < 0 ? 0 : in.leaves[number].mask;
    around.first[cell] = number < 0 ? 0 : in.leaves[number].first;
  }

  // The n-th set bit of the mask.
  static VOXLOOM_DEVICE int nth_bit(std::uint64_t mask, int n) {
    int at = 0;
    for (int width = 32; width > 0; width /= 2) {
      const int below = count_bits(mask & ((std::uint64_t{1} << width) - 1));
      if (n >= below) {
        n -= below;
        mask >>= width;
        at += width;
      }
    }
    return at;
  }

  VOXLOOM_DEVICE std::int32_t partner(const Around& around, int x, int y, int z) const {
    const int cell = ((x >> 2) + 1) * 9 + ((y >> 2) + 1) * 3 + (z >> 2) + 1;
    const int bit = leaf_bit(x, y, z);
    const std::uint64_t mask = around.mask[cell];
    if (((mask >> bit) & 1U) == 0) return -1;
    return in.row_at(around.first[cell] + count_bits(mask & ((std::uint64_t{1} << bit) - 1)));
  }

  VOXLOOM_DEVICE void write_row(const Around& around, std::int64_t rank, int bit) const {
    const Site local = site_at({0, 0, 0, 0}, bit);
    std::uint32_t mask = 0;
    for (std::int64_t k = 0; k < volume; ++k) {
      const std::int32_t row = partner(around, local.x + sign * static_cast<int>(shifts[k].x),
                                       local.y + sign * static_cast<int>(shifts[k].y),
                                       local.z + sign * static_cast<int>(shifts[k].z));
      in_row[k * out.size + rank] = row;
      if (row >= 0) mask |= 1U << (k % 32);
      if (k % 32 == 31 || k + 1 == volume) {
        masks[k / 32 * out.size + rank] = mask;
        mask = 0;
      }
    }
  }

  VOXLOOM_DEVICE void operator()(Team& team, Shared& shared) const {
    Around& around = shared.around[team.warp()];
    const std::int64_t warps = team.blocks() * kWarps;
    for (std::int64_t number = team.block() * kWarps + team.warp(); number < out.leaf_count;
         number += warps) {
      const Leaf& leaf = out.leaves[number];
      team.warp_barrier();
      look_around(team, leaf.position, around);
      team.warp_barrier();
      const int sites = count_bits(leaf.mask);
      for (int n = team.lane(); n < sites; n += kWarp) {
        write_row(around, std::int64_t{leaf.first} + n, nth_bit(leaf.mask, n));
      }
    }
  }
};

struct CountEntries {
  static constexpr int kThreads = 256;
  struct Shared {
    std::uint32_t entries;
  };
  const std::uint32_t* masks;
  std::int64_t count;
  std::uint64_t* total;

  VOXLOOM_DEVICE void operator()(Team& team, Shared& shared) const {
    if (team.index() == 0) shared.entries = 0;
    team.barrier();
    std::uint32_t own = 0;
    for (std::int64_t i = team.global(); i < count; i += team.all()) own += count_bits(masks[i]);
    atomic_add(&shared.entries, own);
    team.barrier();
    if (team.index() == 0) atomic_add(total, std::uint64_t{shared.entries});
  }
};

bool is_near(const Geometry& geometry) {
  for (const std::int32_t s : geometry.stride) {
    if (s != 1) return false;
  }
  const auto near = [](std::int64_t v) { return v >= -4 && v <= 4; };
  for (std::int64_t k = 0; k < geometry.volume; ++k) {
    const Shift& shift = geometry.shifts[k];
    if (!near(shift.x) || !near(shift.y) || !near(shift.z)) return false;
  }
  return true;
}

std::int64_t cells(std::int64_t rows, std::int64_t columns) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(rows, columns, &product) ||
      product > std::numeric_limits<std::int64_t>::max() / 8) {
    throw ResourceError("[kernel_map] the table's size does not fit 64 bits");
  }
  return product;
}

}  // namespace

KernelMap::KernelMap(const CoordinateSet& fine, const CoordinateSet& coarse,
                     const Geometry& geometry, Side side, Stream stream) {
  const SetView out = (side == Side::coarse ? coarse : fine).view();
  const SetView in = (side == Side::coarse ? fine : coarse).view();
  out_row_of_rank_ = out.row_of_rank;
  out_rows_ = out.size;
  volume_ = geometry.volume;
  in_row_ = Array<std::int32_t>(cells(out_rows_, volume_), stream);
  masks_ = Array<std::uint32_t>(cells(out_rows_, (volume_ + 31) / 32), stream);
  Array<Shift> shifts(volume_, stream);
  shifts.upload(geometry.shifts);
  if (is_near(geometry)) {
    constexpr std::int64_t kWarps = FindPartnersByLeaf::kWarps;
    const std::int64_t blocks = (out.leaf_count + kWarps - 1) / kWarps;
    launch(stream, blocks,
           FindPartnersByLeaf{out, in, shifts.data(), volume_, side == Side::coarse ? 1 : -1,
                              in_row_.data(), masks_.data()});
    return;
  }
  launch_items(stream, out.size,
               FindPartners{out,
                            in,
                            shifts.data(),
                            volume_,
                            {geometry.stride[0], geometry.stride[1], geometry.stride[2]},
                            side == Side::coarse,
                            in_row_.data(),
                            masks_.data()});
}

MapView KernelMap::view() const {
  return {in_row_.data(), masks_.data(), out_row_of_rank_, out_rows_, volume_};
}

std::int64_t KernelMap::entry_count(Stream stream) const {
  Array<std::uint64_t> total(1, stream);
  total.fill_bytes(0);
  const std::int64_t blocks = (masks_.size() + CountEntries::kThreads - 1) / CountEntries::kThreads;
  launch(stream, blocks < 1024 ? blocks : 1024,
         CountEntries{masks_.data(), masks_.size(), total.data()});
  std::uint64_t entries = 0;
  total.download(&entries);
  return static_cast<std::int64_t>(entries);
}

}  // namespace voxloom::cuda
