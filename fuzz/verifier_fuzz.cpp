// Any graph with any weights is looked at without harm. One without errors writes and reads back the same,
// loads, and can be asked how far it looks and what it takes.
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "graph_mutator.h"
#include "voxloom/tiles.h"

namespace {

using namespace voxloom;
using namespace voxloom::fuzz;

void check(const Bundle& bundle) {
  if (artifact::has_errors(artifact::verify_bundle(bundle))) {
    bool is_loaded = true;
    try {
      static_cast<void>(artifact::Model::from_bundle(bundle));
    } catch (const std::invalid_argument&) {
      is_loaded = false;
    }
    return fuzz::require(!is_loaded);
  }
  const std::string text = artifact::to_text(bundle.graph);
  const Bundle again{artifact::parse_graph(text), bundle.weights};
  fuzz::require(artifact::to_text(again.graph) == text);
  fuzz::require(!artifact::has_errors(artifact::verify_bundle(again)));
  const artifact::Model model = artifact::Model::from_bundle(bundle);
  fuzz::require(artifact::run_cost(model).per_point >= 0);
  try {
    static_cast<void>(artifact::receptive_field(bundle.graph));
  } catch (const std::invalid_argument&) {  // looks at the whole scene
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool are_right = (check_bases(), true);
  static_cast<void>(are_right);
  Draw draw({data, size});
  check(mutated_bundle(draw));
  return 0;
}
