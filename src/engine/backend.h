// A backend: one kind of device, and what it can compute, as one table. Adding a problem adds a row to
// each backend's table and nothing here.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/algorithm.h"
#include "voxloom/device.h"

namespace voxloom::engine {

// Problems that only training has say so (kIsForTraining). A statically linked program that has none of
// them leaves the CPU's algorithms for them out: this, defined beside these, is what asks for them.
void keep_training_rows();

class Backend {
 public:
  // `machine` names the processor that it runs on: plans that were tuned on another are not used.
  explicit Backend(DeviceKind kind, std::string machine = {})
      : kind_(kind), machine_(std::move(machine)) {}
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  [[nodiscard]] DeviceKind kind() const { return kind_; }
  [[nodiscard]] const std::string& machine() const { return machine_; }
  // What kernels it would choose now: an instruction set ("avx2"); part of a plan's key.
  [[nodiscard]] virtual std::string_view variant() const = 0;

  // Empty when it has none.
  template <typename Problem>
  [[nodiscard]] Algorithms<Problem> algorithms() const {
    if constexpr (requires { Problem::kIsForTraining; }) keep_training_rows();
    const std::size_t slot = slot_of<Problem>();
    if (slot >= lists_.size()) return {};
    const List& list = lists_[slot];
    return {static_cast<const Algorithm<Problem>*>(list.first), list.count};
  }

  // Names of the algorithms among which there is a choice, each once, in the table's order.
  [[nodiscard]] const std::vector<std::string>& algorithm_names() const { return names_; }
  // Names of the problems that it has rows for.
  [[nodiscard]] const std::vector<std::string_view>& problem_names() const { return problems_; }

 protected:
  // `list` must outlive the backend: an array of static duration.
  template <typename Problem>
  void offer(Algorithms<Problem> list) {
    const std::size_t slot = slot_of<Problem>();
    if (lists_.size() <= slot) lists_.resize(slot + 1);
    lists_[slot] = {list.data(), list.size()};
    problems_.push_back(Problem::kName);
    if (list.size() < 2) return;
    for (const Algorithm<Problem>& algorithm : list) note_name(algorithm.name);
  }

  template <typename Problem>
  static Problem problem_of(void (*)(const Problem&));  // for its type

  // A problem that is computed in one way only: by a function void(const Problem&).
  template <auto Run>
  using ProblemOf = decltype(problem_of(Run));
  template <auto Run>
  void offer_only() {
    using Problem = ProblemOf<Run>;
    static constexpr std::array kOnly = {Algorithm<Problem>{kReference, nullptr, Run}};
    offer<Problem>(kOnly);
  }

 private:
  struct List {
    const void* first = nullptr;
    std::size_t count = 0;
  };

  [[nodiscard]] static std::size_t next_slot();
  template <typename Problem>
  [[nodiscard]] static std::size_t slot_of() {
    static const std::size_t slot = next_slot();
    return slot;
  }
  void note_name(std::string_view name);

  DeviceKind kind_;
  std::string machine_;
  std::vector<List> lists_;
  std::vector<std::string> names_;
  std::vector<std::string_view> problems_;
};

// The CPU's; defined in src/cpu/backend.cpp.
[[nodiscard]] const Backend& cpu_backend();

// Of another kind of device; null takes it back. Not while anything is computed there.
void register_backend(DeviceKind kind, const Backend* backend);

[[nodiscard]] std::vector<const Backend*> registered_backends();

// std::invalid_argument when this program has none for the device.
[[nodiscard]] const Backend& backend_of(Device device);

}  // namespace voxloom::engine
