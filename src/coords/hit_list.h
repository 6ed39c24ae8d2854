// The hits of some leaves, kept from the sweep that counts them to the sweep that writes them as entries:
// finding them takes as long as writing them.
//
//   one leaf's part after the other:   [which offsets have hits, 64 a word]  [their hits]
#pragma once

#include <bit>
#include <cstdint>

#include "coords/leaf_hits.h"
#include "core/uninitialized.h"

namespace voxloom {

class HitList {
 public:
  // Adds the lane's hits at the places of `mask`, and their numbers to counts[k].
  void add(const LeafHits& hits, std::size_t lane, std::uint64_t mask, std::int64_t* counts);

  // Reads the parts again, in the order in which they were added.
  class Reader {
   public:
    Reader(const HitList& list, std::size_t volume)
        : at_(list.words_.data()), words_((volume + 63) / 64) {}
    // Calls body(k, hits) for the offsets with hits of the next part, ascending.
    template <typename Body>
    void next(const Body& body) {
      const std::uint64_t* present = at_;
      at_ += words_;
      for (std::size_t word = 0; word < words_; ++word) {
        for (std::uint64_t rest = present[word]; rest != 0; rest &= rest - 1) {
          body(64 * word + static_cast<std::size_t>(std::countr_zero(rest)), *at_++);
        }
      }
    }

   private:
    const std::uint64_t* at_;
    std::size_t words_;
  };

 private:
  UninitializedVector<std::uint64_t> words_;
  std::size_t used_ = 0;
};

}  // namespace voxloom
