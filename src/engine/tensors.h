// The tensors of a problem, seen one after another: whoever needs to know where they lie, or wants to
// put others in their places, visits them. A problem names them in each_tensor(problem, visitor):
//
//   visitor.reads(p.x)     visitor.writes(p.y)     visitor.updates(p.sum)   read, then written over
//   visitor.on(device)     what is no tensor lies on this device
#pragma once

#include <string_view>

#include "voxloom/tensor.h"

namespace voxloom::engine {

[[noreturn]] void refuse_mixed(std::string_view problem, Device a, Device b);

// The one device on which all of them lie.
class DeviceFinder {
 public:
  explicit DeviceFinder(std::string_view problem) : problem_(problem) {}

  void reads(const Tensor* tensor) { note(tensor); }
  void writes(const Tensor* tensor) { note(tensor); }
  void updates(const Tensor* tensor) { note(tensor); }
  void on(Device device) {
    if (is_known_ && device != device_) refuse_mixed(problem_, device_, device);
    device_ = device;
    is_known_ = true;
  }
  [[nodiscard]] Device device() const { return device_; }

 private:
  void note(const Tensor* tensor) {
    if (tensor != nullptr && tensor->defined()) on(tensor->device());
  }

  std::string_view problem_;
  Device device_ = {};
  bool is_known_ = false;
};

template <typename Problem>
[[nodiscard]] Device device_of(const Problem& problem) {
  DeviceFinder finder(Problem::kName);
  Problem::each_tensor(problem, finder);
  return finder.device();
}

}  // namespace voxloom::engine
