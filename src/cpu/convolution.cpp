#include "cpu/convolution.h"

#include "cpu/backend.h"
#include "cpu/own_form.h"

namespace voxloom::cpu {
namespace {

template <std::vector<Cut> (*Cuts)(const ConvForward&)>
std::vector<Cut> cuts(const engine::ConvForward& problem) {
  return Cuts(ConvForward(problem));
}

using Forward = engine::Algorithm<engine::ConvForward>;
using Pointwise = engine::Algorithm<engine::ConvPointwise>;

constexpr std::array kForward = {
    Forward{"depthwise", can<is_depthwise, ConvForward>, run<depthwise_forward, ConvForward>},
    Forward{"matrix_tiles", can<has_matrix_tiles, ConvForward>,
            run<matrix_tiles_forward, ConvForward>, cuts<matrix_tiles_cuts>},
    Forward{"direct_store", can<has_single_partners, ConvForward>,
            run<direct_store_forward, ConvForward>, cuts<direct_store_cuts>},
    Forward{"offset_major", nullptr, run<offset_major_forward, ConvForward>,
            cuts<offset_major_cuts>},
    Forward{"reference", nullptr, run<reference_forward, ConvForward>},
};

constexpr std::array kPointwise = {
    Pointwise{"row_tiles", can<has_dense_weight, ConvPointwise>,
              run<row_tiles_pointwise, ConvPointwise>},
    Pointwise{"offset_major", nullptr, run<offset_major_pointwise, ConvPointwise>},
    Pointwise{"reference", nullptr, run<reference_pointwise, ConvPointwise>},
};

}  // namespace

MapBlocks blocks_of(const engine::MapRef& map) {
  if (!map.is_identity()) return voxloom::blocks_of(map.map());
  if (map.encoding() == nullptr) {
    map.encoding() = std::make_shared<const BlockedEntries>(identity_entries(map.out_rows()));
  }
  MapBlocks blocks;
  blocks.entries = static_cast<const BlockedEntries*>(map.encoding().get());
  blocks.out_rows = map.out_rows();
  blocks.volume = 1;
  return blocks;
}

void CpuBackend::offer_products() {
  offer<engine::ConvForward>(kForward);
  offer<engine::ConvPointwise>(kPointwise);
}

}  // namespace voxloom::cpu
