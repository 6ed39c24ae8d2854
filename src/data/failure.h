// One line for bad data in a dataset: `[open_dataset] FILE: reason`.
#pragma once

#include <fmt/core.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "voxloom/error.h"

namespace voxloom::data {

inline constexpr std::string_view kOpenDataset = "open_dataset";

template <typename... Args>
[[noreturn]] void fail_data(const std::filesystem::path& file, fmt::format_string<Args...> text,
                            Args&&... args) {
  throw FormatError(fmt::format("[{}] {}: {}", kOpenDataset, file.string(),
                                fmt::format(text, std::forward<Args>(args)...)));
}

}  // namespace voxloom::data
