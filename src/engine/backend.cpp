#include "engine/backend.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "core/error.h"

namespace voxloom::engine {
namespace {

std::array<std::atomic<const Backend*>, 3> backends = {};

}  // namespace

std::size_t Backend::next_slot() {
  static std::atomic<std::size_t> next = 0;
  return next.fetch_add(1);
}

void Backend::note_name(std::string_view name) {
  if (std::ranges::find(names_, name) == names_.end()) names_.emplace_back(name);
}

void register_backend(DeviceKind kind, const Backend* backend) {
  require(kind != DeviceKind::cpu, "device", "the CPU's backend is the library's own");
  backends[static_cast<std::size_t>(kind)].store(backend, std::memory_order_release);
}

std::vector<const Backend*> registered_backends() {
  std::vector<const Backend*> registered;
  for (const std::atomic<const Backend*>& backend : backends) {
    if (const Backend* one = backend.load(std::memory_order_acquire)) registered.push_back(one);
  }
  return registered;
}

const Backend& backend_of(Device device) {
  if (device.is_host()) return cpu_backend();
  const auto kind = static_cast<std::size_t>(device.kind);  // a caller's number, for all we know
  const Backend* backend =
      kind < backends.size() ? backends[kind].load(std::memory_order_acquire) : nullptr;
  require(backend != nullptr, "device", "this program has no backend for device '{}'",
          to_string(device));
  return *backend;
}

}  // namespace voxloom::engine
