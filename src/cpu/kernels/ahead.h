// Asking for rows that will be needed, some with each tile. A core has about 16 requests of its own in
// flight and waits when there are more: at 100 ns each that is 6 ns a line, as long as the arithmetic of
// its elements takes. Requests in bursts therefore cost their full time, evenly spread ones hardly any.
#pragma once

#include "cpu/kernels/args.h"

namespace voxloom::cpu::kernels {
namespace {

inline void ask_for(RowsAhead& rows) {
  constexpr std::int64_t kLine = 64;
  const std::int64_t end = rows.next + rows.a_tile < rows.end ? rows.next + rows.a_tile : rows.end;
  for (std::int64_t n = rows.next; n < end; ++n) {
    const char* at = rows.base + (rows.row == nullptr ? n : rows.row[n]) * rows.stride;
    // To the second-level cache: a later call reads them.
    for (std::int64_t i = 0; i < rows.bytes; i += kLine) __builtin_prefetch(at + i, 0, 2);
  }
  rows.next = end;
}

inline void ask_for(Ahead* ahead) {
  if (ahead == nullptr) return;
  ask_for(ahead->inputs);
  ask_for(ahead->outputs);
}

}  // namespace
}  // namespace voxloom::cpu::kernels
