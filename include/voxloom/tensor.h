// Tensor: a dense, row-major array with shared ownership. Copying a Tensor shares its elements;
// clone() copies them. Elements are 64-byte aligned unless the tensor is a row slice.
//
// Errors: std::invalid_argument for a negative size, an axis beyond the rank, a wrong element type or
// a shape whose element count differs; ResourceError when the byte count overflows or the memory is
// not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "voxloom/dtype.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

using Shape = std::vector<std::int64_t>;

[[nodiscard]] std::string to_string(const Shape& shape);  // "(32,3,3,3,16)"

class Tensor {
 public:
  Tensor() = default;  // undefined: no shape, no elements

  [[nodiscard]] static Tensor empty(Shape shape, DType dtype);  // uninitialised
  [[nodiscard]] static Tensor zeros(Shape shape, DType dtype);
  // Float types only; the value is rounded to the dtype.
  [[nodiscard]] static Tensor full(Shape shape, DType dtype, float value);
  template <typename T>
  [[nodiscard]] static Tensor from(std::span<const T> values, Shape shape) {
    return from_bytes(std::as_bytes(values), std::move(shape), dtype_of<T>);
  }
  template <typename T>
  [[nodiscard]] static Tensor from(const std::vector<T>& values, Shape shape) {
    return from(std::span<const T>(values), std::move(shape));
  }
  template <typename T>
  [[nodiscard]] static Tensor from(std::initializer_list<T> values, Shape shape) {
    return from(std::span<const T>(values.begin(), values.size()), std::move(shape));
  }
  [[nodiscard]] static Tensor from_bytes(std::span<const std::byte> bytes, Shape shape,
                                         DType dtype);

  [[nodiscard]] bool defined() const { return data_ != nullptr; }
  // No other tensor shares the elements: whoever holds this one may write over them.
  [[nodiscard]] bool is_unique() const { return data_.use_count() == 1; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t dim(std::size_t axis) const {
    if (axis >= shape_.size()) refuse_axis(axis);
    return shape_[axis];
  }
  [[nodiscard]] std::size_t rank() const { return shape_.size(); }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] std::size_t bytes() const;

  template <typename T>
  [[nodiscard]] const T* data() const {
    require_dtype(dtype_of<T>);
    return reinterpret_cast<const T*>(data_.get());
  }
  template <typename T>
  [[nodiscard]] T* mutable_data() {
    require_dtype(dtype_of<T>);
    return reinterpret_cast<T*>(data_.get());
  }
  template <typename T>
  [[nodiscard]] std::span<const T> span() const {
    return {data<T>(), static_cast<std::size_t>(size_)};
  }
  template <typename T>
  [[nodiscard]] std::span<T> mutable_span() {
    return {mutable_data<T>(), static_cast<std::size_t>(size_)};
  }
  [[nodiscard]] const std::byte* raw() const { return data_.get(); }
  [[nodiscard]] std::byte* mutable_raw() { return data_.get(); }

  [[nodiscard]] Tensor clone() const;
  [[nodiscard]] Tensor to(DType dtype) const;       // float types; shares when equal
  [[nodiscard]] Tensor reshape(Shape shape) const;  // shares
  [[nodiscard]] Tensor rows(std::int64_t begin, std::int64_t end) const;  // shares

 private:
  void require_dtype(DType wanted) const;
  [[noreturn]] void refuse_axis(std::size_t axis) const;

  std::shared_ptr<std::byte> data_;
  Shape shape_;
  std::int64_t size_ = 0;
  DType dtype_ = DType::f32;
};

[[nodiscard]] std::string to_string(const Tensor& tensor);  // "(4,3) float32", for messages

}  // namespace voxloom
