// Neighbour search: checks, the choice of the integer type, and distances from squared integers.

#include "voxloom/neighbors.h"

#include <cmath>
#include <limits>

#include "coords/neighbor_tree.h"
#include "core/checked.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::int64_t kQueriesPerChunk = 256;

void require_same_units(std::string_view op, const CoordinateSet& query,
                        const CoordinateSet& points) {
  require(query.stride() == points.stride(), op,
          "distances are in lattice units, which differ: query stride {}, points stride {}",
          query.stride(), points.stride());
}

template <typename Distance>
double reported(Distance squared, const NeighborOptions& options) {
  const auto value = static_cast<double>(squared);
  return options.squared ? value : std::sqrt(value);
}

// The largest squared distance whose square root, as reported, is within the radius. A radius of
// sqrt(3.0) thus finds the corner of a unit cube although its exact square is below 3.
template <typename Distance>
Distance squared_limit(double radius) {
  constexpr Wide kLargest = Wide{3} * 0xffffffffU * 0xffffffffU;
  constexpr Wide kTypeLargest = std::numeric_limits<std::uint64_t>::max();
  Wide within = 0;
  Wide beyond = kLargest + 1;
  if (std::sqrt(static_cast<double>(kLargest)) <= radius) within = kLargest;
  while (beyond - within > 1) {
    const Wide middle = within + (beyond - within) / 2;
    (std::sqrt(static_cast<double>(middle)) <= radius ? within : beyond) = middle;
  }
  return sizeof(Distance) == 8 && within > kTypeLargest ? static_cast<Distance>(kTypeLargest)
                                                        : static_cast<Distance>(within);
}

template <typename Distance>
void fill_k_nearest(const NeighborTree& tree, std::span<const Coordinate> query,
                    const NeighborOptions& options, KNearest& result) {
  const auto k = static_cast<std::size_t>(result.k);
  parallel_for(static_cast<std::int64_t>(query.size()), kQueriesPerChunk,
               [&](std::int64_t begin, std::int64_t end) {
                 std::vector<Neighbor<Distance>> nearest;
                 for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end);
                      ++i) {
                   tree.k_nearest(query[i], k, nearest);
                   for (std::size_t j = 0; j < nearest.size(); ++j) {
                     result.rows[i * k + j] = nearest[j].row;
                     result.distances[i * k + j] = reported(nearest[j].squared, options);
                   }
                 }
               });
}

// What one chunk of queries found, and how many each of its queries did.
struct FoundPart {
  std::vector<std::int32_t> rows;
  std::vector<double> distances;
};

template <typename Distance>
void fill_part(const NeighborTree& tree, std::span<const Coordinate> query, Distance limit,
               const NeighborOptions& options, FoundPart& part, std::int64_t* counts) {
  std::vector<Neighbor<Distance>> found;
  for (std::size_t i = 0; i < query.size(); ++i) {
    tree.within(query[i], limit, found);
    counts[i] = static_cast<std::int64_t>(found.size());
    for (const Neighbor<Distance>& neighbor : found) {
      part.rows.push_back(neighbor.row);
      part.distances.push_back(reported(neighbor.squared, options));
    }
  }
}

template <typename Distance>
RadiusNeighbors find_within(const NeighborTree& tree, std::span<const Coordinate> query,
                            double radius, const NeighborOptions& options) {
  const auto count = static_cast<std::int64_t>(query.size());
  const auto limit = squared_limit<Distance>(radius);
  RadiusNeighbors result;
  result.begin.assign(query.size() + 1, 0);
  std::vector<FoundPart> parts((query.size() + kQueriesPerChunk - 1) / kQueriesPerChunk);
  parallel_for(count, kQueriesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    fill_part<Distance>(
        tree, query.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)),
        limit, options, parts[static_cast<std::size_t>(begin / kQueriesPerChunk)],
        result.begin.data() + begin + 1);
  });
  for (std::size_t i = 1; i < result.begin.size(); ++i) result.begin[i] += result.begin[i - 1];
  result.rows.reserve(static_cast<std::size_t>(result.begin.back()));
  result.distances.reserve(static_cast<std::size_t>(result.begin.back()));
  for (const FoundPart& part : parts) {
    result.rows.insert(result.rows.end(), part.rows.begin(), part.rows.end());
    result.distances.insert(result.distances.end(), part.distances.begin(), part.distances.end());
  }
  return result;
}

}  // namespace

KNearest k_nearest(const CoordinateSet& query, const CoordinateSet& points, std::int64_t k,
                   const NeighborOptions& options) {
  constexpr std::string_view kOp = "k_nearest";
  require(k >= 1, kOp, "k must be at least 1, got {}", k);
  require_same_units(kOp, query, points);
  KNearest result;
  result.k = k;
  const std::int64_t cells = checked_mul(kOp, query.size(), k);
  resize_or_throw(kOp, result.rows, cells, -1);
  resize_or_throw(kOp, result.distances, cells, std::numeric_limits<double>::infinity());
  const NeighborTree tree(points);
  if (tree.fits_64_bits(query.rows())) {
    fill_k_nearest<std::uint64_t>(tree, query.rows(), options, result);
  } else {
    fill_k_nearest<Wide>(tree, query.rows(), options, result);
  }
  return result;
}

RadiusNeighbors radius_neighbors(const CoordinateSet& query, const CoordinateSet& points,
                                 double radius, const NeighborOptions& options) {
  constexpr std::string_view kOp = "radius_neighbors";
  require(radius >= 0, kOp, "radius must not be negative or NaN, got {}", radius);
  require_same_units(kOp, query, points);
  const NeighborTree tree(points);
  return tree.fits_64_bits(query.rows())
             ? find_within<std::uint64_t>(tree, query.rows(), radius, options)
             : find_within<Wide>(tree, query.rows(), radius, options);
}

}  // namespace voxloom
