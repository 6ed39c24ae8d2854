#include "engine/choice.h"

#include <fmt/ranges.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "core/context_state.h"
#include "core/error.h"

namespace voxloom::engine {
namespace {

// The environment speaks for every context, until one says otherwise.
std::string name_in_environment() {
  const char* name = std::getenv("VOXLOOM_ALGORITHM");
  return name == nullptr ? std::string() : name;
}

struct Pin {
  std::mutex mutex;
  std::string name;
  bool read_environment = false;
  std::atomic<bool> is_known_empty = false;  // the usual case costs one load
};

Pin& pin() { return current_part<Pin>(); }

void require_known(std::string_view op, std::string_view name) {
  const std::vector<std::string> names = algorithm_names();
  if (name.empty() || std::ranges::find(names, name) != names.end()) return;
  fail(op, "no algorithm '{}'; there are: {}", name, fmt::join(names, ", "));
}

}  // namespace

std::vector<std::string> algorithm_names() {
  std::vector<std::string> names = cpu_backend().algorithm_names();
  for (const Backend* backend : registered_backends()) {
    for (const std::string& name : backend->algorithm_names()) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

std::string pinned_algorithm() {
  const std::lock_guard lock(pin().mutex);
  if (!pin().read_environment) {
    const std::string name = name_in_environment();
    require_known("VOXLOOM_ALGORITHM", name);
    pin().name = name;
    pin().read_environment = true;
    pin().is_known_empty = name.empty();
  }
  return pin().name;
}

bool is_any_pinned() {
  return !pin().is_known_empty.load(std::memory_order_acquire) && !pinned_algorithm().empty();
}

void pin_algorithm(std::string_view name) {
  require_known("pin_algorithm", name);
  const std::lock_guard lock(pin().mutex);
  pin().name = name;
  pin().read_environment = true;
  pin().is_known_empty = name.empty();
}

void refuse_problem(std::string_view problem, const Backend& backend) {
  fail(problem, "device '{}' has no algorithm for it", to_string(Device{backend.kind()}));
}

void refuse_mixed(std::string_view problem, Device a, Device b) {
  fail(problem, "its tensors lie on two devices, '{}' and '{}': bring them together with to()",
       to_string(a), to_string(b));
}

}  // namespace voxloom::engine
