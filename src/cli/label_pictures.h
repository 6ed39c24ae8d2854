// A scan from above and in perspective, in the colours of its classes.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "voxloom/dataset.h"

namespace voxloom::cli {

// FOLDER/NAME_above.png and NAME_perspective.png.
[[nodiscard]] std::vector<std::filesystem::path> label_pictures_of(
    const std::filesystem::path& folder, const std::string& name);

// Writes such files. `classes`: of each point a place in the table; any other number is no class, drawn in grey.
// `counts`: the points of each class, for the legend, which has those that there are.
void write_label_pictures(const std::vector<std::filesystem::path>& files, const std::string& title,
                          std::span<const std::array<float, 3>> positions,
                          std::span<const std::int32_t> classes, const ClassTable& table,
                          std::span<const std::int64_t> counts);

}  // namespace voxloom::cli
