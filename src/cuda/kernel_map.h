// Kernel maps on the device: for each output row and kernel offset, the input row it meets.
//
//   in_row[k * out_rows + rank]    -1: none
//   masks[w * out_rows + rank]     bit k % 32 of word k / 32: in_row is not -1
//
// Ranks are places in the output set's canonical order, so that neighbours in space are neighbours in
// memory. Rows and entries are those of voxloom/kernel_map.h, exactly; making a map waits for nothing.
#pragma once

#include <cstdint>

#include "cuda/coordinate_set.h"

namespace voxloom::cuda {

// fine = coarse * stride + shift_k, as coords/kernel_geometry.h works it out.
struct Shift {
  std::int64_t x, y, z;
};
struct Geometry {
  std::int32_t stride[3] = {1, 1, 1};
  const Shift* shifts = nullptr;  // on the host, `volume` of them
  std::int64_t volume = 0;
};

// Which set has the output rows.
enum class Side : std::uint8_t { coarse, fine };

struct MapView {
  const std::int32_t* in_row = nullptr;
  const std::uint32_t* masks = nullptr;
  const std::int32_t* out_row_of_rank = nullptr;  // nullptr: a rank is a row
  std::int64_t out_rows = 0;
  std::int64_t volume = 0;
  bool mirrored =
      false;  // offset k stands at K-1-k: a symmetric map over one set, read the other way

  VOXLOOM_ON_BOTH std::int64_t column(std::int64_t k) const {
    return mirrored ? volume - 1 - k : k;
  }
  VOXLOOM_ON_BOTH std::int32_t partner(std::int64_t rank, std::int64_t k) const {
    return in_row[column(k) * out_rows + rank];
  }
  VOXLOOM_ON_BOTH std::int64_t out_row(std::int64_t rank) const {
    return out_row_of_rank == nullptr ? rank : out_row_of_rank[rank];
  }
};

// Holds the numbers of a map; the output set must live as long as its view is used.
class KernelMap {
 public:
  KernelMap(const CoordinateSet& fine, const CoordinateSet& coarse, const Geometry& geometry,
            Side side, Stream stream);

  [[nodiscard]] MapView view() const;
  [[nodiscard]] std::int64_t entry_count(Stream stream) const;  // waits

  // The same map with its ranks in another order: segments of `segment` rows in a row, sorted by mask, so
  // that rows with the same offsets share a tile. No row's sum depends on it. Masks count up to 32 offsets.
  [[nodiscard]] KernelMap sorted_by_mask(std::int64_t segment, Stream stream) const;

 private:
  KernelMap() = default;

  Array<std::int32_t> in_row_;
  Array<std::uint32_t> masks_;
  Array<std::int32_t> own_out_rows_;  // where the order is the map's own
  const std::int32_t* out_row_of_rank_ = nullptr;
  std::int64_t out_rows_ = 0, volume_ = 0;
};

}  // namespace voxloom::cuda
