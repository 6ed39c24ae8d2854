// The share of a call among several that divide scans among themselves without MPI.
#pragma once

#include <cstddef>
#include <string>

namespace voxloom::cli {

struct Part {
  std::size_t index = 0, count = 1;

  [[nodiscard]] bool has(std::size_t scan) const { return scan % count == index; }
};

// "2/4", counted from 1, or `auto`: what an array or a step of Slurm, or a launcher of MPI, says in the
// environment. BadUsage for what is none.
[[nodiscard]] Part part_of(const std::string& text);

}  // namespace voxloom::cli
