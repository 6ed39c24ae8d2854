// Operations that a caller brings along: their gradients are checked before they are believed.

#include <utility>

#include "autograd/tape.h"
#include "core/error.h"

namespace voxloom::autograd {
namespace {

std::vector<Tensor> checked(const std::string& name, std::vector<Tensor> gradients,
                            const std::vector<Shape>& shapes) {
  require(gradients.size() == shapes.size(), name,
          "its gradient function gave {} gradients for {} inputs", gradients.size(), shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Tensor& g = gradients[i];
    require(!g.defined() || (g.dtype() == DType::f32 && g.shape() == shapes[i]), name,
            "the gradient of input {} should be float32 of shape {}, got {} {}", i,
            to_string(shapes[i]), voxloom::name_of(g.dtype()), to_string(g.shape()));
  }
  return gradients;
}

}  // namespace

Variable record_operation(std::string name, Variable result, const std::vector<Variable>& inputs,
                          OwnGradient gradient, std::vector<Tensor> saved) {
  require(gradient != nullptr, name, "needs a gradient function");
  std::vector<const Variable*> places;
  std::vector<Shape> shapes;
  for (const Variable& input : inputs) {
    places.push_back(&input);
    shapes.push_back(input.value().shape());
  }
  // A result that is one of the inputs would lose its own place.
  if (result.needs_gradient())
    result = result.is_sparse() ? Variable(result.tensor()) : Variable(result.value());
  auto rule = [name, shapes, own = std::move(gradient)](const Tensor& dy, GradientSink& to) {
    std::vector<Tensor> gradients = checked(name, own(dy), shapes);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined()) to.add(i, std::move(gradients[i]));
    }
  };
  return record(Operation::own, std::move(result), places, std::move(saved), std::move(rule),
                std::move(name));
}

}  // namespace voxloom::autograd
