#include "cuda/coordinate_key.h"

#include <bit>

#include "cuda/radix_sort.h"

namespace voxloom::cuda {
namespace {

constexpr std::uint32_t kSign = 0x80000000U;

// What some row has: set bits and clear bits below the sign, by axis and sign, and batch bits.
constexpr int kBatchWord = 12;
constexpr int kWords = 13;
VOXLOOM_ON_BOTH int word_of(int axis, bool positive, bool clear) {
  return 4 * axis + 2 * (positive ? 1 : 0) + (clear ? 1 : 0);
}

struct SummarizeRows {
  static constexpr int kThreads = 256;
  struct Shared {
    std::uint32_t words[kWords];
  };
  const Site* rows;
  std::int64_t count;
  std::uint32_t* words;

  VOXLOOM_DEVICE void operator()(Team& team, Shared& shared) const {
    if (team.index() < kWords) shared.words[team.index()] = 0;
    team.barrier();
    std::uint32_t seen[kWords] = {};
    for (std::int64_t i = team.global(); i < count; i += team.all()) {
      const Site row = rows[i];
      const std::int32_t axes[3] = {row.x, row.y, row.z};
      VOXLOOM_UNROLL
      for (int a = 0; a < 3; ++a) {
        const std::uint32_t biased = static_cast<std::uint32_t>(axes[a]) ^ kSign;
        const std::uint32_t low = biased & ~kSign;
        const std::uint32_t if_positive = (biased & kSign) != 0 ? ~0U : 0U;
        seen[word_of(a, true, false)] |= low & if_positive;
        seen[word_of(a, true, true)] |= (low ^ ~kSign) & if_positive;
        seen[word_of(a, false, false)] |= low & ~if_positive;
        seen[word_of(a, false, true)] |= (low ^ ~kSign) & ~if_positive;
      }
      seen[kBatchWord] |= static_cast<std::uint32_t>(row.batch);
    }
    VOXLOOM_UNROLL
    for (int w = 0; w < kWords; ++w) {
      const std::uint32_t all = team.reduce_or(seen[w]);
      if (team.lane() == 0 && all != 0) atomic_or(&shared.words[w], all);
    }
    team.barrier();
    if (team.index() < kWords) atomic_or(&words[team.index()], shared.words[team.index()]);
  }
};

VOXLOOM_DEVICE void append(std::uint64_t& key, std::uint64_t value, int bits) {
  key = (key << bits) | value;
}
VOXLOOM_DEVICE void append(WideKey& key, std::uint64_t value, int bits) {
  if (bits == 0) return;
  key.high = (key.high << bits) | (key.low >> (64 - bits));
  key.low = (key.low << bits) | value;
}

template <typename Key>
struct EncodeKeys {
  static constexpr int kThreads = 256;
  const Site* rows;
  std::int64_t count;
  KeyLayout layout;
  Key* keys;
  std::int32_t* row_numbers;

  VOXLOOM_DEVICE Key encode(const Site& row) const {
    const std::uint32_t axes[3] = {static_cast<std::uint32_t>(row.x) ^ kSign,
                                   static_cast<std::uint32_t>(row.y) ^ kSign,
                                   static_cast<std::uint32_t>(row.z) ^ kSign};
    Key key{};
    append(key, static_cast<std::uint32_t>(row.batch), layout.batch_bits);
    for (int a = 0; a < 3; ++a) {
      if (layout.has_sign[a]) append(key, axes[a] >> 31, 1);
    }
    for (int bit = 30; bit >= 0; --bit) {
      VOXLOOM_UNROLL
      for (int a = 0; a < 3; ++a) {
        if (bit < layout.low_bits[a]) append(key, (axes[a] >> bit) & 1U, 1);
      }
    }
    return key;
  }

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < count; i += thread.all()) {
      keys[i] = encode(rows[i]);
      row_numbers[i] = static_cast<std::int32_t>(i);
    }
  }
};

}  // namespace

RowSummary summarize(const Site* rows, std::int64_t count, Stream stream) {
  Array<std::uint32_t> on_device(kWords, stream);
  on_device.fill_bytes(0);
  constexpr std::int64_t kMost = 256;
  const std::int64_t blocks = (count + SummarizeRows::kThreads - 1) / SummarizeRows::kThreads;
  launch(stream, blocks < kMost ? blocks : kMost, SummarizeRows{rows, count, on_device.data()});
  std::uint32_t words[kWords];
  on_device.download(words);

  RowSummary summary;
  KeyLayout& layout = summary.layout;
  summary.has_negative_batch = (words[kBatchWord] & kSign) != 0;
  layout.batch_bits = static_cast<int>(std::bit_width(words[kBatchWord]));
  layout.total = layout.batch_bits;
  for (int a = 0; a < 3; ++a) {
    std::uint32_t differ = 0;  // rows of one sign differ in these bits
    bool has[2] = {};
    for (int sign = 0; sign < 2; ++sign) {
      const std::uint32_t set = words[word_of(a, sign == 1, false)];
      const std::uint32_t clear = words[word_of(a, sign == 1, true)];
      has[sign] = (set | clear) != 0;
      differ |= set & clear;
    }
    const int bits = static_cast<int>(std::bit_width(differ));
    layout.low_bits[a] = bits < 2 ? 2 : bits;
    layout.has_sign[a] = has[0] && has[1];
    layout.total += layout.low_bits[a] + (layout.has_sign[a] ? 1 : 0);
  }
  return summary;
}

template <typename Key>
void encode_keys(const Site* rows, std::int64_t count, const KeyLayout& layout, Key* keys,
                 std::int32_t* row_numbers, Stream stream) {
  launch_items(stream, count, EncodeKeys<Key>{rows, count, layout, keys, row_numbers});
}

template void encode_keys(const Site*, std::int64_t, const KeyLayout&, std::uint64_t*,
                          std::int32_t*, Stream);
template void encode_keys(const Site*, std::int64_t, const KeyLayout&, WideKey*, std::int32_t*,
                          Stream);

}  // namespace voxloom::cuda
