// Joins and selections of rows. A row of an operand stands in one row of the result at most, so its
// gradient is read from there: nothing is summed.

#include <algorithm>

#include "autograd/tape.h"
#include "autograd/trace.h"
#include "coords/join.h"
#include "core/error.h"
#include "engine/arithmetic.h"
#include "engine/choice.h"
#include "engine/gradients.h"
#include "ops/arithmetic.h"
#include "schema/describe.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

// The rows of `set`, seen from `from`: what an operand on `set` gets of a gradient on `from`.
Tensor carried_back(const Tensor& dy, const CoordinateSet& from, const CoordinateSet& set) {
  if (from == set) return dy;
  return voxloom::reindex({from, dy}, set).features();
}

// An operand of a binary operation, as the result's rows see it.
Tensor seen_from(const Tensor& features, const CoordinateSet& set, const CoordinateSet& result,
                 float fill) {
  if (set == result) return features;
  return voxloom::reindex({set, features}, result, fill).features();
}

struct BinaryGradient {
  BinaryOp op;
  CoordinateSet set;               // of the result
  CoordinateSet lhs_set, rhs_set;  // of the operands
  JoinOptions options;
  Tensor lhs, rhs;  // only for operations whose gradient reads them

  [[nodiscard]] Tensor to_lhs(const Tensor& dy) const {
    switch (op) {
      case BinaryOp::add:
      case BinaryOp::sub: return dy;
      case BinaryOp::mul: return multiplied(dy, seen_from(rhs, rhs_set, set, options.rhs_fill));
      default: return winners(dy, true);
    }
  }
  [[nodiscard]] Tensor to_rhs(const Tensor& dy) const {
    switch (op) {
      case BinaryOp::add: return dy;
      case BinaryOp::sub: return scaled(dy, -1.0F);
      case BinaryOp::mul: return multiplied(dy, seen_from(lhs, lhs_set, set, options.lhs_fill));
      default: return winners(dy, false);
    }
  }

 private:
  [[nodiscard]] Tensor winners(const Tensor& dy, bool of_lhs) const {
    const Tensor a = seen_from(lhs, lhs_set, set, options.lhs_fill);
    const Tensor b = seen_from(rhs, rhs_set, set, options.rhs_fill);
    Tensor dx = float_like(dy);
    engine::run(engine::WinnerGradient{.lhs = &a,
                                       .rhs = &b,
                                       .dy = &dy,
                                       .is_maximum = op == BinaryOp::maximum,
                                       .of_lhs = of_lhs,
                                       .dx = &dx});
    return dx;
  }
};

// A selection or a re-ordering of x's rows.
Variable record_rows(const SparseTensor& y, const Variable& x) {
  const auto gradient = [from = y.coords(), to_set = x.coords()](const Tensor& dy,
                                                                 GradientSink& to) {
    to.add(0, carried_back(dy, from, to_set));
  };
  return record(Operation::reindex, Variable(y), {&x}, {}, gradient);
}

Tensor channels_of(const Tensor& dy, std::int64_t first, std::int64_t count) {
  Tensor part = Tensor::empty({dy.dim(0), count}, DType::f32, dy.device());
  engine::run(engine::TakeChannels{.x = &dy, .first = first, .y = &part});
  return part;
}

}  // namespace

Variable binary(BinaryOp op, const Variable& lhs, const Variable& rhs, const JoinOptions& options) {
  if (any_symbolic({&lhs, &rhs})) {
    return trace({"sparse.binary", {{"lhs", lhs}, {"rhs", rhs}}, schema::describe(op, options)});
  }
  const SparseTensor y = voxloom::binary(op, lhs.tensor(), rhs.tensor(), options);
  BinaryGradient rule{op, y.coords(), lhs.coords(), rhs.coords(), options, {}, {}};
  std::vector<Tensor> saved;
  if (op != BinaryOp::add && op != BinaryOp::sub) {
    rule.lhs = lhs.value();
    rule.rhs = rhs.value();
    saved = {rule.lhs, rule.rhs};
  }
  const auto gradient = [rule](const Tensor& dy, GradientSink& to) {
    if (to.wants(0)) to.add(0, carried_back(rule.to_lhs(dy), rule.set, rule.lhs_set));
    if (to.wants(1)) to.add(1, carried_back(rule.to_rhs(dy), rule.set, rule.rhs_set));
  };
  return record(Operation::binary, Variable(y), {&lhs, &rhs}, std::move(saved), gradient);
}

Variable add(const Variable& lhs, const Variable& rhs, const JoinOptions& options) {
  return binary(BinaryOp::add, lhs, rhs, options);
}

Variable sub(const Variable& lhs, const Variable& rhs, const JoinOptions& options) {
  return binary(BinaryOp::sub, lhs, rhs, options);
}

Variable mul(const Variable& lhs, const Variable& rhs, const JoinOptions& options) {
  return binary(BinaryOp::mul, lhs, rhs, options);
}

Variable cat(std::span<const Variable> variables, Join join) {
  if (std::ranges::any_of(variables, &Variable::is_symbolic)) {
    OperationCall call{
        .name = "sparse.cat", .operands = {}, .attributes = {{"join", schema::describe(join)}}};
    for (const Variable& variable : variables) call.operands.push_back({"inputs", variable});
    return trace(call);
  }
  std::vector<SparseTensor> tensors;
  std::vector<const Variable*> inputs;
  std::vector<std::int64_t> channels;
  std::vector<CoordinateSet> sets;
  for (const Variable& variable : variables) {
    tensors.push_back(variable.tensor());
    inputs.push_back(&variable);
    channels.push_back(tensors.back().channels());
    sets.push_back(variable.coords());
  }
  const SparseTensor y = voxloom::cat(tensors, join);
  const auto gradient = [from = y.coords(), sets, channels](const Tensor& dy, GradientSink& to) {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < sets.size(); first += channels[i++]) {
      if (to.wants(i)) to.add(i, carried_back(channels_of(dy, first, channels[i]), from, sets[i]));
    }
  };
  return record(Operation::cat, Variable(y), inputs, {}, gradient);
}

Variable reindex(const Variable& x, const CoordinateSet& target, float fill) {
  return record_rows(voxloom::reindex(x.tensor(), target, fill), x);
}

Variable reindex(const Variable& x, const Variable& target, float fill) {
  if (any_symbolic({&x, &target})) {
    return trace({"sparse.reindex", {{"input", x}, {"target", target}}, {{"fill", fill}}});
  }
  return reindex(x, target.coords(), fill);
}

Variable crop(const Variable& x, Triple lo, Triple hi) {
  if (x.is_symbolic()) return trace({"sparse.crop", {{"input", x}}, {{"lo", lo}, {"hi", hi}}});
  return record_rows(voxloom::crop(x.tensor(), lo, hi), x);
}

Variable prune(const Variable& x, std::span<const std::int32_t> rows) {
  return record_rows(voxloom::prune(x.tensor(), rows), x);
}

Variable scale(const Variable& x, float factor) {
  require(x.value().defined(), "scale", "expected a variable with a value, got none");
  const auto gradient = [factor](const Tensor& dy, GradientSink& to) {
    to.add(0, scaled(dy, factor));
  };
  return record(Operation::scale, like(x, scaled(x.value(), factor)), {&x}, {}, gradient);
}

Variable plus(const Variable& a, const Variable& b) {
  require(a.defined() && b.defined() && a.value().shape() == b.value().shape(), "plus",
          "expected two variables of one shape, got {} and {}", a.value().shape(),
          b.value().shape());
  const auto gradient = [](const Tensor& dy, GradientSink& to) {
    to.add(0, dy);
    to.add(1, dy);
  };
  const Tensor y = combined(a.value(), 1.0F, b.value(), 1.0F);
  return record(Operation::plus, Variable(y), {&a, &b}, {}, gradient);
}

Variable reshape(const Variable& x, Shape shape) {
  const auto gradient = [before = x.value().shape()](const Tensor& dy, GradientSink& to) {
    to.add(0, dy.reshape(before));
  };
  return record(Operation::reshape, Variable(x.value().reshape(std::move(shape))), {&x}, {},
                gradient);
}

Variable sum(const Variable& x) {
  Tensor total = Tensor::empty({1}, DType::f32, x.value().device());
  engine::run(engine::Sum{.x = &x.value(), .y = &total});
  const auto gradient = [shape = x.value().shape()](const Tensor& dy, GradientSink& to) {
    Tensor dx = Tensor::empty(shape, DType::f32, dy.device());
    engine::run(engine::MultiplyByElement{.factor = &dy, .y = &dx});
    to.add(0, std::move(dx));
  };
  return record(Operation::sum, Variable(std::move(total)), {&x}, {}, gradient);
}

}  // namespace voxloom::autograd
