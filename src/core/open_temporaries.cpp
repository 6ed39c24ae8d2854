#include "core/open_temporaries.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <utility>

namespace voxloom {
namespace {

enum SlotState : int { kFree, kTaken, kNamed };

// A handler of signals may neither wait nor allocate.
struct TemporarySlot {
  std::atomic<int> state = kFree;
  std::array<char, 4096> path = {};
};
static_assert(std::atomic<int>::is_always_lock_free);
std::array<TemporarySlot, 64> temporary_slots;

}  // namespace

OpenTemporary::OpenTemporary(const std::filesystem::path& path) noexcept {
  const std::string& name = path.native();
  if (name.size() >= temporary_slots[0].path.size()) return;
  for (std::size_t i = 0; i < temporary_slots.size(); ++i) {
    TemporarySlot& slot = temporary_slots.at(i);
    int expected = kFree;
    if (!slot.state.compare_exchange_strong(expected, kTaken)) continue;
    std::memcpy(slot.path.data(), name.c_str(), name.size() + 1);
    slot.state.store(kNamed);
    slot_ = static_cast<int>(i);
    return;
  }
}

OpenTemporary::~OpenTemporary() {
  if (slot_ >= 0) temporary_slots.at(static_cast<std::size_t>(slot_)).state.store(kFree);
}

OpenTemporary::OpenTemporary(OpenTemporary&& other) noexcept
    : slot_(std::exchange(other.slot_, -1)) {}

OpenTemporary& OpenTemporary::operator=(OpenTemporary&& other) noexcept {
  std::swap(slot_, other.slot_);
  return *this;
}

void remove_open_temporaries() noexcept {
  for (TemporarySlot& slot : temporary_slots) {
    if (slot.state.load() == kNamed) ::unlink(slot.path.data());
  }
}

}  // namespace voxloom
