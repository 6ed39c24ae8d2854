// What a tuned plan is remembered by: everything that decides which algorithm is fastest, with rows
// and density in classes, so that one scan's plan serves the next scan of its kind. The number of
// threads is no part of it: results must not depend on that.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/convolution.h"
#include "voxloom/dtype.h"

namespace voxloom::engine {

enum class Direction : std::uint8_t { forward, weight_gradient };

struct PlanKey {
  Direction direction = Direction::forward;
  std::string variant = {};  // of the backend: its instruction set
  DType features = DType::f32;
  DType weights = DType::f32;
  int packed_bits = 0;           // 4 or 8: packed weights, whose `weights` is float32
  std::int64_t in = 0, out = 0;  // channels per group
  std::int64_t groups = 1;
  std::int64_t volume = 0;
  int rows = 0;     // class of output rows, one to an octave: the bits of their number
  int density = 0;  // class of pairs per output row, two to an octave: 1, 1.5, 2, 3, 4, 6, ...

  friend auto operator<=>(const PlanKey&, const PlanKey&) = default;
};

// With what the backend would choose now.
[[nodiscard]] PlanKey key_of(const ConvForward& problem, std::string_view variant);
[[nodiscard]] PlanKey key_of(const ConvWeightGradient& problem, std::string_view variant);

// "forward avx2 float32 float32 64 64 1 27 16 14", and back; nothing for any other text.
[[nodiscard]] std::string to_text(const PlanKey& key);
[[nodiscard]] std::optional<PlanKey> parse_plan_key(std::string_view text);

}  // namespace voxloom::engine
