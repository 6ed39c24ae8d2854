// Row-wise operations on dense feature tensors.
#include "artifact/graph/inference.h"
#include "artifact/ops/op_rows.h"
#include "artifact/run/call.h"
#include "artifact/tiles/reach.h"
#include "core/quotient.h"
#include "voxloom/dense.h"

namespace voxloom::artifact {
namespace {

using enum Range;

// The result is like the input.
void same_as_input(Inference& i) { i.result(facts_of(i.operand("input").type)); }

void require_floats(Inference& i) {
  if (i.operand("input").element() == ElementType::i32) {
    i.error("input must hold floats, got {}", i.operand("input").type);
  }
}

void infer_elementwise(Inference& i) {
  require_floats(i);
  same_as_input(i);
}

void infer_softmax(Inference& i) {
  require_floats(i);
  const auto rank =
      static_cast<std::int64_t>(std::get<TensorType>(i.operand("input").type).dims.size());
  const std::int64_t axis = i.integer("axis");
  if (rank == 0 || (axis != -1 && axis != rank - 1)) {
    i.error_at("axis", "softmax goes over the last axis, {} or -1, got {}", rank - 1, axis);
  }
  same_as_input(i);
}

void infer_norm(Inference& i) {
  i.require_feature_tensor("input");
  for (const OperandSpec& operand : i.spec().operands) {
    if (operand.kind == ValueKind::weight) {
      i.require_vector(operand.name, i.operand("input").channels, "input");
    }
  }
  same_as_input(i);
}

void infer_group_norm(Inference& i) {
  infer_norm(i);
  const std::int64_t channels = i.operand("input").channels;
  if (known(channels) && channels % i.integer("groups") != 0) {
    i.error_at("groups", "{} channels do not split into {} groups", channels, i.integer("groups"));
  }
}

// (C_out, C_in), or packed with kernel volume 1.
std::int64_t linear_out_channels(Inference& i) {
  const std::int64_t channels = i.operand("input").channels;
  const WeightFacts& weight = i.operand("weight").weight;
  if (!weight.packed()) i.require_same_element("input", "weight");
  if (!weight.known) return kDynamic;
  if (!weight.packed()) {
    if (!may_equal(weight.shape[1], channels)) {
      i.error("weight {} does not match {} input channels", weight.shape, channels);
    }
    return weight.shape[0];
  }
  const std::int64_t size = weight.packing->group_size;
  if (weight.shape[0] != 1) {
    i.error("the packed weight has {} kernel offsets, not 1", weight.shape[0]);
  } else if (known(channels) && weight.packed_groups != ceil_div(channels, size)) {
    i.error("the packed weight has {} groups of {} channels, but the input has {} channels",
            weight.packed_groups, size, channels);
  }
  return weight.shape[1];
}

void infer_linear(Inference& i) {
  i.require_feature_tensor("input");
  const std::int64_t out = linear_out_channels(i);
  if (i.has_operand("bias")) i.require_vector("bias", out, "input");
  const auto& dims = std::get<TensorType>(i.operand("input").type).dims;
  i.result(tensor_facts({dims.empty() ? kDynamic : dims[0], out}, i.operand("input").element()));
}

void infer_embedding(Inference& i) {
  const Facts& indices = i.operand("input");
  const Facts& table = i.operand("weight");
  if (indices.element() != ElementType::i32) {
    i.error("input must hold i32 indices, got {}", indices.type);
  }
  Shape dims = std::get<TensorType>(indices.type).dims;
  dims.push_back(table.weight.known ? table.weight.shape[1] : kDynamic);
  i.result(tensor_facts(std::move(dims), table.element()));
}

void run_linear(Call& c) {
  const Tensor& x = c.tensor("input");
  c.result(linear(x, c.weight("weight", x.dim(1)), c.bias()));
}
void run_embedding(Call& c) { c.result(embedding_lookup(c.tensor("input"), c.vector("weight"))); }
void run_elementwise(Call& c) {
  const Tensor& x = c.tensor("input");
  c.result(c.text("kind") == "exp" ? exp(x) : round(x));
}
void run_softmax(Call& c) { c.result(softmax(c.tensor("input"))); }
void run_activation(Call& c) {
  c.result(activate(c.tensor("input"), c.choice<Activation>("kind"),
                    {.approximate = c.choice<GeluApprox>("approximate"),
                     .alpha = c.real("alpha"),
                     .beta = c.real("beta"),
                     .threshold = c.real("threshold")}));
}
void run_batch_norm(Call& c) {
  c.result(batch_norm(c.tensor("input"),
                      {.scale = c.vector("scale"),
                       .bias = c.vector("bias"),
                       .mean = c.vector("mean"),
                       .variance = c.vector("var")},
                      c.real("eps")));
}
void run_layer_norm(Call& c) {
  c.result(layer_norm(c.tensor("input"), c.vector("scale"), c.vector("bias"), c.real("eps")));
}
void run_group_norm(Call& c) {
  c.result(group_norm(c.tensor("input"), c.vector("scale"), c.vector("bias"), c.integer("groups"),
                      c.real("eps")));
}
void run_rms_norm(Call& c) {
  c.result(rms_norm(c.tensor("input"), c.vector("scale"), c.real("eps")));
}

OperandSpec channel(std::string_view name) { return weight(name, {WeightFamily::channel}); }
OperandSpec bias() { return weight("bias", {WeightFamily::bias}); }
AttributeSpec norm_eps() { return f32("eps", positive, 1e-5F); }

OpSpec dense_row(std::string_view name, std::vector<OperandSpec> operands,
                 std::vector<AttributeSpec> attributes, void (*infer)(Inference&),
                 void (*run)(Call&)) {
  return {.name = name,
          .operands = std::move(operands),
          .attributes = std::move(attributes),
          .results = {ValueKind::tensor},
          .infer = infer,
          .run = run,
          .reach = reach_of_rows};
}

// --- on tensors of any rank; IR v2's forms are for matrices, as far as others run them ---

AttributeSpec elementwise_kind() {
  return {.name = "kind", .kind = AttributeKind::string, .choices = {"exp", "round"}};
}
AttributeSpec axis() { return integer("axis", any, -1); }
std::vector<AttributeSpec> activation_attributes() {
  return {one_of("kind", Activation::relu), one_of("approximate", GeluApprox::none),
          f32("alpha", non_negative, 0.01F), f32("beta", positive, 1.0F),
          f32("threshold", any, 20.0F)};
}

// Of `voxloom.NAME`, `lattice.NAME`, for matrices.
std::optional<PlainForm> plain_matrices(const OpView& v) {
  const std::string name = "lattice." + v.op().name.substr(std::string_view("voxloom.").size());
  return PlainForm{find_op(name)->name, v.op().attributes};
}

OpSpec for_matrices_elsewhere(OpSpec row) {
  row.for_matrices_elsewhere = true;
  return row;
}
OpSpec of_any_rank(OpSpec row) {
  row.plain = plain_matrices;
  return row;
}

std::vector<OpSpec> make_dense_rows() {
  return {
      dense_row("lattice.linear",
                {tensor("input"), weight("weight", {WeightFamily::linear}), optional_bias()}, {},
                infer_linear, run_linear),
      dense_row("lattice.embedding_lookup",
                {tensor("input"), weight("weight", {WeightFamily::embedding})}, {}, infer_embedding,
                run_embedding),
      for_matrices_elsewhere(dense_row("lattice.elementwise", {tensor("input")},
                                       {elementwise_kind()}, infer_elementwise, run_elementwise)),
      of_any_rank(dense_row("voxloom.elementwise", {tensor("input")}, {elementwise_kind()},
                            infer_elementwise, run_elementwise)),
      for_matrices_elsewhere(
          dense_row("lattice.softmax", {tensor("input")}, {axis()}, infer_softmax, run_softmax)),
      of_any_rank(
          dense_row("voxloom.softmax", {tensor("input")}, {axis()}, infer_softmax, run_softmax)),
      for_matrices_elsewhere(dense_row("lattice.activation", {tensor("input")},
                                       activation_attributes(), infer_elementwise, run_activation)),
      of_any_rank(dense_row("voxloom.activation", {tensor("input")}, activation_attributes(),
                            infer_elementwise, run_activation)),
      dense_row("lattice.batch_norm",
                {tensor("input"), channel("scale"), bias(), channel("mean"), channel("var")},
                {norm_eps()}, infer_norm, run_batch_norm),
      dense_row("lattice.layer_norm", {tensor("input"), channel("scale"), bias()}, {norm_eps()},
                infer_norm, run_layer_norm),
      dense_row("lattice.rms_norm", {tensor("input"), channel("scale")}, {norm_eps()}, infer_norm,
                run_rms_norm),
      dense_row("voxloom.group_norm", {tensor("input"), channel("scale"), bias()},
                {integer("groups", positive, 1), norm_eps()}, infer_group_norm, run_group_norm),
  };
}

}  // namespace

std::span<const OpSpec> dense_ops() {
  static const std::vector<OpSpec> rows = make_dense_rows();
  return rows;
}

}  // namespace voxloom::artifact
