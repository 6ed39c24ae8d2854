// Collects what is wrong, so that a reader hears of every problem at once. A text made to be wrong in a
// million places is cut short, in number and in length.
#pragma once

#include <fmt/format.h>

#include <cstddef>
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
    if (out_.size() > kMostProblems) return;
    if (out_.size() == kMostProblems) message = "and more: the rest is not listed";
    if (message.size() > kLongestMessage) message = message.substr(0, kLongestMessage) + "...";
    out_.push_back({severity, file_, position, std::move(message)});
  }

 private:
  static constexpr std::size_t kMostProblems = 1000;
  static constexpr std::size_t kLongestMessage = 1000;

  std::string file_;
  Diagnostics& out_;
};

}  // namespace voxloom::artifact
