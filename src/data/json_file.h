// Small JSON files that people write.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace voxloom::data {

// An object; FormatError with the file's name for anything else, and for more than 1 MiB.
[[nodiscard]] nlohmann::ordered_json read_json_object(const std::filesystem::path& path);

}  // namespace voxloom::data
