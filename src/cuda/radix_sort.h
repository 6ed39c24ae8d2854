// A stable radix sort of rows by keys of 64 or 128 bits, eight bits a sweep: tiles count their digits, the
// counts become places, and the items move. Equal keys keep their order; nothing depends on timing.
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace voxloom::cuda {

struct WideKey {
  std::uint64_t high, low;
};

// Keys with the row that each belongs to, and room for as many again.
template <typename Key>
struct KeyedRows {
  KeyedRows(std::int64_t count, Stream stream)
      : keys(count, stream),
        rows(count, stream),
        spare_keys(count, stream),
        spare_rows(count, stream) {}

  Array<Key> keys;
  Array<std::int32_t> rows;
  Array<Key> spare_keys;
  Array<std::int32_t> spare_rows;
};

// By the low `bits` bits of the keys; the others are 0. Key is std::uint64_t or WideKey.
template <typename Key>
void radix_sort(KeyedRows<Key>& items, int bits, Stream stream);

}  // namespace voxloom::cuda
