#include "autograd/trace.h"
#include "core/error.h"
#include "voxloom/autograd.h"

namespace voxloom::autograd {

Variable::Variable(Tensor value) : value_(std::move(value)) {}

Variable::Variable(const SparseTensor& x)
    : value_(x.features()), coords_(x.coords()), batch_size_(x.batch_size()) {}

Variable::Variable(const Variable& features, CoordinateSet coords, std::int64_t batch_size)
    : Variable(features) {
  // Checks that rows and features go together.
  batch_size_ = SparseTensor(coords, value_, batch_size).batch_size();
  coords_ = std::move(coords);
}

Variable::Variable(Symbol symbol) : symbol_(std::make_shared<const Symbol>(std::move(symbol))) {}

void Variable::refuse(const char* asked) { throw TraceError(asked); }

const Symbol& Variable::symbol() const {
  require(is_symbolic(), "autograd", "expected a symbol, got a value");
  return *symbol_;
}

bool Variable::is_sparse() const {
  return is_symbolic() ? symbol_->is_sparse : coords_.has_value();
}

std::int64_t Variable::channels() const {
  if (is_symbolic()) return symbol_->channels;
  require(value_.defined() && value_.rank() >= 1, "autograd", "expected a variable with channels");
  return value_.dim(value_.rank() - 1);
}

const CoordinateSet& Variable::coords() const {
  if (is_symbolic()) refuse("its coordinates; give the variable itself where rows are wanted");
  require(is_sparse(), "autograd", "expected a sparse variable, got a dense one");
  return *coords_;
}

SparseTensor Variable::tensor() const { return {coords(), value_, batch_size_}; }

Variable Variable::dense() const {
  if (is_symbolic()) {
    if (!is_sparse()) return *this;
    return trace({.name = "sparse.decompose", .operands = {{"input", *this}}, .result = 1});
  }
  Variable plain = *this;
  plain.coords_.reset();
  plain.batch_size_ = 0;
  return plain;
}

Variable Variable::on_rows_of(const Variable& x) const {
  if (is_symbolic() || x.is_symbolic()) {
    return trace({"sparse.with_features", {{"input", x}, {"features", dense()}}});
  }
  return {dense(), x.coords(), x.batch_size()};
}

}  // namespace voxloom::autograd
