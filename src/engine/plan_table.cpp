#include "engine/plan_table.h"

#include <fmt/core.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "core/context_state.h"

namespace voxloom::engine {
namespace {

struct Table {
  std::shared_mutex mutex;
  Plans plans;
  std::atomic<bool> empty = true;  // the usual case costs one load
  std::atomic<Tuning*> tuning = nullptr;
};

Table& table() { return current_part<Table>(); }

template <typename Problem>
Choice find(const Problem& problem, const Backend& backend) {
  if (table().empty.load(std::memory_order_acquire)) return {};
  const PlanKey key = key_of(problem, backend.variant());
  const std::shared_lock lock(table().mutex);
  const auto found = table().plans.find(key);
  return found == table().plans.end() ? Choice{} : found->second;
}

}  // namespace

std::string to_text(const Choice& choice) {
  if (choice.cut == Cut{}) return choice.algorithm;
  return fmt::format("{}:{}x{}", choice.algorithm, choice.cut.blocks, choice.cut.columns);
}

Plans tuned_plans() {
  const std::shared_lock lock(table().mutex);
  return table().plans;
}

void add_tuned_plans(const Plans& plans) {
  const std::unique_lock lock(table().mutex);
  for (const auto& [key, choice] : plans) table().plans.insert_or_assign(key, choice);
  table().empty.store(table().plans.empty(), std::memory_order_release);
}

void forget_tuned_plans() {
  const std::unique_lock lock(table().mutex);
  table().plans.clear();
  table().empty.store(true, std::memory_order_release);
}

Choice tuned_choice(const ConvForward& problem, const Backend& backend) {
  return find(problem, backend);
}
Choice tuned_choice(const ConvWeightGradient& problem, const Backend& backend) {
  return find(problem, backend);
}

void install_tuning(Tuning* tuning) { table().tuning.store(tuning, std::memory_order_release); }
Tuning* installed_tuning() { return table().tuning.load(std::memory_order_acquire); }

}  // namespace voxloom::engine
