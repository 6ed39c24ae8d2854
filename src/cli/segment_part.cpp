#include "cli/segment_part.h"

#include <fmt/core.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "cli/command.h"
#include "cli/ranks.h"

namespace voxloom::cli {
namespace {

constexpr std::size_t kMostParts = std::size_t{1} << 20;

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || value > kMostParts) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::size_t> variable(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  const auto value = whole_number(text);
  if (!value) throw BadUsage(fmt::format("{} is '{}', which is no number of a part", name, text));
  return value;
}

// sbatch --array=FIRST-LAST:STEP
std::optional<Part> part_of_array() {
  const auto task = variable("SLURM_ARRAY_TASK_ID"), count = variable("SLURM_ARRAY_TASK_COUNT");
  if (!task || !count) return std::nullopt;
  const std::size_t first = variable("SLURM_ARRAY_TASK_MIN").value_or(0);
  const std::size_t step = variable("SLURM_ARRAY_TASK_STEP").value_or(1);
  const bool is_even = step > 0 && *task >= first && (*task - first) % step == 0;
  if (!is_even || (*task - first) / step >= *count) {
    throw BadUsage(
        fmt::format("task {} of the array is none of {} from {} by {}: give --part I/N instead",
                    *task, *count, first, step));
  }
  return Part{.index = (*task - first) / step, .count = *count};
}

Part part_of_environment() {
  const std::optional<Part> array = part_of_array();
  const std::optional<Launch> launched = launch();
  if (!array && !launched) {
    throw BadUsage("--part auto: no variable of Slurm or MPI says which part this is");
  }
  Part part = array.value_or(Part{});
  if (launched) {
    const auto size = static_cast<std::size_t>(launched->size);
    part = {.index = part.index * size + static_cast<std::size_t>(launched->rank),
            .count = part.count * size};
  }
  return part;
}

}  // namespace

Part part_of(const std::string& text) {
  if (text == "auto") return part_of_environment();
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const auto index = whole_number(std::string_view(text).substr(0, slash));
    const auto count = whole_number(std::string_view(text).substr(slash + 1));
    if (index && count && *index >= 1 && *index <= *count) {
      return {.index = *index - 1, .count = *count};
    }
  }
  throw BadUsage(fmt::format("--part is '{}'; it is I/N with I from 1 to N, or auto", text));
}

}  // namespace voxloom::cli
