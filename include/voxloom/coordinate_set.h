// CoordinateSet: the immutable, shared set of lattice sites that a sparse tensor lives on.
//
// A row is (batch, x, y, z): batch >= 0, the others any int32. Rows are unique, look-up is exact:
// coordinates are compared, never hashes or packed keys, and index arithmetic is 64-bit.
// A set carries its lattice stride (physical position = lattice coordinate * stride) and its batch
// count; both are metadata and never touch the rows.
//
// Identity: copies of a CoordinateSet are the same object. Supports derived from a set (the same
// strided support, say) and kernel maps are remembered with it, found again by what they depend on,
// and die with it. All member functions may be called from several threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "voxloom/export.h"
#include "voxloom/tensor.h"
#include "voxloom/triple.h"

namespace VOXLOOM_API voxloom {

struct Coordinate {
  std::int32_t batch = 0, x = 0, y = 0, z = 0;
  friend constexpr bool operator==(const Coordinate&, const Coordinate&) = default;
};

[[nodiscard]] std::string to_string(const Coordinate& coordinate);  // "(0,1,-2,3)"

// Canonical order: ascending batch, then ascending Z-order of (x,y,z), each axis biased by 2^31,
// bit by bit from the most significant, x before y before z within a bit.
[[nodiscard]] bool canonical_less(const Coordinate& a, const Coordinate& b);

struct CoordinateSetOptions {
  Triple stride = 1;
  std::optional<std::int64_t> batch_size = {};  // default: the largest batch + 1, or 0
  bool trusted = false;                         // skips the checks; duplicates then hide each other
};

class CoordinateSet {
 public:
  // std::invalid_argument: a negative batch, a batch beyond batch_size, a stride below 1, or
  // duplicates (the message names the first pair of rows).
  [[nodiscard]] static CoordinateSet from_rows(std::span<const Coordinate> rows,
                                               const CoordinateSetOptions& options = {});
  // `rows`: (N,4) int32.
  [[nodiscard]] static CoordinateSet from_tensor(const Tensor& rows,
                                                 const CoordinateSetOptions& options = {});
  // The same without a copy: the set stands on the tensor's elements and keeps their owner. They must
  // not change while the set, a copy of it, or a map made from it lives, which nothing checks. Rows on
  // another device are copied to the CPU.
  [[nodiscard]] static CoordinateSet borrow(const Tensor& rows,
                                            const CoordinateSetOptions& options = {});

  CoordinateSet();  // no rows, stride 1, no batches

  [[nodiscard]] std::int64_t size() const;
  [[nodiscard]] std::int64_t batch_size() const;
  [[nodiscard]] Triple stride() const;
  [[nodiscard]] std::span<const Coordinate> rows() const;
  [[nodiscard]] const Coordinate& operator[](std::int64_t row) const {
    return rows()[static_cast<std::size_t>(row)];
  }
  [[nodiscard]] Tensor to_tensor() const;  // (N,4) int32, a copy

  // The row of a coordinate, or -1. 64-bit arguments: a probe beyond int32 is a miss.
  [[nodiscard]] std::int64_t find(std::int64_t batch, std::int64_t x, std::int64_t y,
                                  std::int64_t z) const;
  [[nodiscard]] std::int64_t find(const Coordinate& c) const {
    return find(c.batch, c.x, c.y, c.z);
  }

  [[nodiscard]] bool is_canonical() const;  // rows stand in canonical order

  // Same object, not same content.
  friend bool operator==(const CoordinateSet& a, const CoordinateSet& b) {
    return a.impl_ == b.impl_;
  }

  class Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }
  explicit CoordinateSet(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  [[nodiscard]] static CoordinateSet on_rows(std::span<const Coordinate> rows,
                                             std::shared_ptr<const void> owner,
                                             const CoordinateSetOptions& options);

  std::shared_ptr<const Impl> impl_;
  friend class Impl;
};

}  // namespace voxloom
