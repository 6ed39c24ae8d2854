// Who meets a place of an input leaf: kernel offset and place of the output leaf, by the input's cell and place. A stencil
// says it from the output's end; where inputs are few among the places that outputs ask for, this end is shorter.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coords/stencil.h"

namespace voxloom {

class PartnerLists {
 public:
  struct Partner {
    std::uint16_t k;
    std::uint8_t place;  // of the output leaf
  };

  // For output leaves of the one class.
  PartnerLists(const Stencil::Class& tables, std::size_t cells, std::size_t volume);

  // `place` counts as Stencil::Class::partner: 64 cell + place of the input leaf.
  [[nodiscard]] std::span<const Partner> of(std::size_t place) const {
    return {partners_.data() + begin_[place], partners_.data() + begin_[place + 1]};
  }

 private:
  std::vector<std::uint32_t> begin_;
  std::vector<Partner> partners_;
};

}  // namespace voxloom
