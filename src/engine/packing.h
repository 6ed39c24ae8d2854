// The numbers of a packed weight's layout (drawn in voxloom/weight.h), and where a column's words
// and groups stand in it. A column is one output channel of one kernel offset.
#pragma once

#include <cstdint>

#include "voxloom/weight.h"

namespace voxloom::engine {

struct Packing {
  int bits = 8;
  std::int64_t group_size = 64;
  std::int64_t volume = 1;
  std::int64_t in = 0;  // before padding
  std::int64_t out = 0;

  [[nodiscard]] std::int64_t groups() const { return (in + group_size - 1) / group_size; }
  [[nodiscard]] std::int64_t words() const { return groups() * words_per_group(); }
  [[nodiscard]] std::int64_t words_per_group() const { return group_size * bits / 32; }
  [[nodiscard]] std::int64_t codes_per_word() const { return 32 / bits; }

  // The shape of an array with `items` words or groups per column.
  [[nodiscard]] Shape shape(std::int64_t items) const {
    return volume == 1 ? Shape{1, out, items} : Shape{volume, items, out};
  }
  [[nodiscard]] std::int64_t at(std::int64_t k, std::int64_t column, std::int64_t item,
                                std::int64_t items) const {
    return volume == 1 ? column * items + item : (k * items + item) * out + column;
  }
};

}  // namespace voxloom::engine
