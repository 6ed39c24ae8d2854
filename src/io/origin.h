// What positions are relative to, so that float32 holds them: the whole part of a scan's middle, on the
// axes where that is far from 0.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "voxloom/scan.h"

namespace voxloom::io {

// Up to here float32 keeps a quarter of a millimetre.
inline constexpr double kNearby = 4096;

// 0 for what is near (or not finite), else the whole part.
[[nodiscard]] double origin_near(double coordinate);

// What a float64 sum of a few numbers of this size may be off by.
[[nodiscard]] double rounding_of(double size);

// Looks at an even choice of a source's points; the same whether they come in pieces or at once.
class OriginSearch {
 public:
  explicit OriginSearch(std::int64_t points);

  // The next points, by their coordinates.
  void add(std::int64_t points,
           const std::function<double(std::size_t axis, std::int64_t point)>& coordinate);
  void skip(std::int64_t points) { seen_ += points; }  // over points that are not looked at
  // Every so many points one is looked at, the first among them.
  [[nodiscard]] std::int64_t stride() const { return stride_; }
  // By the median of each axis. A lattice's own offset is preferred where it is near that.
  [[nodiscard]] std::array<double, 3> origin(const Quantization* lattice) const;
  // The whole part of all medians of the points moved by `by`, or nothing where all of them are near 0.
  [[nodiscard]] std::optional<std::array<double, 3>> middle(const std::array<double, 3>& by = {
                                                                0, 0, 0}) const;

 private:
  std::int64_t stride_;
  std::int64_t seen_ = 0;
  std::array<std::vector<double>, 3> samples_;
};

}  // namespace voxloom::io
