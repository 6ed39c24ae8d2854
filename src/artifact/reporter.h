// Collects what is wrong, so that a reader hears of every problem at once.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "voxloom/graph.h"

namespace voxloom::artifact {

inline constexpr const char* kGraphFile = "graph.mlir";
inline constexpr const char* kWeightFile = "weights.safetensors";

class Reporter {
 public:
  Reporter(std::string file, Diagnostics& out) : file_(std::move(file)), out_(out) {}

  template <typename... Args>
  void error(Position position, fmt::format_string<Args...> text, Args&&... args) {
    add(Severity::error, position, fmt::format(text, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warning(Position position, fmt::format_string<Args...> text, Args&&... args) {
    add(Severity::warning, position, fmt::format(text, std::forward<Args>(args)...));
  }
  void add(Severity severity, Position position, std::string message) {
    out_.push_back({severity, file_, position, std::move(message)});
  }
  [[nodiscard]] std::size_t count() const { return out_.size(); }

 private:
  std::string file_;
  Diagnostics& out_;
};

}  // namespace voxloom::artifact
