// The points of a scene that no memory holds, by place: as a network sees them, in a file beside the results, from
// which those of a tile and its halo are taken in the order of the scene.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "artifact/tiles/bricks.h"
#include "artifact/tiles/tile_halo.h"
#include "data/scan_rows.h"
#include "label/spill.h"

namespace voxloom::label {

// Squares of the plane, each of several bricks.
class SceneSquares {
 public:
  // Squares that hold every brick, some thousands of them at most.
  SceneSquares(const std::vector<artifact::Brick>& bricks, const Grid& grid);

  [[nodiscard]] std::size_t size() const { return squares_.size(); }
  // The square of a brick, which must be there.
  [[nodiscard]] std::size_t square_of(const artifact::BrickPosition& brick) const;
  [[nodiscard]] std::vector<std::size_t> touching(const artifact::Halo& halo) const;

 private:
  using Square = std::pair<std::int32_t, std::int32_t>;
  [[nodiscard]] Square square_at(const artifact::BrickPosition& brick) const;

  Grid grid_;
  int shift_ = 0;
  std::map<Square, std::size_t> squares_;
};

// The points of a tile and its halo, in the order of the scene.
struct TilePoints {
  LabelledScan points;
  std::vector<std::uint64_t> numbers;  // in the scene
  std::vector<std::uint8_t> inner;     // of each: 1 for an inner point
};

class ScenePoints {
 public:
  // `buffer`: bytes that may be held while points come in.
  ScenePoints(const std::filesystem::path& beside, const FeatureSet& features,
              std::vector<artifact::Brick> bricks, const Grid& grid, std::size_t buffer);

  // Takes the file's name away: for a rank alone, before anything is in it.
  void hide() { writer_.file().hide(); }
  // Points that are not finite are passed over. `first`: the number of the first.
  void add(const LabelledScan& points, std::uint64_t first);
  [[nodiscard]] std::int64_t added() const { return added_; }
  // (all) Before points are taken out.
  void share(dist::Communicator& ranks);
  [[nodiscard]] TilePoints of(const artifact::Tile& tile, const artifact::Reach& reach) const;

  // What of() takes for a point beside what a run of the network does, which counts position, intensity and label: its
  // place, its row and its number, and what else the features want once more.
  [[nodiscard]] double taken_bytes() const {
    constexpr double kPlace = 16, kNumber = sizeof(std::uint64_t), kUsual = 4;
    const auto floats = static_cast<double>(form_.size());
    return kPlace + kNumber + sizeof(float) * (floats + (floats - kUsual));
  }

 private:
  data::RowForm form_;
  Grid grid_;
  SceneSquares squares_;
  SpillForm spill_;
  SpillWriter writer_;
  std::unique_ptr<SpillReader> reader_;
  std::int64_t added_ = 0;
};

}  // namespace voxloom::label
