// A stream of small decisions, read from a fuzzer's bytes. Past the end it gives zeros.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace voxloom::fuzz {

class Draw {
 public:
  explicit Draw(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }
  bool flag() { return (byte() & 1U) != 0; }
  // Below `count`, which is above 0.
  std::size_t below(std::size_t count) {
    const std::size_t low = byte();
    return (count > 256 ? low | static_cast<std::size_t>(byte()) << 8U : low) % count;
  }
  template <typename Container>
  auto& one_of(Container& all) {
    return all[below(std::size(all))];
  }

  // Small ones, and those at the ends of what a type holds.
  std::int64_t integer() {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kMost32 = std::numeric_limits<std::int32_t>::max();
    constexpr std::array<std::int64_t, 24> kEnds = {0,
                                                    1,
                                                    -1,
                                                    2,
                                                    3,
                                                    4,
                                                    5,
                                                    7,
                                                    -2,
                                                    -3,
                                                    16,
                                                    100,
                                                    kMost32,
                                                    kMost32 + 1,
                                                    -kMost32,
                                                    -kMost32 - 1,
                                                    -kMost32 - 2,
                                                    1LL << 40,
                                                    kMost / 2,
                                                    kMost / 2 + 1,
                                                    kMost - 1,
                                                    kMost,
                                                    -kMost,
                                                    -kMost - 1};
    return one_of(kEnds);
  }
  double real() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr std::array<double, 14> kEnds = {
        0,     -0.0,      1,          -1,    0.5,  1e-5, 1e30,
        1e-40, kInfinity, -kInfinity, 1e300, 1e-7, 3.25, std::numeric_limits<double>::quiet_NaN()};
    return one_of(kEnds);
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace voxloom::fuzz
