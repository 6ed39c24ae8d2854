#include "cpu/segments.h"

#include <algorithm>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/backend.h"
#include "cpu/maximum.h"

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kChunkRows = 4096;
constexpr std::int64_t kSegmentsPerTask = 64;

using Rows = std::span<const std::int32_t>;

std::int64_t length(Rows rows) { return static_cast<std::int64_t>(rows.size()); }

// Calls body(segment, scratch) for each segment; the scratch is reused within a task.
template <typename Scratch, typename Body>
void for_each_segment(const Segments& segments, const Body& body) {
  parallel_for(segments.count(), kSegmentsPerTask, [&](std::int64_t begin, std::int64_t end) {
    Scratch scratch;
    for (std::int64_t s = begin; s < end; ++s) body(s, scratch);
  });
}

// Fills `result` by add(rows, partial result) over chunks and folds the chunks in order.
// Scratch is a vector of one partial result.
template <typename Scratch, typename Add, typename Fold>
void reduce_rows(Rows rows, Scratch& result, const Add& add, const Fold& fold) {
  if (length(rows) <= kChunkRows) return add(rows, result);
  const auto chunks = static_cast<std::size_t>((length(rows) - 1) / kChunkRows + 1);
  std::vector<Scratch> parts(chunks, result);
  parallel_for(length(rows), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    add(rows.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)),
        parts[static_cast<std::size_t>(begin / kChunkRows)]);
  });
  for (const Scratch& part : parts) fold(part, result);
}

template <typename T>
void sum_rows(const Tensor& x, Rows rows, std::vector<double>& sums) {
  const std::int64_t channels = x.dim(1);
  sums.assign(static_cast<std::size_t>(channels), 0.0);
  const auto add = [&](Rows chunk, std::vector<double>& part) {
    for (const std::int32_t row : chunk) {
      const T* values = x.data<T>() + row * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        part[static_cast<std::size_t>(c)] += static_cast<double>(static_cast<float>(values[c]));
      }
    }
  };
  reduce_rows(rows, sums, add, [](const std::vector<double>& part, std::vector<double>& total) {
    for (std::size_t c = 0; c < total.size(); ++c) total[c] += part[c];
  });
}

void sum_or_mean(const Segments& segments, const Tensor& x, bool mean, Tensor& y) {
  const std::int64_t channels = x.dim(1);
  visit_feature_dtype("segment_reduce", x.dtype(), [&]<typename T>() {
    T* out = y.mutable_data<T>();
    for_each_segment<std::vector<double>>(segments, [&](std::int64_t s, std::vector<double>& sums) {
      sum_rows<T>(x, segments[s], sums);
      const bool divide = mean && !segments[s].empty();
      const double divisor = divide ? static_cast<double>(segments[s].size()) : 1.0;
      for (std::int64_t c = 0; c < channels; ++c) {
        out[s * channels + c] = T(static_cast<float>(sums[static_cast<std::size_t>(c)] / divisor));
      }
    });
  });
}

// Rows come in ascending order, so the first of equals is the lowest. `winners` starts at -1.
template <typename T>
void win_rows(const Tensor& x, Rows rows, std::vector<std::int32_t>& winners) {
  const std::int64_t channels = x.dim(1);
  const T* data = x.data<T>();
  winners.assign(static_cast<std::size_t>(channels), -1);
  const auto challenge = [&](std::int32_t row, std::int64_t c, std::int32_t& held) {
    if (held < 0 || beats(static_cast<float>(data[row * channels + c]),
                          static_cast<float>(data[held * channels + c]))) {
      held = row;
    }
  };
  const auto add = [&](Rows chunk, std::vector<std::int32_t>& part) {
    for (const std::int32_t row : chunk) {
      for (std::int64_t c = 0; c < channels; ++c) {
        challenge(row, c, part[static_cast<std::size_t>(c)]);
      }
    }
  };
  reduce_rows(rows, winners, add,
              [&](const std::vector<std::int32_t>& part, std::vector<std::int32_t>& total) {
                for (std::int64_t c = 0; c < channels; ++c) {
                  const auto at = static_cast<std::size_t>(c);
                  challenge(part[at], c, total[at]);
                }
              });
}

Tensor winners_of(const Segments& segments, const Tensor& x) {
  Tensor winners = Tensor::empty({segments.count(), x.dim(1)}, DType::i32);
  segment_max_winners({.segments = &segments, .x = &x, .winners = &winners});
  return winners;
}

void maximum(const Segments& segments, const Tensor& x, Tensor& y) {
  const Tensor winners = winners_of(segments, x);
  const std::int64_t channels = x.dim(1);
  visit_feature_dtype("segment_reduce", x.dtype(), [&]<typename T>() {
    const auto* table = winners.data<std::int32_t>();
    T* out = y.mutable_data<T>();
    parallel_for(winners.size(), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        out[i] = table[i] < 0 ? T(0.0F) : x.data<T>()[table[i] * channels + i % channels];
      }
    });
  });
}

void first(const Segments& segments, const Tensor& x, Tensor& y) {
  const std::int64_t channels = x.dim(1);
  visit_feature_dtype("segment_reduce", x.dtype(), [&]<typename T>() {
    parallel_for(segments.count(), kSegmentsPerTask, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = begin; s < end; ++s) {
        T* out = y.mutable_data<T>() + s * channels;
        if (segments[s].empty()) {
          std::fill_n(out, channels, T(0.0F));
        } else {
          std::copy_n(x.data<T>() + segments[s].front() * channels, channels, out);
        }
      }
    });
  });
}

void count(const Segments& segments, Tensor& y) {
  visit_feature_dtype("segment_reduce", y.dtype(), [&]<typename T>() {
    T* out = y.mutable_data<T>();
    for (std::int64_t s = 0; s < segments.count(); ++s) {
      out[s] = T(static_cast<float>(segments[s].size()));
    }
  });
}

}  // namespace

void segment_reduce(const engine::SegmentReduce& problem) {
  const Segments& segments = *problem.segments;
  switch (problem.reduction) {
    case Reduction::sum: return sum_or_mean(segments, *problem.x, false, *problem.y);
    case Reduction::mean: return sum_or_mean(segments, *problem.x, true, *problem.y);
    case Reduction::max: return maximum(segments, *problem.x, *problem.y);
    case Reduction::first: return first(segments, *problem.x, *problem.y);
    case Reduction::count: return count(segments, *problem.y);
  }
}

void segment_max_winners(const engine::SegmentMaxWinners& problem) {
  const Tensor& x = *problem.x;
  const std::int64_t channels = x.dim(1);
  auto* table = problem.winners->mutable_data<std::int32_t>();
  visit_feature_dtype("segment_reduce", x.dtype(), [&]<typename T>() {
    using Winners = std::vector<std::int32_t>;
    for_each_segment<Winners>(*problem.segments, [&](std::int64_t s, Winners& held) {
      win_rows<T>(x, (*problem.segments)[s], held);
      std::ranges::copy(held, table + s * channels);
    });
  });
}

void CpuBackend::offer_segments() {
  offer_only<segment_reduce>();
  offer_only<segment_max_winners>();
}

}  // namespace voxloom::cpu
