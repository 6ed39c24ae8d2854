// A small counter-free generator with the same stream on every machine and standard library.
#pragma once

#include <cstdint>

namespace voxloom {

// splitmix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // The stream of `seed` after `draws` numbers: any place of it can be had at once.
  [[nodiscard]] static Random at(std::uint64_t seed, std::uint64_t draws) noexcept {
    return Random(seed + draws * 0x9e3779b97f4a7c15U);
  }
  [[nodiscard]] std::uint64_t state() const noexcept { return state_; }

  std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  // [0, 1) with 24 random bits: every value is a float32.
  float uniform() noexcept { return static_cast<float>(next() >> 40) * 0x1p-24F; }
  float uniform(float low, float high) noexcept { return low + (high - low) * uniform(); }

 private:
  std::uint64_t state_;
};

}  // namespace voxloom
