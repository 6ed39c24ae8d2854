#include "cpu/gather_rows.h"

#include <cstring>

#include "core/parallel.h"

namespace voxloom::cpu {

void gather_rows(const Tensor& table, std::span<const std::int32_t> rows, Tensor& y) {
  const std::size_t row_bytes = static_cast<std::size_t>(table.dim(1)) * size_of(table.dtype());
  if (row_bytes == 0) return;
  constexpr std::int64_t kGrain = 1024;
  parallel_for(static_cast<std::int64_t>(rows.size()), kGrain,
               [&](std::int64_t begin, std::int64_t end) {
                 for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end);
                      ++i) {
                   std::memcpy(y.mutable_raw() + i * row_bytes,
                               table.raw() + static_cast<std::size_t>(rows[i]) * row_bytes,
                               row_bytes);
                 }
               });
}

}  // namespace voxloom::cpu
