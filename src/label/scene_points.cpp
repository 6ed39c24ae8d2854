#include "label/scene_points.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/finite.h"

namespace voxloom::label {
namespace {

struct NumberedRow {
  std::uint64_t number;
  std::uint32_t row;
};

// Runs are in order each; `begins`: where they begin.
void merge_runs(std::vector<NumberedRow>& rows, std::vector<std::size_t> begins) {
  const auto at = [&](std::size_t i) { return rows.begin() + static_cast<std::ptrdiff_t>(i); };
  const auto is_before = [](const NumberedRow& a, const NumberedRow& b) {
    return a.number < b.number;
  };
  while (begins.size() > 1) {
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < begins.size(); i += 2) {
      left.push_back(begins[i]);
      if (i + 1 == begins.size()) continue;
      const std::size_t end = i + 2 < begins.size() ? begins[i + 2] : rows.size();
      std::inplace_merge(at(begins[i]), at(begins[i + 1]), at(end), is_before);
    }
    begins = std::move(left);
  }
}

}  // namespace

SceneSquares::SceneSquares(const std::vector<artifact::Brick>& bricks, const Grid& grid)
    : grid_(grid) {
  constexpr std::size_t kMostSquares = 2048;
  for (; shift_ < 31; ++shift_) {
    squares_.clear();
    for (const artifact::Brick& brick : bricks) squares_.try_emplace(square_at(brick.position), 0);
    if (squares_.size() <= kMostSquares) break;
  }
  std::size_t next = 0;
  for (auto& [square, number] : squares_) number = next++;
}

SceneSquares::Square SceneSquares::square_at(const artifact::BrickPosition& brick) const {
  return {brick[0] >> shift_, brick[1] >> shift_};
}

std::size_t SceneSquares::square_of(const artifact::BrickPosition& brick) const {
  const auto found = squares_.find(square_at(brick));
  require(found != squares_.end(), "segment",
          "the file changed while it was read: a point lies where none was before");
  return found->second;
}

std::vector<std::size_t> SceneSquares::touching(const artifact::Halo& halo) const {
  std::vector<std::size_t> touching;
  for (const auto& [square, number] : squares_) {
    const std::array<std::int64_t, 2> at = {square.first, square.second};
    bool touches = true;
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double low =
          artifact::brick_edge(at.at(axis) * (std::int64_t{1} << shift_), axis, grid_);
      const double high =
          artifact::brick_edge((at.at(axis) + 1) * (std::int64_t{1} << shift_), axis, grid_);
      // An edge is rounded; what lies at it is looked at.
      const double slack = grid_.voxel_size.at(axis);
      touches = touches && low - slack <= halo.high.at(axis) && high + slack >= halo.low.at(axis);
    }
    if (touches) touching.push_back(number);
  }
  return touching;
}

ScenePoints::ScenePoints(const std::filesystem::path& beside, const FeatureSet& features,
                         std::vector<artifact::Brick> bricks, const Grid& grid, std::size_t buffer)
    : form_(features),
      grid_(grid),
      squares_(bricks, grid),
      spill_{.buckets = squares_.size(),
             .record = sizeof(std::uint64_t) + form_.size() * sizeof(float),
             .buffer = buffer},
      writer_(beside, spill_) {}

void ScenePoints::add(const LabelledScan& points, std::uint64_t first) {
  std::vector<float> row(form_.size());
  std::optional<artifact::BrickPosition> brick;  // neighbours in a scan mostly share theirs
  std::size_t square = 0;
  for (std::size_t i = 0; i < points.positions.size(); ++i) {
    if (!is_finite(points.positions[i])) continue;
    const artifact::BrickPosition at = artifact::brick_of(points.positions[i], grid_);
    if (at != brick) square = squares_.square_of(at);
    brick = at;
    form_.write(points, i, row.data());
    const std::uint64_t number = first + i;
    std::byte* to = writer_.add(square);
    std::memcpy(to, &number, sizeof(number));
    std::memcpy(to + sizeof(number), row.data(), row.size() * sizeof(float));
    ++added_;
  }
}

void ScenePoints::share(dist::Communicator& ranks) {
  reader_ = std::make_unique<SpillReader>(ranks, writer_, spill_, SpillReader::Readers::all);
}

TilePoints ScenePoints::of(const artifact::Tile& tile, const artifact::Reach& reach) const {
  const artifact::Halo halo = artifact::halo_of(tile, reach);
  std::vector<NumberedRow> places;
  std::vector<std::size_t> begins = {0};  // of runs in order: a square's points of a rank are one
  std::vector<float> rows;
  const auto most = static_cast<std::size_t>(tile.points);
  places.reserve(most);
  rows.reserve(most * form_.size());
  for (const std::size_t square : squares_.touching(halo)) {
    reader_->each(square, [&](std::span<const std::byte> records) {
      for (; !records.empty(); records = records.subspan(spill_.record)) {
        std::array<float, 3> p;
        std::memcpy(p.data(), records.data() + sizeof(std::uint64_t), sizeof(p));
        if (!artifact::is_in(p, halo)) continue;
        NumberedRow place{.number = 0, .row = static_cast<std::uint32_t>(places.size())};
        std::memcpy(&place.number, records.data(), sizeof(place.number));
        if (!places.empty() && place.number < places.back().number) begins.push_back(places.size());
        places.push_back(place);
        rows.resize(rows.size() + form_.size());
        std::memcpy(rows.data() + rows.size() - form_.size(),
                    records.data() + sizeof(std::uint64_t), form_.size() * sizeof(float));
      }
    });
  }
  merge_runs(places, std::move(begins));
  TilePoints out{.points = form_.empty(), .numbers = {}, .inner = {}};
  out.points.positions.reserve(places.size());
  out.numbers.reserve(places.size());
  out.inner.reserve(places.size());
  for (const NumberedRow& place : places) {
    form_.add(out.points, rows.data() + place.row * form_.size());
    out.numbers.push_back(place.number);
    out.inner.push_back(artifact::is_inner(out.points.positions.back(), tile) ? 1 : 0);
  }
  return out;
}

}  // namespace voxloom::label
