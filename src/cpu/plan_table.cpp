#include "cpu/plan_table.h"

#include <algorithm>
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

// Names live as long as the program: those of the lists, not of the table.
template <typename Problem>
std::string_view find(const Problem& problem, std::span<const Algorithm<Problem>> algorithms) {
  if (table().empty.load(std::memory_order_acquire)) return {};
  const PlanKey key = key_of(problem);
  const std::shared_lock lock(table().mutex);
  const auto found = table().plans.find(key);
  if (found == table().plans.end()) return {};
  for (const Algorithm<Problem>& algorithm : algorithms) {
    if (algorithm.name == found->second) return algorithm.name;
  }
  return {};
}

}  // namespace

Plans tuned_plans() {
  const std::shared_lock lock(table().mutex);
  return table().plans;
}

void add_tuned_plans(const Plans& plans) {
  const std::unique_lock lock(table().mutex);
  for (const auto& [key, name] : plans) table().plans.insert_or_assign(key, name);
  table().empty.store(table().plans.empty(), std::memory_order_release);
}

void forget_tuned_plans() {
  const std::unique_lock lock(table().mutex);
  table().plans.clear();
  table().empty.store(true, std::memory_order_release);
}

std::string_view tuned_algorithm(const ConvForward& problem) {
  return find(problem, forward_algorithms());
}

std::string_view tuned_algorithm(const ConvWeightGradient& problem) {
  return find(problem, weight_gradient_algorithms());
}

void install_tuning(Tuning* tuning) { installed.store(tuning, std::memory_order_release); }
Tuning* installed_tuning() { return installed.load(std::memory_order_acquire); }

}  // namespace voxloom::cpu
