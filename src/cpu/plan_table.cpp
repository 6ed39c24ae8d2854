#include "cpu/plan_table.h"

#include <fmt/core.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>

namespace voxloom::cpu {
namespace {

struct Table {
  std::shared_mutex mutex;
  Plans plans;
  std::atomic<bool> empty = true;  // the usual case costs one load
};

Table& table() {
  static Table instance;
  return instance;
}

std::atomic<Tuning*> installed = nullptr;

template <typename Problem>
Choice find(const Problem& problem) {
  if (table().empty.load(std::memory_order_acquire)) return {};
  const PlanKey key = key_of(problem);
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

Choice tuned_choice(const ConvForward& problem) { return find(problem); }
Choice tuned_choice(const ConvWeightGradient& problem) { return find(problem); }

void install_tuning(Tuning* tuning) { installed.store(tuning, std::memory_order_release); }
Tuning* installed_tuning() { return installed.load(std::memory_order_acquire); }

}  // namespace voxloom::cpu
