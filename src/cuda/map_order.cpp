#include "cuda/kernel_map.h"
#include "cuda/radix_sort.h"

namespace voxloom::cuda {
namespace {

constexpr int kMaskBits = 32;

struct MaskKeys {
  static constexpr int kThreads = 256;
  MapView map;
  std::int64_t segment;
  std::uint64_t* keys;
  std::int32_t* ranks;

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < map.out_rows; i += thread.all()) {
      keys[i] = static_cast<std::uint64_t>(i / segment) << kMaskBits | map.masks[i];
      ranks[i] = static_cast<std::int32_t>(i);
    }
  }
};

struct MoveRows {
  static constexpr int kThreads = 256;
  MapView map;
  const std::int32_t* ranks;
  std::int32_t* in_row;
  std::uint32_t* masks;
  std::int32_t* out_row;

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < map.out_rows; i += thread.all()) {
      const std::int64_t rank = ranks[i];
      out_row[i] = static_cast<std::int32_t>(map.out_row(rank));
      for (std::int64_t k = 0; k < map.volume; ++k) {
        in_row[k * map.out_rows + i] = map.in_row[k * map.out_rows + rank];
      }
      for (std::int64_t w = 0; w < (map.volume + 31) / 32; ++w) {
        masks[w * map.out_rows + i] = map.masks[w * map.out_rows + rank];
      }
    }
  }
};

}  // namespace

KernelMap KernelMap::sorted_by_mask(std::int64_t segment, Stream stream) const {
  KernelMap sorted;
  sorted.out_rows_ = out_rows_;
  sorted.volume_ = volume_;
  if (out_rows_ == 0) return sorted;
  int bits = kMaskBits;
  while (bits < 64 && ((out_rows_ - 1) / segment) >> (bits - kMaskBits) != 0) ++bits;
  KeyedRows<std::uint64_t> items(out_rows_, stream);
  launch_items(stream, out_rows_, MaskKeys{view(), segment, items.keys.data(), items.rows.data()});
  radix_sort(items, bits, stream);
  sorted.in_row_ = Array<std::int32_t>(in_row_.size(), stream);
  sorted.masks_ = Array<std::uint32_t>(masks_.size(), stream);
  sorted.own_out_rows_ = Array<std::int32_t>(out_rows_, stream);
  sorted.out_row_of_rank_ = sorted.own_out_rows_.data();
  launch_items(stream, out_rows_,
               MoveRows{view(), items.rows.data(), sorted.in_row_.data(), sorted.masks_.data(),
                        sorted.own_out_rows_.data()});
  return sorted;
}

}  // namespace voxloom::cuda
