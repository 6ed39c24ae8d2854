// Joins of sparse tensors: elementwise arithmetic, concatenation, reindexing.

#include <algorithm>

#include "coords/join.h"
#include "core/checked.h"
#include "engine/choice.h"
#include "engine/rows.h"
#include "voxloom/algebra.h"

namespace voxloom {
namespace {

void require_joinable(std::string_view op, const SparseTensor& lhs, const SparseTensor& rhs) {
  require(lhs.stride() == rhs.stride(), op, "strides differ: {} and {}", lhs.stride(),
          rhs.stride());
  require(lhs.dtype() == rhs.dtype(), op, "types differ: {} and {}", name_of(lhs.dtype()),
          name_of(rhs.dtype()));
}

SparseTensor named_binary(std::string_view op_name, BinaryOp op, const SparseTensor& lhs,
                          const SparseTensor& rhs, const JoinOptions& options) {
  require_joinable(op_name, lhs, rhs);
  require(lhs.channels() == rhs.channels(), op_name, "channel counts differ: {} and {}",
          lhs.channels(), rhs.channels());
  CoordinateSet set = joined_set(options.join, lhs.coords(), rhs.coords());
  const std::vector<std::int32_t> lhs_rows = rows_in(lhs.coords(), set);
  const std::vector<std::int32_t> rhs_rows = rows_in(rhs.coords(), set);
  Tensor y = Tensor::empty({set.size(), lhs.channels()}, lhs.dtype(), lhs.features().device());
  engine::run(engine::BinaryRows{.op = op,
                                 .lhs = {&lhs.features(), lhs_rows, options.lhs_fill},
                                 .rhs = {&rhs.features(), rhs_rows, options.rhs_fill},
                                 .y = &y});
  return {std::move(set), std::move(y), std::max(lhs.batch_size(), rhs.batch_size())};
}

std::string_view name_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::add: return "add";
    case BinaryOp::sub: return "sub";
    case BinaryOp::mul: return "mul";
    case BinaryOp::maximum: return "maximum";
    case BinaryOp::minimum: return "minimum";
  }
  fail("binary", "unknown operation number {}", static_cast<int>(op));
}

}  // namespace

SparseTensor binary(BinaryOp op, const SparseTensor& lhs, const SparseTensor& rhs,
                    const JoinOptions& options) {
  return named_binary(name_of(op), op, lhs, rhs, options);
}

SparseTensor add(const SparseTensor& lhs, const SparseTensor& rhs, const JoinOptions& options) {
  return binary(BinaryOp::add, lhs, rhs, options);
}

SparseTensor sub(const SparseTensor& lhs, const SparseTensor& rhs, const JoinOptions& options) {
  return binary(BinaryOp::sub, lhs, rhs, options);
}

SparseTensor mul(const SparseTensor& lhs, const SparseTensor& rhs, const JoinOptions& options) {
  return binary(BinaryOp::mul, lhs, rhs, options);
}

SparseTensor maximum(const SparseTensor& lhs, const SparseTensor& rhs, const JoinOptions& options) {
  return binary(BinaryOp::maximum, lhs, rhs, options);
}

SparseTensor minimum(const SparseTensor& lhs, const SparseTensor& rhs, const JoinOptions& options) {
  return binary(BinaryOp::minimum, lhs, rhs, options);
}

SparseTensor cat(std::span<const SparseTensor> tensors, Join join) {
  constexpr std::string_view kOp = "cat";
  require(!tensors.empty(), kOp, "expected at least one tensor, got none");
  CoordinateSet set = tensors.front().coords();
  std::int64_t channels = 0;
  std::int64_t batch_size = 0;
  for (const SparseTensor& x : tensors) {
    require_joinable(kOp, tensors.front(), x);
    set = joined_set(join, set, x.coords());
    channels += x.channels();
    batch_size = std::max(batch_size, x.batch_size());
  }
  const Tensor& first = tensors.front().features();
  Tensor y = Tensor::empty({set.size(), channels}, first.dtype(), first.device());
  std::vector<std::vector<std::int32_t>> rows;
  engine::PlaceRows problem{.sources = {}, .y = &y};
  for (const SparseTensor& x : tensors) {
    rows.push_back(rows_in(x.coords(), set));
    problem.sources.push_back({.features = &x.features(), .rows = rows.back()});
  }
  engine::run(problem);
  return {std::move(set), std::move(y), batch_size};
}

SparseTensor reindex(const SparseTensor& x, const CoordinateSet& target, float fill) {
  require(x.stride() == target.stride(), "reindex",
          "the target's stride {} differs from the input's {}", target.stride(), x.stride());
  const std::vector<std::int32_t> rows = rows_in(x.coords(), target);
  Tensor y = Tensor::empty({target.size(), x.channels()}, x.dtype(), x.features().device());
  engine::run(engine::PlaceRows{.sources = {{&x.features(), rows, fill}}, .y = &y});
  return {target, std::move(y), x.batch_size()};
}

}  // namespace voxloom
