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

const CoordinateSet& Variable::coords() const {
  require(is_sparse(), "autograd", "expected a sparse variable, got a dense one");
  return *coords_;
}

SparseTensor Variable::tensor() const { return {coords(), value_, batch_size_}; }

Variable Variable::dense() const {
  Variable plain = *this;
  plain.coords_.reset();
  plain.batch_size_ = 0;
  return plain;
}

}  // namespace voxloom::autograd
