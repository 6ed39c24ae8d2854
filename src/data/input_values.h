// The attributes of a scan as a network reads them: in its unit, and finite.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "voxloom/scan_input.h"

namespace voxloom::data {

class InputValues {
 public:
  InputValues(const Scan& scan, const InputOptions& options);

  [[nodiscard]] std::vector<float> intensity();               // 0 to 1
  [[nodiscard]] std::vector<std::array<float, 3>> colours();  // 0 to 1
  // Says what was chosen and replaced.
  [[nodiscard]] InputFacts finish();

 private:
  void note(const std::string& text) const;
  void miss(const char* name);
  // Nothing for a value that is not finite, which counts when the network reads it.
  [[nodiscard]] std::optional<double> finite(const Column& column, std::int64_t point,
                                             bool is_read);
  void say_range() const;

  const Scan& scan_;
  const InputOptions& options_;
  InputFacts facts_;
  std::int64_t first_ = -1;  // point with a value that is not finite
  std::string first_column_;
};

}  // namespace voxloom::data
