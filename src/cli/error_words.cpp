#include "cli/error_words.h"

#include <fmt/core.h>

#include <filesystem>
#include <string_view>

namespace voxloom::cli {
namespace {

// "filesystem error: cannot remove: No such file or directory [a] [b]": what was tried.
std::string tried_in(std::string_view text) {
  constexpr std::string_view kBegin = "filesystem error: ";
  if (text.starts_with(kBegin)) text.remove_prefix(kBegin.size());
  return std::string(text.substr(0, text.find(": ")));
}

}  // namespace

std::string error_words(const std::exception& error) {
  const auto* found = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
  if (found == nullptr) return error.what();
  std::string places;
  for (const std::filesystem::path& path : {found->path1(), found->path2()}) {
    if (!path.empty()) places += fmt::format("{} '{}'", places.empty() ? "" : ",", path.string());
  }
  return fmt::format("{}{}: {}", tried_in(found->what()), places, found->code().message());
}

std::string error_on(const std::string& file, const std::string& words) {
  return words.find(file) == std::string::npos ? fmt::format("{}: {}", file, words) : words;
}

}  // namespace voxloom::cli
