// A scan's file that is gone through again and again, a piece at a time, and must not change meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "voxloom/io.h"

namespace voxloom::cli {

class SceneFile {
 public:
  // What there is to say of the file is said now. `on_piece` is called before each piece.
  SceneFile(std::filesystem::path path, const ReadOptions& how, std::int64_t piece_points,
            std::function<void()> on_piece);

  [[nodiscard]] std::int64_t size() const { return size_; }  // points of the file
  // Without points, with all that pieces have in common.
  [[nodiscard]] const Scan& head() const { return head_; }
  // The points begin to end of the file, but for those that are left out. FormatError when the file is not what it was.
  void each(std::int64_t begin, std::int64_t end, const std::function<void(Scan piece)>& use) const;

 private:
  struct State {
    std::uintmax_t bytes = 0;
    std::filesystem::file_time_type time = {};
    friend bool operator==(const State&, const State&) = default;
  };
  [[nodiscard]] State state() const;
  void require_unchanged() const;

  std::filesystem::path path_;
  ReadOptions how_;
  std::int64_t piece_points_;
  std::function<void()> on_piece_;
  State state_;
  std::int64_t size_ = 0;
  Scan head_;
};

}  // namespace voxloom::cli
