#include "io/npy_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/failure.h"
#include "io/named_vectors.h"
#include "io/npy_header.h"

namespace voxloom::io {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPoints = "coord.npy";

std::string column_name(const std::string& array) {
  if (array == "segment") return "label";
  return array == "strength" ? "intensity" : array;
}

}  // namespace

bool is_npy_folder(const fs::path& path) { return fs::is_regular_file(path / kPoints); }

Points open_npy_folder(const fs::path& path, const ReadOptions& options) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == ".npy" && entry.path().filename() != kPoints) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  const Bytes coord = open_file(path / kPoints);
  std::vector<Points> parts;
  NpyHeader of_points = read_npy_header(coord);
  set_upright(of_points, options.on_note);
  parts.push_back(open_npy_array(coord, of_points, "", options.on_note));
  const std::int64_t points = parts[0]->size();
  for (const fs::path& file : files) {
    const std::string array = file.stem().string();
    const Bytes bytes = open_file(file);
    const NpyHeader header = read_npy_header(bytes);
    if (header.shape.empty() || header.shape[0] != points || header.shape.size() > 2 ||
        (header.problem.empty() && has_scattered_text(header))) {
      if (options.on_note) {
        options.on_note(
            fmt::format("{} is no array of {} rows: left out", file.filename().string(), points));
      }
      continue;
    }
    parts.push_back(open_npy_array(bytes, header, column_name(array), options.on_note));
  }
  return with_named_vectors(join(std::move(parts)));
}

}  // namespace voxloom::io
