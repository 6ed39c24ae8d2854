// Between arrays of Python (numpy, torch, whatever speaks DLPack) and tensors, without a copy.
//
// Arguments are borrowed where they lie; results are handed out where the library made them, as arrays of
// the kind that the call's first array was. Errors: ValueError with the op, what was expected and what
// came, for a wrong element type, shape, stride or device; TypeError for what is no array.
#pragma once

#include <nanobind/nanobind.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/tensor.h"

namespace voxloom::python {

namespace nb = nanobind;

// What an argument is called in messages.
struct Argument {
  std::string_view op, name;
};

// Elements of `array`, which the caller keeps alive and unchanged for the call.
[[nodiscard]] Tensor borrow(nb::handle array, Argument argument);
// The same; None gives an undefined tensor.
[[nodiscard]] Tensor borrow_or_none(nb::handle array, Argument argument);
// The tensor keeps the array alive.
[[nodiscard]] Tensor borrow_and_keep(nb::handle array, Argument argument);

// int32 numbers, one per row.
[[nodiscard]] std::span<const std::int32_t> rows_in(const Tensor& tensor, Argument argument);
// (N,4) int32, or int64 whose numbers fit: such are copied.
[[nodiscard]] Tensor coordinates_in(nb::handle array, Argument argument, bool keep = false);

// As an array of the kind of `like`: a torch tensor for a torch tensor, else numpy's.
[[nodiscard]] nb::object hand_out(Tensor tensor, nb::handle like);
[[nodiscard]] nb::object to_numpy(Tensor tensor);
template <typename T>
[[nodiscard]] nb::object to_numpy(std::vector<T> values, Shape shape);
// Seen read-only; `owner` keeps the elements alive.
[[nodiscard]] nb::object to_numpy_view(const std::int32_t* data, Shape shape,
                                       std::shared_ptr<const void> owner);

// Elements of any type, in numpy's words ("u2": kind and bytes), that `owner` keeps.
[[nodiscard]] nb::object to_numpy(void* data, const Shape& shape, std::string_view type,
                                  std::shared_ptr<const void> owner);

// A numpy array in C order, of whatever element type.
struct Elements {
  const void* data = nullptr;
  Shape shape;
  std::string type;
};
[[nodiscard]] Elements elements_of(nb::handle array, Argument argument);

[[nodiscard]] bool is_torch(nb::handle array);

// Keeps a Python object alive, from whichever thread it is let go.
[[nodiscard]] std::shared_ptr<const void> kept(nb::object object);

// Elements that a std::vector holds, as a tensor, without a copy.
template <typename T>
[[nodiscard]] Tensor tensor_of(std::vector<T> values, Shape shape) {
  auto owner = std::make_shared<std::vector<T>>(std::move(values));
  T* data = owner->data();
  return Tensor::borrow(data, std::move(shape), std::shared_ptr<const void>(std::move(owner)));
}

template <typename T>
nb::object to_numpy(std::vector<T> values, Shape shape) {
  return to_numpy(tensor_of(std::move(values), std::move(shape)));
}

void bind_arrays(nb::module_& m);

}  // namespace voxloom::python
