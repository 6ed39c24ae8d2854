#include "coords/map_blocks.h"

#include <algorithm>
#include <numeric>

namespace voxloom {

BlockedEntries identity_entries(std::int64_t rows) {
  BlockedEntries entries;
  entries.in_row.resize(static_cast<std::size_t>(rows));
  std::iota(entries.in_row.begin(), entries.in_row.end(), 0);
  entries.out_local.resize(entries.in_row.size());
  std::iota(entries.out_local.begin(), entries.out_local.end(), std::uint8_t{0});  // mod 256
  for (std::int64_t at = 0; at < rows; at += kBlockRows) entries.begin.push_back(at);
  entries.begin.push_back(rows);
  entries.single_partner = true;
  return entries;
}

}  // namespace voxloom
