// A second backend that proves that nothing reaches around the seam. Its device is the CPU's memory under
// another name: whoever reads a tensor there as if it were on the CPU is refused. What it computes it gives
// to the CPU's algorithms, after it has filled the results with garbage, and it counts the calls.
//
//   CheckingDevice device;                       // for the whole test
//   device.offer<engine::PoolSum>();             // each problem that the test will meet
//   const Tensor y = op(x.to(kChecked)).to(Device{});
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "core/device_memory.h"
#include "engine/backend.h"
#include "engine/choice.h"
#include "voxloom/tensor.h"

namespace voxloom::test {

inline constexpr Device kChecked{DeviceKind::other, 0};

// Host memory under the device's name. Fresh bytes are garbage, so that one who forgets to write shows.
class CheckedMemory : public DeviceMemory {
 public:
  Buffer allocate(std::size_t bytes, Device device) override {
    Buffer buffer = voxloom::allocate(bytes);
    poison(buffer);
    buffer.device = device;
    return buffer;
  }
  void copy(const Buffer& from, const Buffer& to) override {
    std::memcpy(to.data, from.data, from.bytes);
  }
  void fill(const Buffer& to, DType dtype, float value) override {
    const auto count = static_cast<std::int64_t>(to.bytes / size_of(dtype));
    write(to, value == 0.0F ? Tensor::zeros({count}, dtype) : Tensor::full({count}, dtype, value));
  }
  void convert(const Buffer& from, DType from_dtype, const Buffer& to, DType to_dtype) override {
    Buffer here = from;
    here.device = {};
    const auto count = static_cast<std::int64_t>(from.bytes / size_of(from_dtype));
    write(to, Tensor::borrow_bytes(std::move(here), {count}, from_dtype).to(to_dtype));
  }
  // NaN in every float type, and no row number.
  static void poison(const Buffer& buffer) {
    if (buffer.bytes > 0) std::memset(buffer.data, 0xFF, buffer.bytes);
  }

 private:
  static void write(const Buffer& to, const Tensor& values) {
    if (to.bytes > 0) std::memcpy(to.data, values.raw(), to.bytes);
  }
};

// The tensors of a problem as the CPU's algorithms may read them.
class HostNames {
 public:
  void reads(const Tensor*& tensor) {
    if (tensor != nullptr && tensor->defined()) tensor = &renamed(*tensor);
  }
  void writes(Tensor*& tensor) {
    if (tensor == nullptr || !tensor->defined()) return;
    CheckedMemory::poison(tensor->buffer());
    tensor = &renamed(*tensor);
  }
  // Read and written over: what is there is wanted.
  void updates(Tensor*& tensor) {
    if (tensor != nullptr && tensor->defined()) tensor = &renamed(*tensor);
  }
  void on(Device& device) { device = {}; }

 private:
  Tensor& renamed(const Tensor& tensor) {
    Buffer buffer = tensor.buffer();
    buffer.device = {};
    return tensors_.emplace_back(
        Tensor::borrow_bytes(std::move(buffer), tensor.shape(), tensor.dtype()));
  }

  std::deque<Tensor> tensors_;  // addresses stay
};

class CheckingBackend : public engine::Backend {
 public:
  CheckingBackend() : Backend(DeviceKind::other, "checking") {}
  [[nodiscard]] std::string_view variant() const override { return "checking"; }

  template <typename Problem>
  void offer_checked() {
    static constexpr std::array kList = {
        engine::Algorithm<Problem>{engine::kReference, nullptr, run_checked<Problem>}};
    offer<Problem>(kList);
  }

  // By the problem's name.
  [[nodiscard]] static std::map<std::string, std::int64_t, std::less<>>& calls() {
    static std::map<std::string, std::int64_t, std::less<>> counts;
    return counts;
  }

 private:
  template <typename Problem>
  static void run_checked(const Problem& problem) {
    ++calls()[std::string(Problem::kName)];
    Problem renamed = problem;
    HostNames names;
    Problem::each_tensor(renamed, names);
    engine::run(renamed);
  }
};

// While alive, the device is there.
class CheckingDevice {
 public:
  CheckingDevice() {
    CheckingBackend::calls().clear();
    register_device_memory(DeviceKind::other, &memory_);
    engine::register_backend(DeviceKind::other, &backend_);
  }
  ~CheckingDevice() {
    engine::register_backend(DeviceKind::other, nullptr);
    register_device_memory(DeviceKind::other, nullptr);
  }
  CheckingDevice(const CheckingDevice&) = delete;
  CheckingDevice& operator=(const CheckingDevice&) = delete;

  template <typename... Problems>
  void offer() {
    (backend_.offer_checked<Problems>(), ...);
  }
  [[nodiscard]] std::int64_t calls(std::string_view problem) const {
    const auto found = CheckingBackend::calls().find(problem);
    return found == CheckingBackend::calls().end() ? 0 : found->second;
  }

 private:
  CheckedMemory memory_;
  CheckingBackend backend_;
};

}  // namespace voxloom::test
