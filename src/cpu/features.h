// What this processor and its operating system offer, bit by bit. The bits stand in isas.inc.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace voxloom::cpu {

enum class Feature : std::uint8_t {
#define VOXLOOM_X86_FEATURE(name, leaf, subleaf, reg, bit, state) name,
#define VOXLOOM_ARM_FEATURE(name, bit) name,
#include "cpu/isas.inc"
};

// A set of them.
class Features {
 public:
  constexpr Features() = default;
  constexpr Features(Feature one) : bits_(std::uint64_t{1} << static_cast<unsigned>(one)) {}

  [[nodiscard]] constexpr bool contains(Features others) const {
    return (others.bits_ & ~bits_) == 0;
  }
  constexpr Features& operator|=(Features others) {
    bits_ |= others.bits_;
    return *this;
  }
  friend constexpr Features operator|(Features a, Features b) { return a |= b; }
  friend constexpr bool operator==(Features, Features) = default;

 private:
  std::uint64_t bits_ = 0;
};

// Registers that the operating system does not save count as absent.
[[nodiscard]] Features machine_features();

// "avx2", "fma", ...
[[nodiscard]] std::vector<std::string_view> names_of(Features features);

}  // namespace voxloom::cpu
