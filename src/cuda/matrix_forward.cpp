// The forward product on the matrix units. A block computes 64 output rows by 64 or 128 channels with its
// sums in registers; it walks the offsets that any of its rows has, and slices of the input channels.
// Rows without a partner are zeros. What the next steps need is on its way while one is computed.

#include "cuda/dispatch.h"
#include "cuda/matrix_fragments.h"
#include "cuda/matrix_units.h"

namespace voxloom::cuda {
namespace {

constexpr int kRows = 64;
constexpr int kMostOffsets = 256;
constexpr int kMaskWords = kMostOffsets / 32;
constexpr int kStages = 3;

// kDepth input channels a step; kColumns output channels, 32 for each two warps.
template <typename T, int kDepth, int kColumns>
struct ForwardTiles {
  static constexpr int kThreads = kColumns * 2;
  static constexpr int kRowChunks = kDepth / 8;       // of 16 bytes
  static constexpr int kColumnChunks = kColumns / 8;  // likewise
  static constexpr int kRowCopies = kRows * kRowChunks / kThreads;
  static constexpr int kColumnCopies = kDepth * kColumnChunks / kThreads;
  struct alignas(128) Shared {
    std::uint16_t x[kStages][kRows * kDepth];
    std::uint16_t w[kStages][kDepth * kColumns];
    std::uint32_t any[kMaskWords];
    std::uint16_t offsets[kMostOffsets];
    std::int32_t offset_count;
  };
  ConvForward p;
  const std::uint16_t* weights;  // packed
  const std::uint32_t* not_finite;
  std::int64_t column_tiles;

  // The eight lanes that load one matrix must hit different banks: chunks change places from row to row.
  static VOXLOOM_DEVICE int x_at(int row, int chunk) {
    const int turn = kRowChunks == 8 ? row & 7 : (row >> 1) & 3;
    return row * kDepth + 8 * (chunk ^ turn);
  }
  static VOXLOOM_DEVICE int w_at(int row, int chunk) {
    return row * kColumns + 8 * (chunk ^ (row & 7));
  }

  VOXLOOM_DEVICE std::int64_t first_row(const Team& team) const {
    return team.block() / column_tiles * kRows;
  }
  VOXLOOM_DEVICE int first_column(const Team& team) const {
    return static_cast<int>(team.block() % column_tiles) * kColumns;
  }

  // Lists the offsets that some row of the tile has, ascending.
  VOXLOOM_DEVICE void list_offsets(Team& team, Shared& shared) const {
    const int words = static_cast<int>((p.map.volume + 31) / 32);
    if (team.index() < kMaskWords) shared.any[team.index()] = 0;
    team.barrier();
    const std::int64_t rank = first_row(team) + team.index() % kRows;
    for (int w = team.warp() / 2; w < words; w += kThreads / kRows) {
      const std::uint32_t mask = rank < p.map.out_rows ? p.map.masks[w * p.map.out_rows + rank] : 0;
      const std::uint32_t any = team.reduce_or(mask);
      if (team.lane() == 0) atomic_or(&shared.any[w], any);
    }
    team.barrier();
    if (team.index() == 0) {
      int count = 0;
      for (std::int64_t k = 0; k < p.map.volume; ++k) {
        const std::int64_t column = p.map.column(k);
        if (((shared.any[column / 32] >> (column % 32)) & 1U) != 0) {
          shared.offsets[count++] = static_cast<std::uint16_t>(k);
        }
      }
      shared.offset_count = count;
    }
    team.barrier();
  }

  struct Step {
    int offset = 0;  // in the list
    int slice = 0;
  };

  VOXLOOM_DEVICE void find_rows(const Team& team, const Shared& shared, int offset,
                                std::int32_t (&rows)[kRowCopies]) const {
    VOXLOOM_UNROLL
    for (int j = 0; j < kRowCopies; ++j) {
      const int row = (team.index() + j * kThreads) / kRowChunks;
      const std::int64_t rank = first_row(team) + row;
      const bool is_row = offset < shared.offset_count && rank < p.map.out_rows;
      rows[j] = is_row ? p.map.partner(rank, shared.offsets[offset]) : -1;
    }
  }

  VOXLOOM_DEVICE void start_copies(Team& team, Shared& shared, int stage, const Step& step,
                                   const std::int32_t (&rows)[kRowCopies]) const {
    const int in = static_cast<int>(p.weight.in), out = static_cast<int>(p.weight.out);
    if (step.offset < shared.offset_count) {
      const auto* x = static_cast<const std::uint16_t*>(p.x);
      VOXLOOM_UNROLL
      for (int j = 0; j < kRowCopies; ++j) {
        const int at = team.index() + j * kThreads;
        const int row = at / kRowChunks, chunk = at % kRowChunks;
        const int channel = step.slice * kDepth + 8 * chunk;
        const bool take = rows[j] >= 0 && channel < in;
        copy_async(team, &shared.x[stage][x_at(row, chunk)],
                   take ? x + std::int64_t{rows[j]} * in + channel : x, take);
      }
      const std::uint16_t* w = weights + std::int64_t{shared.offsets[step.offset]} * in * out;
      VOXLOOM_UNROLL
      for (int j = 0; j < kColumnCopies; ++j) {
        const int at = team.index() + j * kThreads;
        const int row = at / kColumnChunks, chunk = at % kColumnChunks;
        const int channel = step.slice * kDepth + row, column = first_column(team) + 8 * chunk;
        const bool take = channel < in && column < out;
        copy_async(team, &shared.w[stage][w_at(row, chunk)],
                   take ? w + std::int64_t{channel} * out + column : w, take);
      }
    }
    commit_copies(team);
  }

  // A warp's 32 rows by 32 channels: two by four products.
  struct Sums {
    float of[2][4][4];
  };

  VOXLOOM_DEVICE void multiply(const Team& team, const Shared& shared, int stage,
                               Sums& sums) const {
    const int row = team.warp() % 2 * 32, chunk = team.warp() / 2 * 4;
    const int lane_row = team.lane() % 16, lane_chunk = team.lane() / 16;
    VOXLOOM_UNROLL
    for (int d = 0; d < kDepth; d += 16) {
      std::uint32_t a[2][4], b[2][4];
      VOXLOOM_UNROLL
      for (int m = 0; m < 2; ++m) {
        load_matrices<false>(
            team, &shared.x[stage][x_at(row + 16 * m + lane_row, d / 8 + lane_chunk)], a[m]);
      }
      VOXLOOM_UNROLL
      for (int n = 0; n < 2; ++n) {
        load_matrices<true>(team, &shared.w[stage][w_at(d + lane_row, chunk + 2 * n + lane_chunk)],
                            b[n]);
      }
      VOXLOOM_UNROLL
      for (int m = 0; m < 2; ++m) {
        VOXLOOM_UNROLL
        for (int n = 0; n < 4; ++n) {
          multiply_add<T>(team, a[m], b[n / 2][n % 2 * 2], b[n / 2][n % 2 * 2 + 1], sums.of[m][n]);
        }
      }
    }
  }

  VOXLOOM_DEVICE void store(std::int64_t rank, int channel, float sum) const {
    if (rank >= p.map.out_rows || channel >= p.weight.out) return;
    const std::int64_t at = p.map.out_row(rank) * p.weight.out + channel;
    if (p.bias != nullptr) sum += value_of(static_cast<const T*>(p.bias)[channel]);
    float other = 0.0F;
    if (p.epilogue.residual != nullptr) {
      other = p.y_dtype == DType::f32 ? static_cast<const float*>(p.epilogue.residual)[at]
                                      : value_of(static_cast<const T*>(p.epilogue.residual)[at]);
    }
    const float value = p.epilogue(sum, channel, other);
    if (p.y_dtype == DType::f32) {
      static_cast<float*>(p.y)[at] = value;
    } else {
      static_cast<T*>(p.y)[at] = rounded<T>(value);
    }
  }

  VOXLOOM_DEVICE void store_all(const Team& team, const Sums& sums) const {
    const std::int64_t row = first_row(team) + team.warp() % 2 * 32 + team.lane() / 4;
    const int column = first_column(team) + team.warp() / 2 * 32 + team.lane() % 4 * 2;
    VOXLOOM_UNROLL
    for (int m = 0; m < 2; ++m) {
      VOXLOOM_UNROLL
      for (int n = 0; n < 4; ++n) {
        VOXLOOM_UNROLL
        for (int i = 0; i < 4; ++i) {
          store(row + 16 * m + i / 2 * 8, column + 8 * n + i % 2, sums.of[m][n][i]);
        }
      }
    }
  }

  // Weights that are not finite: partner by partner, so that no zero meets them.
  VOXLOOM_DEVICE void by_partner(const Team& team) const {
    const auto* x = static_cast<const T*>(p.x);
    const auto* w = reinterpret_cast<const T*>(weights);
    for (int at = team.index(); at < kRows * kColumns; at += kThreads) {
      const std::int64_t rank = first_row(team) + at / kColumns;
      const int channel = first_column(team) + at % kColumns;
      if (rank >= p.map.out_rows || channel >= p.weight.out) continue;
      float sum = 0.0F;
      for (std::int64_t k = 0; k < p.map.volume; ++k) {
        const std::int32_t in_row = p.map.partner(rank, k);
        if (in_row < 0) continue;
        for (std::int64_t i = 0; i < p.weight.in; ++i) {
          sum = fused(value_of(x[in_row * p.weight.in + i]),
                      value_of(w[(k * p.weight.in + i) * p.weight.out + channel]), sum);
        }
      }
      store(rank, channel, sum);
    }
  }

  VOXLOOM_DEVICE void operator()(Team& team, Shared& shared) const {
    if (*not_finite != 0) {
      by_partner(team);
      return;
    }
    list_offsets(team, shared);
    const int slices = static_cast<int>((p.weight.in + kDepth - 1) / kDepth);
    const int steps = shared.offset_count * slices;
    Step next;
    std::int32_t rows[kRowCopies];
    find_rows(team, shared, 0, rows);
    const auto advance = [&](int stage) {
      start_copies(team, shared, stage, next, rows);
      if (++next.slice == slices) {
        next = {next.offset + 1, 0};
        find_rows(team, shared, next.offset, rows);
      }
    };
    for (int stage = 0; stage < kStages - 1; ++stage) advance(stage);
    Sums sums = {};
    for (int step = 0; step < steps; ++step) {
      wait_copies<kStages - 2>(team);
      team.barrier();
      advance((step + kStages - 1) % kStages);
      multiply(team, shared, step % kStages, sums);
    }
    store_all(team, sums);
  }
};

template <typename T, int kDepth, int kColumns>
void run(const ConvForward& problem, const PackedWeight& weight, Stream stream) {
  const std::int64_t row_tiles = (problem.map.out_rows + kRows - 1) / kRows;
  const std::int64_t column_tiles = (problem.weight.out + kColumns - 1) / kColumns;
  launch(
      stream, row_tiles * column_tiles,
      ForwardTiles<T, kDepth, kColumns>{problem, static_cast<const std::uint16_t*>(weight.data()),
                                        weight.not_finite(), column_tiles});
}

template <typename T>
void run(const ConvForward& problem, const PackedWeight& weight, Stream stream) {
  const bool is_deep = problem.weight.in % 64 == 0, is_wide = problem.weight.out > 64;
  if (is_deep && is_wide) return run<T, 64, 128>(problem, weight, stream);
  if (is_deep) return run<T, 64, 64>(problem, weight, stream);
  if (is_wide) return run<T, 32, 128>(problem, weight, stream);
  run<T, 32, 64>(problem, weight, stream);
}

}  // namespace

bool suits_matrix_units(const ConvForward& p) {
  return p.x_dtype != DType::f32 && p.weight.dtype == p.x_dtype && p.weight.groups == 1 &&
         p.weight.in >= 16 && p.weight.in % 16 == 0 && p.weight.out >= 8 && p.weight.out % 8 == 0 &&
         p.map.volume <= kMostOffsets && p.weight.in <= 4096 && p.weight.out <= 4096;
}

void matrix_forward(const ConvForward& problem, const PackedWeight& weight, Stream stream) {
  if (problem.x_dtype == DType::f16) {
    run<float16>(problem, weight, stream);
  } else {
    run<bfloat16>(problem, weight, stream);
  }
}

void matrix_forward(const ConvForward& problem, Stream stream) {
  matrix_forward(problem, PackedWeight(problem.weight, stream), stream);
}

}  // namespace voxloom::cuda
