// The weight gradient on the matrix units. A block computes 64 by 64 weights of one offset over one chunk
// of output rows: it lists the entries there, and multiplies 32 of them at a time, X^T dY. Chunks are
// added in order, as by the reference.

#include "cuda/block_sums.h"
#include "cuda/matrix_fragments.h"
#include "cuda/matrix_units.h"
#include "cuda/weight_gradient_chunks.h"

namespace voxloom::cuda {
namespace {

constexpr int kSide = 64;   // weights of a block, each way
constexpr int kDepth = 32;  // entries of a step
constexpr int kStages = 3;
constexpr int kEach = 8;  // rows that a thread looks at, at a time

template <typename T>
struct WeightTiles {
  static constexpr int kThreads = 128;
  static constexpr int kSegment = kThreads * kEach;
  static constexpr int kChunks = kSide / 8;  // of 16 bytes, in a row
  static constexpr int kCopies = kDepth * kChunks / kThreads;
  struct alignas(128) Shared {
    std::uint16_t x[kStages][kDepth * kSide];
    std::uint16_t dy[kStages][kDepth * kSide];
    std::int32_t in_row[kSegment + kDepth], out_row[kSegment + kDepth];
    WarpSums<kThreads> sums;
  };
  ConvWeightGradient p;
  std::int64_t chunk_rows;
  std::int64_t in_tiles, out_tiles;
  float* sums;  // [chunk][k][i][o]

  struct Place {
    std::int64_t chunk, k;
    int first_in, first_out;
  };
  VOXLOOM_DEVICE Place place_of(std::int64_t block) const {
    const std::int64_t tiles = in_tiles * out_tiles;
    const auto tile = block % tiles;
    return {block / tiles / p.map.volume, block / tiles % p.map.volume,
            static_cast<int>(tile / out_tiles) * kSide, static_cast<int>(tile % out_tiles) * kSide};
  }

  static VOXLOOM_DEVICE int at(int row, int chunk) { return row * kSide + 8 * (chunk ^ (row & 7)); }

  // Lists the entries of kSegment rows from `first` on behind the `count` that are there; gives how many
  // there are then.
  VOXLOOM_DEVICE int list_entries(const Team& team, Shared& shared, std::int64_t k,
                                  std::int64_t first, std::int64_t end, int count) const {
    std::int32_t own[kEach];
    std::uint32_t found = 0;
    VOXLOOM_UNROLL
    for (int j = 0; j < kEach; ++j) {
      const std::int64_t rank = first + team.index() * kEach + j;
      own[j] = rank < end ? p.map.partner(rank, k) : -1;
      found += own[j] >= 0 ? 1 : 0;
    }
    std::uint32_t total = 0;
    int to = count + static_cast<int>(sum_before(team, shared.sums, found, total));
    VOXLOOM_UNROLL
    for (int j = 0; j < kEach; ++j) {
      if (own[j] < 0) continue;
      shared.in_row[to] = own[j];
      shared.out_row[to++] =
          static_cast<std::int32_t>(p.map.out_row(first + team.index() * kEach + j));
    }
    team.barrier();
    return count + static_cast<int>(total);
  }

  VOXLOOM_DEVICE void start_copies(Team& team, Shared& shared, const Place& place, int step,
                                   int count) const {
    const int stage = step % kStages;
    VOXLOOM_UNROLL
    for (int j = 0; j < kCopies; ++j) {
      const int row = (team.index() + j * kThreads) / kChunks;
      const int chunk = (team.index() + j * kThreads) % kChunks;
      const int entry = step * kDepth + row;
      const bool is_entry = entry < count;
      const std::int64_t in_row = is_entry ? shared.in_row[entry] : 0;
      const std::int64_t out_row = is_entry ? shared.out_row[entry] : 0;
      const int i = place.first_in + 8 * chunk, o = place.first_out + 8 * chunk;
      const auto* x = static_cast<const std::uint16_t*>(p.x);
      const auto* dy = static_cast<const std::uint16_t*>(p.dy);
      const bool take_x = is_entry && i < p.in, take_dy = is_entry && o < p.out;
      copy_async(team, &shared.x[stage][at(row, chunk)], take_x ? x + in_row * p.in + i : x,
                 take_x);
      copy_async(team, &shared.dy[stage][at(row, chunk)], take_dy ? dy + out_row * p.out + o : dy,
                 take_dy);
    }
  }

  struct Sums {
    float of[2][4][4];
  };

  VOXLOOM_DEVICE void multiply(const Team& team, const Shared& shared, int stage,
                               Sums& tile) const {
    const int lane = team.lane();
    const int i_chunk = team.warp() % 2 * 4, o_chunk = team.warp() / 2 * 4;
    VOXLOOM_UNROLL
    for (int d = 0; d < kDepth; d += 16) {
      std::uint32_t a[2][4], b[2][4];
      VOXLOOM_UNROLL
      for (int m = 0; m < 2; ++m) {
        const int row = d + lane / 16 * 8 + lane % 8;
        load_matrices<true>(team, &shared.x[stage][at(row, i_chunk + 2 * m + lane / 8 % 2)], a[m]);
      }
      VOXLOOM_UNROLL
      for (int n = 0; n < 2; ++n) {
        load_matrices<true>(team, &shared.dy[stage][at(d + lane % 16, o_chunk + 2 * n + lane / 16)],
                            b[n]);
      }
      VOXLOOM_UNROLL
      for (int m = 0; m < 2; ++m) {
        VOXLOOM_UNROLL
        for (int n = 0; n < 4; ++n) {
          multiply_add<T>(team, a[m], b[n / 2][n % 2 * 2], b[n / 2][n % 2 * 2 + 1], tile.of[m][n]);
        }
      }
    }
  }

  // Multiplies the steps [0, steps) of the `count` entries that are listed.
  VOXLOOM_DEVICE void multiply_steps(Team& team, Shared& shared, const Place& place, int steps,
                                     int count, Sums& tile) const {
    for (int step = 0; step < kStages - 1; ++step) {
      if (step < steps) start_copies(team, shared, place, step, count);
      commit_copies(team);
    }
    for (int step = 0; step < steps; ++step) {
      wait_copies<kStages - 2>(team);
      team.barrier();
      const int later = step + kStages - 1;
      if (later < steps) start_copies(team, shared, place, later, count);
      commit_copies(team);
      multiply(team, shared, step % kStages, tile);
    }
    wait_copies<0>(team);
    team.barrier();
  }

  VOXLOOM_DEVICE void store(const Team& team, const Place& place, const Sums& tile) const {
    const int i0 = place.first_in + team.warp() % 2 * 32 + team.lane() / 4;
    const int o0 = place.first_out + team.warp() / 2 * 32 + team.lane() % 4 * 2;
    float* to = sums + (place.chunk * p.map.volume + place.k) * p.in * p.out;
    VOXLOOM_UNROLL
    for (int m = 0; m < 2; ++m) {
      VOXLOOM_UNROLL
      for (int n = 0; n < 4; ++n) {
        VOXLOOM_UNROLL
        for (int j = 0; j < 4; ++j) {
          const int i = i0 + 16 * m + j / 2 * 8, o = o0 + 8 * n + j % 2;
          if (i < p.in && o < p.out) to[std::int64_t{i} * p.out + o] = tile.of[m][n][j];
        }
      }
    }
  }

  VOXLOOM_DEVICE void operator()(Team& team, Shared& shared) const {
    const Place place = place_of(team.block());
    const std::int64_t begin = place.chunk * chunk_rows;
    const std::int64_t end =
        begin + chunk_rows < p.map.out_rows ? begin + chunk_rows : p.map.out_rows;
    Sums tile = {};
    int count = 0;
    for (std::int64_t first = begin; first < end; first += kSegment) {
      count = list_entries(team, shared, place.k, first, end, count);
      const bool is_last = first + kSegment >= end;
      const int steps = is_last ? (count + kDepth - 1) / kDepth : count / kDepth;
      multiply_steps(team, shared, place, steps, count, tile);
      // What does not fill a step waits for the next segment.
      const int left = is_last ? 0 : count - steps * kDepth;
      std::int32_t in_row = 0, out_row = 0;
      if (team.index() < left) {
        in_row = shared.in_row[steps * kDepth + team.index()];
        out_row = shared.out_row[steps * kDepth + team.index()];
      }
      team.barrier();
      if (team.index() < left) {
        shared.in_row[team.index()] = in_row;
        shared.out_row[team.index()] = out_row;
      }
      count = left;
    }
    store(team, place, tile);
  }
};

template <typename T>
void run(const ConvWeightGradient& p, std::int64_t chunks, std::int64_t weights, float* sums,
         Stream stream) {
  const std::int64_t in_tiles = (p.in + kSide - 1) / kSide, out_tiles = (p.out + kSide - 1) / kSide;
  launch(stream, chunks * p.map.volume * in_tiles * out_tiles,
         WeightTiles<T>{p, weight_chunk_rows(p.map.out_rows, weights), in_tiles, out_tiles, sums});
}

}  // namespace

bool suits_matrix_units(const ConvWeightGradient& p) {
  return p.dtype != DType::f32 && p.groups == 1 && p.in >= 8 && p.in % 8 == 0 && p.out >= 8 &&
         p.out % 8 == 0 && p.in <= 4096 && p.out <= 4096;
}

void matrix_weight_gradient(const ConvWeightGradient& p, Stream stream) {
  const std::int64_t weights = p.map.volume * p.in * p.out;
  const std::int64_t chunks = weight_chunks(p.map.out_rows, weights);
  Array<float> sums(chunks * weights, stream);
  if (p.dtype == DType::f16) {
    run<float16>(p, chunks, weights, sums.data(), stream);
  } else {
    run<bfloat16>(p, chunks, weights, sums.data(), stream);
  }
  add_weight_chunks(sums.data(), chunks, weights, p.dw, stream);
}

}  // namespace voxloom::cuda
