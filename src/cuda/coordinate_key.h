// Sort keys in canonical order, with everything that no two rows differ in left out.
//
// Canonical order compares batches, then the bits of the three biased axes from the most significant
// down. A bit below the sign may be left out of all keys when, on its axis, it follows from the sign: two
// rows that differ there differ in the sign already, which decides first. So a key is
//
//   batch bits | signs of the axes that have both | the low bits, interleaved, x before y before z
//
// exact for any int32, and short for real scans: 30 to 45 bits. The last six are the place in the leaf.
#pragma once

#include <cstdint>

#include "cuda/site.h"

namespace voxloom::cuda {

struct KeyLayout {
  int batch_bits = 0;
  bool has_sign[3] = {};
  int low_bits[3] = {2, 2, 2};  // at least the leaf's
  int total = 6;
};

// Finds the layout for `count` rows on the device; the host waits for it. Sets `has_negative_batch`.
struct RowSummary {
  KeyLayout layout;
  bool has_negative_batch = false;
};
[[nodiscard]] RowSummary summarize(const Site* rows, std::int64_t count, Stream stream);

// Key is std::uint64_t or WideKey (radix_sort.h); the layout's total fits it.
template <typename Key>
void encode_keys(const Site* rows, std::int64_t count, const KeyLayout& layout, Key* keys,
                 std::int32_t* row_numbers, Stream stream);

}  // namespace voxloom::cuda
