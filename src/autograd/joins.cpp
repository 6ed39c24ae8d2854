// Joins and selections of rows. A row of an operand stands in one row of the result at most, so its
// gradient is read from there: nothing is summed.

#include "autograd/loops.h"
#include "autograd/tape.h"
#include "coords/join.h"
#include "core/error.h"
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
      case BinaryOp::mul: return times(dy, seen_from(rhs, rhs_set, set, options.rhs_fill));
      default: return winners(dy, true);
    }
  }
  [[nodiscard]] Tensor to_rhs(const Tensor& dy) const {
    switch (op) {
      case BinaryOp::add: return dy;
      case BinaryOp::sub: return autograd::map(dy, [](float g) { return -g; });
      case BinaryOp::mul: return times(dy, seen_from(lhs, lhs_set, set, options.lhs_fill));
      default: return winners(dy, false);
    }
  }

 private:
  [[nodiscard]] static Tensor times(const Tensor& a, const Tensor& b) {
    return zip(a, b, [](float g, float v) { return g * v; });
  }
  [[nodiscard]] Tensor winners(const Tensor& dy, bool of_lhs) const {
    const Tensor a = seen_from(lhs, lhs_set, set, options.lhs_fill);
    const Tensor b = seen_from(rhs, rhs_set, set, options.rhs_fill);
    const bool is_maximum = op == BinaryOp::maximum;
    const Tensor mask = zip(a, b, [&](float x, float y) {
      const bool rhs_wins = is_maximum ? x < y : y < x;
      return rhs_wins == of_lhs ? 0.0F : 1.0F;
    });
    return times(dy, mask);
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
  Tensor part = Tensor::empty({dy.dim(0), count}, DType::f32);
  const float* from = dy.data<float>() + first;
  float* to = part.mutable_data<float>();
  for_rows(dy.dim(0), count,
           [&](std::int64_t row) { std::copy_n(from + row * dy.dim(1), count, to + row * count); });
  return part;
}

}  // namespace

Variable binary(BinaryOp op, const Variable& lhs, const Variable& rhs, const JoinOptions& options) {
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

Variable crop(const Variable& x, Triple lo, Triple hi) {
  return record_rows(voxloom::crop(x.tensor(), lo, hi), x);
}

Variable prune(const Variable& x, std::span<const std::int32_t> rows) {
  return record_rows(voxloom::prune(x.tensor(), rows), x);
}

Variable scale(const Variable& x, float factor) {
  const auto times = [factor](float v) { return v * factor; };
  const auto gradient = [times](const Tensor& dy, GradientSink& to) {
    to.add(0, autograd::map(dy, times));
  };
  return record(Operation::scale, like(x, autograd::map(x.value(), times)), {&x}, {}, gradient);
}

Variable plus(const Variable& a, const Variable& b) {
  require(a.defined() && b.defined() && a.value().shape() == b.value().shape(), "plus",
          "expected two variables of one shape, got {} and {}", a.value().shape(),
          b.value().shape());
  const auto gradient = [](const Tensor& dy, GradientSink& to) {
    to.add(0, dy);
    to.add(1, dy);
  };
  const Tensor y = zip(a.value(), b.value(), [](float u, float v) { return u + v; });
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
  // As one column, whatever the shape was.
  const float* values = x.value().data<float>();
  const std::vector<double> total =
      sum_rows(x.value().size(), 1, [&](std::int64_t begin, std::int64_t end, float* out) {
        for (std::int64_t i = begin; i < end; ++i) *out += values[i];
      });
  const auto gradient = [shape = x.value().shape()](const Tensor& dy, GradientSink& to) {
    to.add(0, Tensor::full(shape, DType::f32, dy.data<float>()[0]));
  };
  return record(Operation::sum, Variable(to_float32(total)), {&x}, {}, gradient);
}

}  // namespace voxloom::autograd
