#include "cli/outputs.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "cli/streams.h"
#include "core/atomic_file.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAttribute = "user.voxloom";

// Of a regular file, links followed.
std::optional<struct stat> stat_of(const fs::path& path) {
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0 || !S_ISREG(seen.st_mode)) return std::nullopt;
  return seen;
}

// What a file was when it was written.
std::string state_of(const struct stat& seen) {
  return fmt::format("{} {}.{:09}", static_cast<std::int64_t>(seen.st_size),
                     static_cast<std::int64_t>(seen.st_mtim.tv_sec),
                     static_cast<std::int64_t>(seen.st_mtim.tv_nsec));
}

bool is_ours(const fs::path& path, const struct stat& seen) {
  std::array<char, 64> text{};
  const ssize_t size = ::getxattr(path.c_str(), kAttribute, text.data(), text.size());
  return size > 0 &&
         std::string_view(text.data(), static_cast<std::size_t>(size)) == state_of(seen);
}

}  // namespace

void add_overwrite_option(Options command, bool& overwrite) {
  command.add_flag("--overwrite", overwrite,
                   "Replace files that stand there and are not of this program's making");
}

Outputs::Outputs(std::vector<fs::path> inputs, bool overwrite)
    : inputs_(std::move(inputs)), overwrite_(overwrite) {}

const std::vector<Outputs::Id>& Outputs::input_ids() const {
  if (ids_) return *ids_;
  std::vector<Id>& ids = ids_.emplace();
  const auto add = [&](const fs::path& path) {
    if (const auto seen = stat_of(path)) ids.push_back({seen->st_dev, seen->st_ino});
  };
  for (const fs::path& input : inputs_) {
    add(input);
    std::error_code none;
    if (!fs::is_directory(input, none)) continue;
    for (const auto& entry :
         fs::recursive_directory_iterator(input, fs::directory_options::skip_permission_denied)) {
      add(entry.path());
    }
  }
  std::ranges::sort(ids);
  return ids;
}

bool Outputs::is_input(const fs::path& output) const {
  const auto seen = stat_of(output);
  return seen && std::ranges::binary_search(input_ids(), Id{seen->st_dev, seen->st_ino});
}

void Outputs::require_free(const fs::path& output) const {
  if (output.empty() || output == kStream) return;
  const auto seen = stat_of(output);
  if (!seen) return;
  if (is_input(output)) {
    throw std::invalid_argument(fmt::format(
        "'{}' is an input of this call and would be replaced: choose another place for the output",
        output.string()));
  }
  // What is written through is not replaced, as when /dev/stdout leads to a file.
  if (overwrite_ || is_ours(output, *seen) || file_place(output).is_through) return;
  throw std::invalid_argument(fmt::format(
      "'{}' is there already, and not of this program's making, or changed since: --overwrite "
      "replaces it",
      output.string()));
}

void Outputs::require_place(const fs::path& output) const {
  require_free(output);
  if (output.empty() || output == kStream) return;
  static_cast<void>(AtomicFile(output));
}

// Best effort: without a mark the next call asks.
void Outputs::mark(const fs::path& output) {
  const auto seen = stat_of(output);
  if (!seen || file_place(output).is_through) return;  // which may hold more than what was written
  const std::string state = state_of(*seen);
  static_cast<void>(::setxattr(output.c_str(), kAttribute, state.data(), state.size(), 0));
}

}  // namespace voxloom::cli
