#include "coords/partner_lists.h"

namespace voxloom {
namespace {

// Calls body(64 cell + place, k, output place) for each place that has a partner.
template <typename Body>
void for_each_partner(const Stencil::Class& tables, std::size_t volume, const Body& body) {
  for (std::size_t k = 0; k < volume; ++k) {
    for (std::size_t place = 0; place < 64; ++place) {
      if (((tables.valid[k] >> place) & 1U) != 0) body(tables.partner[64 * k + place], k, place);
    }
  }
}

}  // namespace

PartnerLists::PartnerLists(const Stencil::Class& tables, std::size_t cells, std::size_t volume)
    : begin_(64 * cells + 1, 0) {
  for_each_partner(tables, volume,
                   [&](std::size_t at, std::size_t, std::size_t) { ++begin_[at + 1]; });
  for (std::size_t at = 1; at < begin_.size(); ++at) begin_[at] += begin_[at - 1];
  partners_.resize(begin_.back());
  std::vector<std::uint32_t> next = begin_;
  for_each_partner(tables, volume, [&](std::size_t at, std::size_t k, std::size_t place) {
    partners_[next[at]++] = {static_cast<std::uint16_t>(k), static_cast<std::uint8_t>(place)};
  });
}

}  // namespace voxloom
