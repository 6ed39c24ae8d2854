// Where other readers of the format would stop.
#include "artifact/verify/portability.h"

#include <algorithm>

#include "artifact/graph/names.h"
#include "artifact/verify/plain_form.h"
#include "artifact/verify/verifier.h"
#include "voxloom/artifact.h"

namespace voxloom::artifact {
namespace {

class Portability {
 public:
  Portability(const Graph& graph, Reporter& reporter)
      : graph_(graph), reporter_(reporter), is_packed_(graph.values.size()) {}

  void run() {
    for (const Graph::Value& value : graph_.values) check_type(value);
    for (const Graph::Op& op : graph_.ops) check_op(op);
  }

 private:
  void check_type(const Graph::Value& value) {
    if (element_of(value.type) != ElementType::bf16) return;
    reporter_.warning(value.position, "%{}: bfloat16 is an extension", value.name);
  }

  void check_op(const Graph::Op& op) {
    if (op.name == kWeightOp) return note_weight(op);
    const OpSpec& spec = *find_op(op.name);
    if (spec.is_extension()) {
      const auto plain = plain_form(graph_, op);
      reporter_.warning(op.position, "{} is an extension{}", op.name,
                        plain ? fmt::format("; {} says the same", plain->name) : "");
      return;
    }
    check_rank(op, spec);
    const auto is_packed = [&](int value) { return is_packed_[static_cast<std::size_t>(value)]; };
    if (std::ranges::any_of(op.operands, is_packed)) check_packed(op, spec);
  }

  void note_weight(const Graph::Op& op) {
    is_packed_[static_cast<std::size_t>(op.results[0])] =
        std::get<EnumValue>(op.attributes.at("packing").value).value != "dense";
  }

  void check_rank(const Graph::Op& op, const OpSpec& spec) {
    if (!spec.for_matrices_elsewhere) return;
    const std::size_t rank = std::get<TensorType>(graph_.value(op.operands[0]).type).dims.size();
    if (rank == 2) return;
    reporter_.warning(op.position, "{}: mlx-lattice runs it on tensors of rank 2 alone, not {}",
                      op.name, rank);
  }

  void check_packed(const Graph::Op& op, const OpSpec& spec) {
    if (runs_packed_elsewhere(OpView(spec, op, {}))) return;
    reporter_.warning(op.position, "{}: mlx-lattice does not run this form with a packed weight",
                      op.name);
  }

  const Graph& graph_;
  Reporter& reporter_;
  std::vector<bool> is_packed_;
};

}  // namespace

bool runs_packed_elsewhere(const OpView& op) {
  const bool is_point = op.has("kernel_size") && op.triple("kernel_size") == Triple(1);
  const bool is_moved =
      op.triple_or("stride", 1) != Triple(1) || op.triple_or("dilation", 1) != Triple(1);
  return !op.has("eps") && op.op().name != "lattice.target_conv_transpose3d" &&
         !(is_point && is_moved);
}

Diagnostics portability_of(const Graph& graph) {
  Diagnostics places;
  Reporter reporter(kGraphFile, places);
  Portability(graph, reporter).run();
  return places;
}

}  // namespace voxloom::artifact
