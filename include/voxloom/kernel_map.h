// Kernel maps: which input row meets which output row under which kernel offset.
//
//   forward     in  = out * stride + offset * dilation - padding
//   transposed  out = in  * stride + offset * dilation - padding       (same batch, per axis)
//
// A KernelMap is a light view: the sets, the shared map data, and the direction. Swapping the roles
// of the rows is O(1). Encodings are built when first asked for. docs/semantics.md, sections 2 and 3.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "voxloom/coordinate_set.h"
#include "voxloom/export.h"
#include "voxloom/triple.h"

namespace VOXLOOM_API voxloom {

enum class Origin : std::uint8_t {
  centered,  // odd size s: i - s/2; even size: 0 .. s-1
  corner     // always 0 .. s-1
};

// A kernel over the lattice. Offset index k = (ix*Ky + iy)*Kz + iz. With `offsets` the kernel is
// that list (kernel_size and origin are not looked at): the generalized convolution.
struct KernelSpec {
  Triple kernel_size = 3;
  Triple stride = 1;
  Triple padding = 0;
  Triple dilation = 1;
  Origin origin = Origin::centered;
  std::vector<Triple> offsets = {};

  // The number of offsets; a size below 1 is an error.
  [[nodiscard]] std::int64_t volume() const;
};

// A half-open box [lo, hi) per axis, in lattice coordinates; 64 bits, so that hi = 2^31 can be said.
struct Bounds {
  std::array<std::int64_t, 3> lo;
  std::array<std::int64_t, 3> hi;
};

// One entry of a map.
struct MapEntry {
  std::int32_t in_row = 0, out_row = 0, k = 0;
  friend constexpr bool operator==(const MapEntry&, const MapEntry&) = default;
};

// Entries of offset k are [begin[k], begin[k+1]), ascending output row.
struct MapByOffset {
  std::vector<std::int64_t> begin;
  std::vector<std::int32_t> in_rows, out_rows;
};

struct MapBlocks;  // the engine's own encoding
struct BlockedEntries;
class MapData;
class EncodingCache;

class KernelMap {
 public:
  [[nodiscard]] const CoordinateSet& source() const { return transposed_ ? coarse_ : fine_; }
  [[nodiscard]] const CoordinateSet& target() const { return transposed_ ? fine_ : coarse_; }
  [[nodiscard]] const KernelSpec& kernel() const { return kernel_; }  // as it was asked for
  [[nodiscard]] std::int64_t volume() const;                          // kernel offsets
  [[nodiscard]] std::int64_t size() const;                            // entries

  [[nodiscard]] KernelMap swapped() const {  // input rows become output rows
    KernelMap view = *this;
    view.transposed_ = !transposed_;
    return view;
  }

  // The three public encodings, made afresh at each call.
  [[nodiscard]] std::vector<MapEntry> triples() const;    // in (out_row, k) order
  [[nodiscard]] MapByOffset by_offset() const;            // CSR by k
  [[nodiscard]] std::vector<std::int32_t> dense() const;  // (N_out, K) input rows, -1: a miss

  // What backends made of this map in this direction, kept with it.
  [[nodiscard]] EncodingCache& encodings() const;

  // Same sets, same data, same direction.
  friend bool operator==(const KernelMap& a, const KernelMap& b) {
    return a.fine_ == b.fine_ && a.coarse_ == b.coarse_ && a.data_ == b.data_ &&
           a.transposed_ == b.transposed_;
  }

 private:
  friend MapBlocks blocks_of(const KernelMap&);
  friend void keep_entries(const KernelMap&, BlockedEntries);
  friend KernelMap make_kernel_map(const CoordinateSet&, const CoordinateSet&, const KernelSpec&,
                                   bool);
  friend KernelMap kernel_map_from_pairs(const CoordinateSet&, const CoordinateSet&, std::int64_t,
                                         std::span<const MapEntry>);
  KernelMap() = default;

  CoordinateSet fine_, coarse_;  // fine = coarse * stride + shift
  std::shared_ptr<const MapData> data_;
  KernelSpec kernel_;
  bool transposed_ = false;
};

// Found again for the same (source, target, kernel) as long as both sets live.
// Errors: sizes, strides or dilations below 1, negative padding, more than 2^24 offsets, an unknown
// origin.
[[nodiscard]] KernelMap forward_map(const CoordinateSet& source, const CoordinateSet& target,
                                    const KernelSpec& kernel);
[[nodiscard]] KernelMap transposed_map(const CoordinateSet& source, const CoordinateSet& target,
                                       const KernelSpec& kernel);

// A map of the caller's own: `entries` in any order, each (output row, k) and, where the map is swapped,
// each (input row, k) at most once. It has no geometry: kernel() is a list of `volume` zero offsets, so
// that weights are (K, C_in, C_out) or grouped. Not remembered with the sets: keep it to use it again.
// std::invalid_argument for a row or offset out of range or a pair given twice.
[[nodiscard]] KernelMap kernel_map_from_pairs(const CoordinateSet& source,
                                              const CoordinateSet& target, std::int64_t volume,
                                              std::span<const MapEntry> entries);

// Output supports. Derived rows come in canonical order; the same request gives the same object.
//   strided     stride 1: `source` itself; else the unique floor(c / stride)
//   reachable   every out that at least one input reaches through the forward kernel; `bounds`
//               (lo <= hi on each axis) clip it before the overflow check
//   transposed  the unique in * stride + offset * dilation - padding
// The lattice stride is multiplied (strided, reachable) or divided exactly (transposed).
[[nodiscard]] CoordinateSet strided_support(const CoordinateSet& source, Triple stride);
[[nodiscard]] CoordinateSet reachable_support(const CoordinateSet& source, const KernelSpec& kernel,
                                              const std::optional<Bounds>& bounds = {});
[[nodiscard]] CoordinateSet transposed_support(const CoordinateSet& source,
                                               const KernelSpec& kernel);

}  // namespace voxloom
