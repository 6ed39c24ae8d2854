// What a CoordinateSet shares: rows, index, and what was derived from it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "coords/derived_cache.h"
#include "coords/encoding_cache.h"
#include "coords/row_index.h"
#include "voxloom/coordinate_set.h"

namespace voxloom {

class CoordinateSet::Impl {
 public:
  struct Content {
    std::span<const Coordinate> rows;
    std::shared_ptr<const void> owner;  // of the rows
    Triple stride = 1;
    std::int64_t batch_size = 0;
  };
  [[nodiscard]] static Content content_of(std::vector<Coordinate> rows, Triple stride,
                                          std::int64_t batch_size);

  // Rows in any order; the index is built when first asked for.
  explicit Impl(Content content);
  // The coordinates of `index`, in canonical order.
  Impl(LeafIndex index, Triple stride, std::int64_t batch_size);
  // Rows whose index is known.
  Impl(Content content, RowIndex index);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] static const std::shared_ptr<const Impl>& of(const CoordinateSet& set) {
    return set.impl_;
  }

  [[nodiscard]] std::span<const Coordinate> rows() const { return content_.rows; }
  [[nodiscard]] Triple stride() const { return content_.stride; }
  [[nodiscard]] std::int64_t batch_size() const { return content_.batch_size; }
  [[nodiscard]] std::uint64_t id() const { return id_; }  // never used again

  [[nodiscard]] const LeafIndex& index() const;
  // Rank in canonical order -> row; empty when they are the same.
  [[nodiscard]] std::span<const std::int32_t> row_of_rank() const;
  [[nodiscard]] std::int32_t row_at(std::int32_t rank) const {
    const std::span<const std::int32_t> order = row_of_rank();
    return order.empty() || rank < 0 ? rank : order[static_cast<std::size_t>(rank)];
  }

  // Builds the index now; throws std::invalid_argument naming the first pair of equal rows.
  void index_and_require_unique() const;

  // What backends made of this set, kept with it.
  [[nodiscard]] EncodingCache& encodings() const { return encodings_; }

  [[nodiscard]] DerivedCache& cache() const { return *cache_; }
  [[nodiscard]] std::shared_ptr<DerivedCache> shared_cache() const { return cache_; }
  // Another set's cache holds maps of this one: it will be told when this one dies.
  void add_referrer(const std::shared_ptr<DerivedCache>& cache) const;

 private:
  Content content_;
  std::uint64_t id_;
  mutable std::once_flag index_once_;
  mutable RowIndex index_;
  mutable EncodingCache encodings_;
  std::shared_ptr<DerivedCache> cache_;
  mutable std::mutex referrers_mutex_;
  mutable std::vector<std::weak_ptr<DerivedCache>> referrers_;
};

// The rows of a host tensor, where they stand; it must be (N,4) int32, and is called `what`.
[[nodiscard]] std::span<const Coordinate> coordinates_in(std::string_view op, const Tensor& rows,
                                                         std::string_view what = "coordinates");

// A set from an index: rows in canonical order.
[[nodiscard]] CoordinateSet set_from_index(LeafIndex index, Triple stride, std::int64_t batch_size);

// The rows of a set in canonical order, in another one: row i is the set's row order[i], each of them once.
[[nodiscard]] CoordinateSet set_in_order(const CoordinateSet& set,
                                         std::span<const std::int32_t> order);

}  // namespace voxloom
