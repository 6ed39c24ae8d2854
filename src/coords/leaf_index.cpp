#include "coords/leaf_index.h"

#include <algorithm>

#include "coords/order.h"
#include "core/checked.h"

namespace voxloom {
namespace {

bool leaf_less(const Leaf& a, const Leaf& b) {
  const LeafPosition& p = a.position;
  const LeafPosition& q = b.position;
  if (p.batch != q.batch) return p.batch < q.batch;
  return morton_less(p.x, p.y, p.z, q.x, q.y, q.z);
}

}  // namespace

std::uint64_t hash_of(const LeafPosition& p) {
  const auto word = [](std::int32_t hi, std::int32_t lo) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(hi)) << 32) |
           static_cast<std::uint32_t>(lo);
  };
  std::uint64_t h = word(p.x, p.y) * 0x9e3779b97f4a7c15U;
  h ^= h >> 32;
  h = (h ^ word(p.batch, p.z)) * 0xbf58476d1ce4e5b9U;
  return h ^ (h >> 29);
}

Coordinate coordinate_at(const LeafPosition& leaf, int bit) {
  const auto axis = [bit](std::int32_t position, int low) {
    const auto base = static_cast<std::uint32_t>(position) << kLeafShift;
    const auto local = static_cast<std::uint32_t>(((bit >> (low + 2)) & 2) | ((bit >> low) & 1));
    return static_cast<std::int32_t>(base | local);
  };
  return {leaf.batch, axis(leaf.x, 2), axis(leaf.y, 1), axis(leaf.z, 0)};
}

std::size_t LeafTable::slot_of(const LeafPosition& position) const {
  return static_cast<std::size_t>(hash_of(position)) & (slots_.size() - 1);
}

std::int32_t LeafTable::find(const LeafPosition& position, std::span<const Leaf> leaves) const {
  if (slots_.empty()) return -1;
  for (std::size_t slot = slot_of(position);; slot = (slot + 1) & (slots_.size() - 1)) {
    const std::int32_t number = slots_[slot];
    if (number < 0 || leaves[static_cast<std::size_t>(number)].position == position) return number;
  }
}

void LeafTable::rebuild(std::span<const Leaf> leaves, std::size_t count) {
  slots_.assign(std::bit_ceil(std::max<std::size_t>(16, 2 * count + 1)), -1);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    insert(leaves[i].position, static_cast<std::int32_t>(i));
  }
}

void LeafTable::insert(const LeafPosition& position, std::int32_t number) {
  std::size_t slot = slot_of(position);
  while (slots_[slot] >= 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = number;
}

LeafIndex::LeafIndex(std::vector<Leaf> leaves) : leaves_(std::move(leaves)) {
  std::sort(leaves_.begin(), leaves_.end(), leaf_less);
  number();
}

LeafIndex LeafIndex::from_sorted(std::vector<Leaf> leaves) {
  LeafIndex index;
  index.leaves_ = std::move(leaves);
  index.number();
  return index;
}

void LeafIndex::number() {
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    Leaf& leaf = leaves_[i];
    leaf.first = checked_row_count("coordinate_set", size_);
    size_ += count_bits(leaf.mask);
    const LeafPosition branch = branch_of(leaf.position);
    if (branches_.empty() || branches_.back().position != branch) {
      branches_.push_back({.position = branch, .first = static_cast<std::int32_t>(i)});
    }
    const LeafPosition& p = leaf.position;
    branches_.back().mask |= std::uint64_t{1} << leaf_bit(p.x, p.y, p.z);
  }
  require_row_count("coordinate_set", size_);
  table_.rebuild(branches_, branches_.size());
}

std::int32_t LeafIndex::rank(std::int64_t batch, std::int64_t x, std::int64_t y,
                             std::int64_t z) const {
  if (!fits_int32(batch) || !fits_int32(x) || !fits_int32(y) || !fits_int32(z)) return -1;
  const Coordinate c{static_cast<std::int32_t>(batch), static_cast<std::int32_t>(x),
                     static_cast<std::int32_t>(y), static_cast<std::int32_t>(z)};
  const std::int32_t leaf = find_leaf(leaf_of(c));
  return leaf < 0 ? -1 : leaves_[static_cast<std::size_t>(leaf)].rank_of(leaf_bit(c.x, c.y, c.z));
}

std::vector<Coordinate> LeafIndex::coordinates() const {
  std::vector<Coordinate> rows;
  rows.reserve(static_cast<std::size_t>(size_));
  for (const Leaf& leaf : leaves_) {
    for (std::uint64_t mask = leaf.mask; mask != 0; mask &= mask - 1) {
      rows.push_back(coordinate_at(leaf.position, std::countr_zero(mask)));
    }
  }
  return rows;
}

Leaf& LeafCollector::leaf_at(const LeafPosition& position) {
  if (last_ < leaves_.size() && leaves_[last_].position == position) return leaves_[last_];
  std::int32_t number = table_.find(position, leaves_);
  if (number < 0) {
    number = checked_row_count("coordinate_set", static_cast<std::int64_t>(leaves_.size()));
    leaves_.push_back({.position = position});
    if (table_.is_full(leaves_.size())) {
      table_.rebuild(leaves_, 2 * leaves_.size());
    } else {
      table_.insert(position, number);
    }
  }
  last_ = static_cast<std::size_t>(number);
  return leaves_[last_];
}

LeafCollector::Place LeafCollector::add(const Coordinate& c) {
  const int bit = leaf_bit(c.x, c.y, c.z);
  const std::uint64_t mask = std::uint64_t{1} << bit;
  Leaf& leaf = leaf_at(leaf_of(c));
  const bool is_new = (leaf.mask & mask) == 0;
  leaf.mask |= mask;
  return {static_cast<std::int32_t>(last_), bit, is_new};
}

void LeafCollector::add(const LeafPosition& position, std::uint64_t mask) {
  if (mask != 0) leaf_at(position).mask |= mask;
}

}  // namespace voxloom
