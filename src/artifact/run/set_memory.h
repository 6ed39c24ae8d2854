// The coordinate sets that a model saw last, by the place in the graph where they arise. A set that
// comes again is the same object again, so its supports and kernel maps are found and not rebuilt.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>

#include "voxloom/coordinate_set.h"
#include "voxloom/graph.h"

namespace voxloom::artifact {

class SetMemory {
 public:
  explicit SetMemory(std::size_t limit) : limit_(limit) {}

  // Safe from several threads; the rows are compared outside the lock.
  [[nodiscard]] CoordinateSet remembered(const Graph::Op& place, const CoordinateSet& set);
  [[nodiscard]] CoordinateSet remembered(const Graph::Op& place, const Tensor& rows,
                                         const CoordinateSetOptions& options);

 private:
  using Sets = std::deque<CoordinateSet>;  // the last one used stands in front

  [[nodiscard]] std::optional<CoordinateSet> find(const Graph::Op& place,
                                                  std::span<const Coordinate> rows);
  void keep(const Graph::Op& place, const CoordinateSet& set);

  std::size_t limit_;
  std::mutex mutex_;
  std::map<const Graph::Op*, Sets> sets_;
};

}  // namespace voxloom::artifact
