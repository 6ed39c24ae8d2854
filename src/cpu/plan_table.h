// The tuned plans of this process, and the seam where `tune` watches convolutions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cpu/plan_key.h"

namespace voxloom::cpu {

using Plans = std::map<PlanKey, std::string>;  // to the algorithm's name

[[nodiscard]] Plans tuned_plans();  // a copy
void add_tuned_plans(const Plans& plans);
void forget_tuned_plans();

// The tuned algorithm, or "" when there is none for the key.
[[nodiscard]] std::string_view tuned_algorithm(const ConvForward& problem);
[[nodiscard]] std::string_view tuned_algorithm(const ConvWeightGradient& problem);

// Whoever is installed here runs the convolutions of the process instead of the automatic choice.
class Tuning {
 public:
  virtual ~Tuning() = default;
  virtual void run(const ConvForward& problem) = 0;
  virtual void run(const ConvWeightGradient& problem) = 0;
};
// nullptr: nobody. Not while convolutions run.
void install_tuning(Tuning* tuning);
[[nodiscard]] Tuning* installed_tuning();

}  // namespace voxloom::cpu
