#include "cuda/scan.h"

#include "cuda/block_sums.h"
#include "cuda/device.h"

namespace voxloom::cuda {
namespace {

constexpr int kScanThreads = 256;
constexpr int kEach = 8;  // values of a thread
constexpr std::int64_t kTile = kScanThreads * kEach;

// Sums within tiles; the tiles' totals, if there is more than one.
struct ScanTiles {
  static constexpr int kThreads = kScanThreads;
  struct Shared {
    WarpSums<kScanThreads> sums;
  };
  std::uint32_t* values;
  std::int64_t count;
  std::uint32_t* totals;  // one per tile, or nullptr

  VOXLOOM_DEVICE void operator()(Team& team, Shared& shared) const {
    const std::int64_t first = team.block() * kTile + team.index() * kEach;
    std::uint32_t own[kEach];
    std::uint32_t sum = 0;
    for (int j = 0; j < kEach; ++j) {
      own[j] = first + j < count ? values[first + j] : 0;
      sum += own[j];
    }
    std::uint32_t total = 0;
    std::uint32_t before = sum_before(team, shared.sums, sum, total);
    for (int j = 0; j < kEach; ++j) {
      if (first + j < count) values[first + j] = before;
      before += own[j];
    }
    if (totals != nullptr && team.index() == 0) totals[team.block()] = total;
  }
};

struct AddTotals {
  static constexpr int kThreads = kScanThreads;
  std::uint32_t* values;
  std::int64_t count;
  const std::uint32_t* before;  // per tile

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    const std::int64_t first = thread.block() * kTile + thread.index();
    for (int j = 0; j < kEach; ++j) {
      const std::int64_t at = first + j * kScanThreads;
      if (at < count) values[at] += before[thread.block()];
    }
  }
};

}  // namespace

void exclusive_sums(std::uint32_t* values, std::int64_t count, Stream stream) {
  const std::int64_t tiles = (count + kTile - 1) / kTile;
  if (tiles <= 1) {
    launch(stream, tiles, ScanTiles{values, count, nullptr});
    return;
  }
  Array<std::uint32_t> totals(tiles, stream);
  launch(stream, tiles, ScanTiles{values, count, totals.data()});
  exclusive_sums(totals.data(), tiles, stream);
  launch(stream, tiles, AddTotals{values, count, totals.data()});
}

}  // namespace voxloom::cuda
