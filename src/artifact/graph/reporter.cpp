#include "artifact/graph/reporter.h"

#include <fmt/format.h>

namespace voxloom::artifact {
namespace {

constexpr std::size_t kMostProblems = 1000;
constexpr std::size_t kLongestMessage = 1000;

}  // namespace

void Reporter::add(Severity severity, Position position, fmt::string_view text,
                   fmt::format_args args) {
  add(severity, position, fmt::vformat(text, args));
}

void Reporter::add(Severity severity, Position position, std::string message) {
  if (out_.size() > kMostProblems) return;
  if (out_.size() == kMostProblems) message = "and more: the rest is not listed";
  if (message.size() > kLongestMessage) {
    message.resize(kLongestMessage);
    message += "...";
  }
  out_.push_back({severity, file_, position, std::move(message)});
}

}  // namespace voxloom::artifact
