// The tuned plans of the current context, and the seam where `tune` watches convolutions.
#pragma once

#include <map>
#include <string>

#include "engine/backend.h"
#include "engine/plan_key.h"

namespace voxloom::engine {

// An algorithm and how it cuts the work.
struct Choice {
  std::string algorithm;  // its name
  Cut cut = {};

  friend auto operator<=>(const Choice&, const Choice&) = default;
};
// "offset_major", or with blocks and columns "offset_major:2x128", "offset_major:0x32".
[[nodiscard]] std::string to_text(const Choice& choice);

using Plans = std::map<PlanKey, Choice>;

[[nodiscard]] Plans tuned_plans();  // a copy
void add_tuned_plans(const Plans& plans);
void forget_tuned_plans();

// What was tuned; no algorithm when there is nothing for the key.
[[nodiscard]] Choice tuned_choice(const ConvForward& problem, const Backend& backend);
[[nodiscard]] Choice tuned_choice(const ConvWeightGradient& problem, const Backend& backend);

// Whoever is installed here runs the context's convolutions instead of the automatic choice.
class Tuning {
 public:
  virtual ~Tuning() = default;
  virtual void run(const ConvForward& problem, const Backend& backend) = 0;
  virtual void run(const ConvWeightGradient& problem, const Backend& backend) = 0;
};
// nullptr: nobody. Not while convolutions run.
void install_tuning(Tuning* tuning);
[[nodiscard]] Tuning* installed_tuning();

}  // namespace voxloom::engine
