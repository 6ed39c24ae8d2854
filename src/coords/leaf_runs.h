// The runs of rows that share a leaf in a LeafOrder, numbered in order and visited in parallel.
#pragma once

#include <cstdint>
#include <vector>

#include "coords/leaf_order.h"
#include "core/parallel.h"

namespace voxloom {

class LeafRuns {
 public:
  explicit LeafRuns(const LeafOrder& order)
      : order_(order), first_(static_cast<std::size_t>((order.size() + kGrain - 1) / kGrain) + 1) {
    parallel_for(order.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      std::size_t starts = 0;
      for (std::int64_t i = begin; i < end; ++i) starts += starts_run(i) ? 1 : 0;
      first_[static_cast<std::size_t>(begin / kGrain) + 1] = starts;
    });
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
  }

  [[nodiscard]] std::size_t size() const { return first_.back(); }

  // Calls body(run, begin, end) for the places [begin, end) of each run, runs in any order.
  template <typename Body>
  void for_each(const Body& body) const {
    parallel_for(order_.size(), kGrain, [&](std::int64_t begin, std::int64_t chunk_end) {
      std::size_t run = first_[static_cast<std::size_t>(begin / kGrain)];
      while (begin < chunk_end && !starts_run(begin)) ++begin;  // belongs to the chunk before
      while (begin < chunk_end) {
        std::int64_t end = begin + 1;
        while (end < order_.size() && !starts_run(end)) ++end;
        body(run++, begin, end);
        begin = end;
      }
    });
  }

 private:
  static constexpr std::int64_t kGrain = std::int64_t{1} << 14;

  [[nodiscard]] bool starts_run(std::int64_t place) const {
    return place == 0 || order_.leaf(place) != order_.leaf(place - 1);
  }

  const LeafOrder& order_;
  std::vector<std::size_t> first_;  // run that starts first in each chunk
};

}  // namespace voxloom
