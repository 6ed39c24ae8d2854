#include "cli/scene_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "voxloom/error.h"

namespace voxloom::cli {

SceneFile::SceneFile(std::filesystem::path path, const ReadOptions& how, std::int64_t piece_points,
                     std::function<void()> on_piece)
    : path_(std::move(path)),
      how_(how),
      piece_points_(piece_points),
      on_piece_(std::move(on_piece)) {
  ScanReader reader(path_, how_);
  state_ = state();
  size_ = reader.size();
  head_ = reader.read(0);
  how_.on_note = {};
}

SceneFile::State SceneFile::state() const {
  const bool is_file = std::filesystem::is_regular_file(path_);
  return {.bytes = is_file ? std::filesystem::file_size(path_) : 0,
          .time = std::filesystem::last_write_time(path_)};
}

void SceneFile::require_unchanged() const {
  if (state() == state_) return;
  throw FormatError(fmt::format("{}: changed while it was read", path_.string()));
}

void SceneFile::each(std::int64_t begin, std::int64_t end,
                     const std::function<void(Scan piece)>& use) const {
  require_unchanged();
  ScanReader reader(path_, how_);
  reader.skip(begin);
  for (std::int64_t at = begin; at < end; at += piece_points_) {
    if (on_piece_) on_piece_();
    use(reader.read(std::min(piece_points_, end - at)));
  }
  require_unchanged();
}

}  // namespace voxloom::cli
