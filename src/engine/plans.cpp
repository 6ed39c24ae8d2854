#include "voxloom/plans.h"

#include <cctype>
#include <cstdlib>

#include "engine/choice.h"
#include "engine/convolution.h"
#include "engine/plan_file.h"
#include "voxloom/context.h"

namespace voxloom {
namespace {

// Letters and digits of the processor's name, for a file's name.
std::string file_part(std::string_view name) {
  std::string part;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) part += c;
    if (!plain && !part.empty() && part.back() != '-') part += '-';
  }
  while (!part.empty() && part.back() == '-') part.pop_back();
  return part;
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

}  // namespace

std::filesystem::path default_plan_path() {
  if (const char* path = variable("VOXLOOM_PLANS")) return path;
  std::filesystem::path cache;
  if (const char* xdg = variable("XDG_CACHE_HOME")) {
    cache = xdg;
  } else if (const char* home = variable("HOME")) {
    cache = std::filesystem::path(home) / ".cache";
  } else {
    return {};
  }
  return cache / "voxloom" / ("plans-" + file_part(engine::cpu_backend().machine()) + ".txt");
}

LoadedPlans load_plans(const std::filesystem::path& path) {
  if (path.empty()) return {};
  const engine::PlanText text = engine::read_plans(path);
  engine::add_tuned_plans(text.plans);
  if (!text.warning.empty()) Context::current().log("plans " + text.warning);
  return {text.plans.size(), text.warning};
}

void forget_plans() { engine::forget_tuned_plans(); }

std::vector<std::string> algorithm_names() { return engine::algorithm_names(); }

void pin_algorithm(std::string_view name) { engine::pin_algorithm(name); }
std::string pinned_algorithm() { return engine::pinned_algorithm(); }

}  // namespace voxloom
