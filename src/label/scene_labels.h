// The labels of a scene that no memory holds, by the numbers of its points: they come in tile by tile, and are taken
// out in the order of the scene.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "label/scene_points.h"
#include "label/spill.h"
#include "voxloom/point_labeller.h"

namespace voxloom::label {

class SceneLabels {
 public:
  // `points`: of the scene; `buffer`: bytes that may be held while labels come in.
  SceneLabels(const std::filesystem::path& beside, std::int64_t points, std::size_t buffer);

  // Takes the file's name away: for a rank alone, before anything is in it.
  void hide() { writer_.file().hide(); }
  // Those of the inner points.
  void add(const TilePoints& tile, const PointLabels& labels);
  [[nodiscard]] std::int64_t added() const { return added_; }
  // (all) Before rank 0 takes labels out.
  void share(dist::Communicator& ranks);
  // Points without any are of no class.
  [[nodiscard]] PointLabels of(std::int64_t first, std::int64_t count);

 private:
  void load(std::size_t bucket);

  std::int64_t points_;
  SpillForm spill_;
  SpillWriter writer_;
  std::unique_ptr<SpillReader> reader_;
  std::int64_t added_ = 0;
  // Those of one bucket.
  std::size_t loaded_;
  PointLabels labels_;
};

}  // namespace voxloom::label
