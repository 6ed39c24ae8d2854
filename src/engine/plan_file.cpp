#include "engine/plan_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>
#include <vector>

#include "core/atomic_file.h"
#include "engine/choice.h"
#include "voxloom/version.h"

namespace voxloom::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "voxloom plans 3";
constexpr std::uintmax_t kMostBytes = 16 << 20;  // more than tuning can ever write

std::string version_line() { return fmt::format("version {}", version()); }
std::string cpu_line() { return fmt::format("cpu {}", cpu_backend().machine()); }

// The lines of a text whose last line is complete.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

// "offset_major:2x128": exactly what to_text writes, of an algorithm that there is.
std::optional<Choice> parse_choice(std::string_view text) {
  Choice choice;
  const std::size_t colon = text.find(':');
  choice.algorithm = text.substr(0, colon);
  const std::vector<std::string> known = algorithm_names();
  if (std::ranges::find(known, choice.algorithm) == known.end()) return std::nullopt;
  if (colon != std::string_view::npos) {
    std::istringstream numbers{std::string(text.substr(colon + 1))};
    char x = 0;
    numbers >> choice.cut.blocks >> x >> choice.cut.columns;
  }
  const bool possible = choice.cut.blocks >= 0 && choice.cut.blocks <= kMostCut.blocks &&
                        choice.cut.columns >= 0 && choice.cut.columns <= kMostCut.columns;
  if (!possible || to_text(choice) != text) return std::nullopt;
  return choice;
}

bool parse_plan(std::string_view line, Plans& plans) {
  const std::size_t blank = line.rfind(' ');
  if (blank == std::string_view::npos) return false;
  const auto key = parse_plan_key(line.substr(0, blank));
  const auto choice = parse_choice(line.substr(blank + 1));
  if (!key || !choice) return false;
  plans.insert_or_assign(*key, *choice);
  return true;
}

// Held while alive; freed by the system when the process ends, however it ends.
class FileLock {
 public:
  explicit FileLock(const fs::path& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    int result = -1;
    do {
      result = file_ < 0 ? -1 : ::flock(file_, LOCK_EX);
    } while (result != 0 && file_ >= 0 && errno == EINTR);
    if (result == 0) return;
    const int error = errno;
    if (file_ >= 0) ::close(file_);
    throw std::system_error(error, std::generic_category(),
                            fmt::format("[plans] cannot lock '{}'", path.string()));
  }
  ~FileLock() { ::close(file_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

}  // namespace

std::string format_plans(const Plans& plans) {
  std::string text = fmt::format("{}\n{}\n{}\n", kFirstLine, version_line(), cpu_line());
  for (const auto& [key, choice] : plans) {
    text += fmt::format("{} {}\n", to_text(key), to_text(choice));
  }
  return text;
}

PlanText parse_plans(std::string_view text) {
  const auto refuse = [](std::string why) { return PlanText{{}, std::move(why)}; };
  if (!text.starts_with(fmt::format("{}\n", kFirstLine))) {
    return refuse("is no file of tuned plans that this version reads");
  }
  if (!text.ends_with('\n')) return refuse("is truncated");
  const std::vector<std::string_view> lines = lines_of(text);
  if (lines.size() < 3) return refuse("is truncated");
  if (lines[1] != version_line()) {
    return refuse(fmt::format("is of '{}', this is '{}'", lines[1], version_line()));
  }
  if (lines[2] != cpu_line()) {
    return refuse(fmt::format("is of '{}', this is '{}'", lines[2], cpu_line()));
  }
  PlanText result;
  for (std::size_t i = 3; i < lines.size(); ++i) {
    if (!parse_plan(lines[i], result.plans)) {
      return refuse(fmt::format("has no plan in line {}: '{}'", i + 1, lines[i].substr(0, 100)));
    }
  }
  return result;
}

PlanText read_plans(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  const std::uintmax_t size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  PlanText result;
  if (error || !file || size > kMostBytes) {
    result.warning = "cannot be read";
  } else {
    result = parse_plans(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  if (!result.warning.empty()) {
    result.warning = fmt::format("'{}' {}: not used", path.string(), result.warning);
  }
  return result;
}

void merge_plans_into(const fs::path& path, const Plans& plans) {
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  fs::path lock_path = path;
  lock_path += ".lock";
  const FileLock lock(lock_path);
  Plans merged = read_plans(path).plans;
  for (const auto& [key, choice] : plans) merged.insert_or_assign(key, choice);
  AtomicFile file(path);
  file.write(format_plans(merged));
  file.commit();
}

}  // namespace voxloom::engine
