// A scan as a folder of arrays, one file each, as indoor data sets are kept: coord.npy (N,3), and beside it
// color.npy, normal.npy, strength.npy, segment.npy and others with N rows. Readers see one source of columns.
#pragma once

#include <filesystem>

#include "io/point_source.h"

namespace voxloom::io {

[[nodiscard]] bool is_npy_folder(const std::filesystem::path& path);

// FormatError for a file that is no array, or coord.npy that is none of points. What has another number of rows is left
// out, and said.
[[nodiscard]] Points open_npy_folder(const std::filesystem::path& path, const ReadOptions& options);

}  // namespace voxloom::io
