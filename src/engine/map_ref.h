// The map of a problem: a kernel map, or each row with itself.
#pragma once

#include <cstdint>
#include <memory>

#include "voxloom/kernel_map.h"

namespace voxloom::engine {

class MapRef {
 public:
  MapRef() = default;
  // The map must outlive the problem.
  MapRef(const KernelMap& map) : map_(&map) {}  // NOLINT: implicit on purpose
  // Each of `rows` rows meets itself under the one offset: a plain matrix product as a map.
  [[nodiscard]] static MapRef identity(std::int64_t rows) {
    MapRef ref;
    ref.rows_ = rows;
    return ref;
  }

  [[nodiscard]] bool is_identity() const { return map_ == nullptr; }
  [[nodiscard]] const KernelMap& map() const { return *map_; }  // not of an identity
  [[nodiscard]] std::int64_t out_rows() const {
    return is_identity() ? rows_ : map_->target().size();
  }
  [[nodiscard]] std::int64_t volume() const { return is_identity() ? 1 : map_->volume(); }
  // Pairs of rows.
  [[nodiscard]] std::int64_t entries() const { return is_identity() ? rows_ : map_->size(); }

  // What a backend made of an identity: once, however many algorithms look at the problem. Kernel maps
  // keep theirs themselves.
  [[nodiscard]] std::shared_ptr<const void>& encoding() const { return encoding_; }

 private:
  const KernelMap* map_ = nullptr;
  std::int64_t rows_ = 0;
  mutable std::shared_ptr<const void> encoding_;
};

}  // namespace voxloom::engine
