// One number of all bits of a scan, for scans that must be the same on every machine.
#pragma once

#include <array>
#include <cstring>

#include "core/random.h"
#include "voxloom/dataset.h"

namespace voxloom::test {

inline std::uint64_t checksum(const LabelledScan& scan) {
  std::uint64_t sum = 0;
  const auto add = [&sum](const float* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, values + i, sizeof bits);
      sum = Random(sum ^ bits).next();
    }
  };
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    add(scan.positions[i].data(), 3);
    add(&scan.intensity[i], 1);
    sum = Random(sum ^ static_cast<std::uint64_t>(scan.labels[i])).next();
    if (!scan.colours.empty()) add(scan.colours[i].data(), 3);
    for (const PointColumn& column : scan.columns) add(&column.values[i], 1);
  }
  return sum;
}

}  // namespace voxloom::test
