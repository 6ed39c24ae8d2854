// Collects what is wrong, so that a reader hears of every problem at once. A text made to be wrong in a
// million places is cut short, in number and in length.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "artifact/graph/names.h"
#include "voxloom/graph.h"

namespace voxloom::artifact {

inline constexpr const char* kGraphFile = "graph.mlir";
inline constexpr const char* kWeightFile = "weights.safetensors";

class Reporter {
 public:
  Reporter(std::string file, Diagnostics& out) : file_(std::move(file)), out_(out) {}

  template <typename... Args>
  void error(Position position, fmt::format_string<Args...> text, Args&&... args) {
    add(Severity::error, position, text, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void warning(Position position, fmt::format_string<Args...> text, Args&&... args) {
    add(Severity::warning, position, text, fmt::make_format_args(args...));
  }
  void add(Severity severity, Position position, fmt::string_view text, fmt::format_args args);
  void add(Severity severity, Position position, std::string message);
  [[nodiscard]] bool has_errors() const { return artifact::has_errors(out_); }

 private:
  std::string file_;
  Diagnostics& out_;
};

}  // namespace voxloom::artifact
