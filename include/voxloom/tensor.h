// Tensor: a dense, row-major array with shared ownership. Copying a Tensor shares its elements;
// clone() copies them. Elements are 64-byte aligned unless the tensor is a row slice or borrowed.
//
// borrow() makes a tensor on memory that somebody else owns, without a copy: an array of another
// library, a mapped file.
//
// Errors: std::invalid_argument for a negative size, an axis beyond the rank, a wrong element type, a
// shape whose element count differs, host access to the memory of another device, or writing to a
// read-only borrow; ResourceError when the byte count overflows or the memory is not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "voxloom/buffer.h"
#include "voxloom/device.h"
#include "voxloom/dtype.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

using Shape = std::vector<std::int64_t>;

[[nodiscard]] std::string to_string(const Shape& shape);  // "(32,3,3,3,16)"

class Tensor {
 public:
  Tensor() = default;  // undefined: no shape, no elements

  [[nodiscard]] static Tensor empty(Shape shape, DType dtype, Device device = {});  // uninitialised
  [[nodiscard]] static Tensor zeros(Shape shape, DType dtype, Device device = {});
  // Float types only; the value is rounded to the dtype.
  [[nodiscard]] static Tensor full(Shape shape, DType dtype, float value, Device device = {});
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

  // Elements at `data`, which `owner` keeps alive; null: the caller does, for as long as any tensor
  // shares them. `data` must be aligned for its type and may be null only when there are no elements.
  template <typename T>
  [[nodiscard]] static Tensor borrow(T* data, Shape shape, std::shared_ptr<const void> owner) {
    return borrow_bytes({.data = reinterpret_cast<std::byte*>(data), .owner = std::move(owner)},
                        std::move(shape), dtype_of<T>);
  }
  // The same, read-only: mutable access is an error.
  template <typename T>
  [[nodiscard]] static Tensor borrow(const T* data, Shape shape,
                                     std::shared_ptr<const void> owner) {
    // Nothing writes through it: is_writable is false.
    return borrow_bytes({.data = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(data)),
                         .owner = std::move(owner),
                         .is_writable = false},
                        std::move(shape), dtype_of<T>);
  }
  // `is_borrowed` is filled in, and `bytes`: fewer than the shape takes are an error, 0 says nothing.
  [[nodiscard]] static Tensor borrow_bytes(Buffer buffer, Shape shape, DType dtype);

  [[nodiscard]] bool defined() const { return buffer_.defined(); }
  // Nobody else shares the elements: whoever holds this one may write over them.
  [[nodiscard]] bool is_unique() const { return buffer_.is_unique(); }
  [[nodiscard]] bool is_writable() const { return buffer_.is_writable; }
  [[nodiscard]] Device device() const { return buffer_.device; }
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
    return reinterpret_cast<const T*>(raw());
  }
  template <typename T>
  [[nodiscard]] T* mutable_data() {
    require_dtype(dtype_of<T>);
    return reinterpret_cast<T*>(mutable_raw());
  }
  template <typename T>
  [[nodiscard]] std::span<const T> span() const {
    return {data<T>(), static_cast<std::size_t>(size_)};
  }
  template <typename T>
  [[nodiscard]] std::span<T> mutable_span() {
    return {mutable_data<T>(), static_cast<std::size_t>(size_)};
  }
  [[nodiscard]] const std::byte* raw() const {
    if (!buffer_.device.is_host()) refuse_host_access();
    return buffer_.data;
  }
  [[nodiscard]] std::byte* mutable_raw() {
    if (!buffer_.device.is_host()) refuse_host_access();
    if (!buffer_.is_writable) refuse_writing();
    return buffer_.data;
  }
  // For whoever computes on the tensor's device: the bytes, from the tensor's first element on.
  [[nodiscard]] const Buffer& buffer() const { return buffer_; }

  [[nodiscard]] Tensor clone() const;
  [[nodiscard]] Tensor to(DType dtype) const;       // float types; shares when equal
  [[nodiscard]] Tensor to(Device device) const;     // shares when it is there already
  [[nodiscard]] Tensor reshape(Shape shape) const;  // shares
  [[nodiscard]] Tensor rows(std::int64_t begin, std::int64_t end) const;  // shares

 private:
  void require_dtype(DType wanted) const;
  [[noreturn]] void refuse_axis(std::size_t axis) const;
  [[noreturn]] void refuse_host_access() const;
  [[noreturn]] void refuse_writing() const;

  Buffer buffer_;
  Shape shape_;
  std::int64_t size_ = 0;
  DType dtype_ = DType::f32;
};

[[nodiscard]] std::string to_string(const Tensor& tensor);  // "(4,3) float32", for messages

}  // namespace voxloom
