#include "voxloom/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/checked.h"
#include "core/device_memory.h"
#include "core/dispatch.h"
#include "core/error.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    require(size >= 0, "tensor", "shape {} has a negative size", shape);
    count = checked_mul("tensor", count, size);
  }
  return count;
}

// Float to float conversions go through float32, which holds every float16 and bfloat16 exactly.
template <typename From, typename To>
void convert(const From* from, To* to, std::int64_t count) {
  parallel_for(count, std::int64_t{1} << 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = To(static_cast<float>(from[i]));
  });
}

void require_float(std::string_view op, DType dtype) {
  visit_feature_dtype(op, dtype, []<typename T>() {});
}

constexpr char kNobody = 0;

}  // namespace

std::string to_string(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ",")); }

std::string to_string(const Tensor& tensor) {
  return tensor.defined() ? fmt::format("{} {}", tensor.shape(), name_of(tensor.dtype()))
                          : "an undefined tensor";
}

Tensor Tensor::empty(Shape shape, DType dtype, Device device) {
  Tensor tensor;
  tensor.size_ = element_count(shape);
  const std::int64_t bytes =
      checked_mul("tensor", tensor.size_, static_cast<std::int64_t>(size_of(dtype)));
  tensor.buffer_ = allocate(static_cast<std::size_t>(bytes), device);
  tensor.shape_ = std::move(shape);
  tensor.dtype_ = dtype;
  return tensor;
}

Tensor Tensor::zeros(Shape shape, DType dtype, Device device) {
  Tensor tensor = empty(std::move(shape), dtype, device);
  if (device.is_host()) {
    std::memset(tensor.mutable_raw(), 0, tensor.bytes());
  } else {
    device_memory(device).fill(tensor.buffer_, dtype, 0.0F);
  }
  return tensor;
}

Tensor Tensor::full(Shape shape, DType dtype, float value, Device device) {
  require_float("full", dtype);
  Tensor tensor = empty(std::move(shape), dtype, device);
  if (!device.is_host()) {
    device_memory(device).fill(tensor.buffer_, dtype, value);
    return tensor;
  }
  visit_feature_dtype("full", dtype,
                      [&]<typename T>() { std::ranges::fill(tensor.mutable_span<T>(), T(value)); });
  return tensor;
}

Tensor Tensor::from_bytes(std::span<const std::byte> bytes, Shape shape, DType dtype) {
  Tensor tensor = empty(std::move(shape), dtype);
  require(bytes.size() == tensor.bytes(), "tensor", "shape {} of {} takes {} bytes, got {}",
          tensor.shape_, name_of(dtype), tensor.bytes(), bytes.size());
  if (!bytes.empty()) std::memcpy(tensor.mutable_raw(), bytes.data(), bytes.size());
  return tensor;
}

Tensor Tensor::borrow_bytes(Buffer buffer, Shape shape, DType dtype) {
  Tensor tensor;
  tensor.size_ = element_count(shape);
  tensor.shape_ = std::move(shape);
  tensor.dtype_ = dtype;
  const auto bytes = static_cast<std::size_t>(
      checked_mul("borrow", tensor.size_, static_cast<std::int64_t>(size_of(dtype))));
  require(buffer.bytes == 0 || buffer.bytes >= bytes, "borrow",
          "shape {} of {} takes {} bytes, the buffer has {}", tensor.shape_, name_of(dtype), bytes,
          buffer.bytes);
  buffer.bytes = bytes;
  require(buffer.data != nullptr || buffer.bytes == 0, "borrow",
          "a null address for a tensor of shape {}", to_string(tensor.shape_));
  require(reinterpret_cast<std::uintptr_t>(buffer.data) % size_of(dtype) == 0, "borrow",
          "the address is not aligned for {}", name_of(dtype));
  // A caller who keeps the elements alive gives no owner; the tensor is defined all the same. One that
  // points to nothing may own something: shared_ptr(nullptr, deleter).
  if (buffer.owner == nullptr) buffer.owner = {buffer.owner, &kNobody};
  buffer.is_borrowed = true;
  tensor.buffer_ = std::move(buffer);
  return tensor;
}

std::size_t Tensor::bytes() const { return static_cast<std::size_t>(size_) * size_of(dtype_); }

Tensor Tensor::clone() const {
  if (!defined()) return {};
  Tensor result = empty(shape_, dtype_, device());
  copy(buffer_, result.buffer_);
  return result;
}

Tensor Tensor::to(Device device) const {
  if (!defined() || device == buffer_.device) return *this;
  Tensor result = empty(shape_, dtype_, device);
  copy(buffer_, result.buffer_);
  return result;
}

Tensor Tensor::to(DType dtype) const {
  if (!defined() || dtype == dtype_) return *this;
  require_float("to", dtype_);
  require_float("to", dtype);
  Tensor result = empty(shape_, dtype, device());
  if (!device().is_host()) {
    device_memory(device()).convert(buffer_, dtype_, result.buffer_, dtype);
    return result;
  }
  visit_feature_dtype("to", dtype_, [&]<typename From>() {
    visit_feature_dtype("to", dtype, [&]<typename To>() {
      convert(data<From>(), result.mutable_data<To>(), size_);
    });
  });
  return result;
}

Tensor Tensor::reshape(Shape shape) const {
  require(element_count(shape) == size_, "reshape", "{} has {} elements, {} has another count",
          shape_, size_, shape);
  Tensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
  require(rank() >= 1 && begin >= 0 && begin <= end && end <= shape_[0], "rows",
          "rows [{}, {}) of a tensor of shape {}", begin, end, shape_);
  Tensor result = *this;
  result.shape_[0] = end - begin;
  result.size_ = element_count(result.shape_);
  const std::int64_t row_elements = shape_[0] == 0 ? 0 : size_ / shape_[0];
  if (buffer_.data != nullptr) {
    result.buffer_.data += static_cast<std::size_t>(begin * row_elements) * size_of(dtype_);
  }
  result.buffer_.bytes = result.bytes();
  return result;
}

void Tensor::require_dtype(DType wanted) const {
  require(wanted == dtype_, "tensor", "holds {}, asked for {}", name_of(dtype_), name_of(wanted));
}

void Tensor::refuse_host_access() const {
  fail("tensor",
       "a tensor of shape {} on device '{}' was read as if it were on the CPU: call to() first",
       to_string(shape_), to_string(buffer_.device));
}

void Tensor::refuse_writing() const {
  fail("tensor", "a tensor of shape {} borrows read-only memory: clone() it to write",
       to_string(shape_));
}

void Tensor::refuse_axis(std::size_t axis) const {
  fail("tensor", "axis {} of a tensor of shape {}", axis, shape_);
}

}  // namespace voxloom
