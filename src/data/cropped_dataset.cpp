#include <fmt/core.h>

#include <cmath>

#include "core/error.h"
#include "data/draw.h"
#include "data/scan_rows.h"
#include "voxloom/augment.h"

namespace voxloom {
namespace {

// The part of a scan in a square around one of its points, which the plane's origin moves to.
LabelledScan crop(const LabelledScan& scan, double size, std::uint64_t seed) {
  if (scan.positions.empty()) return scan;
  const auto count = static_cast<std::uint64_t>(scan.positions.size());
  const std::array<float, 3> centre = scan.positions[street::Draw(seed).seed() % count];
  LabelledScan out = data::without_points(scan);
  out.scene_origin.reset();
  const auto half = static_cast<float>(size / 2);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    const float x = scan.positions[i][0] - centre[0], y = scan.positions[i][1] - centre[1];
    if (!(std::abs(x) <= half && std::abs(y) <= half)) continue;
    data::add_point(out, scan, i);
    out.positions.back()[0] = x;
    out.positions.back()[1] = y;
  }
  return out;
}

class CroppedDataset final : public Dataset {
 public:
  CroppedDataset(DatasetPtr source, double size) : source_(std::move(source)), size_(size) {}

  [[nodiscard]] const ClassTable& classes() const override { return source_->classes(); }
  [[nodiscard]] std::int64_t size() const override { return source_->size(); }
  [[nodiscard]] std::string name(std::int64_t index) const override { return source_->name(index); }
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t seed) const override {
    return crop(source_->get(index, seed), size_,
                street::mix(seed, static_cast<std::uint64_t>(index)));
  }
  [[nodiscard]] std::string recipe() const override {
    const std::string before = source_->recipe();
    return fmt::format("{}{}crop {}", before, before.empty() ? "" : " ", size_);
  }

 private:
  DatasetPtr source_;
  double size_;
};

}  // namespace

DatasetPtr cropped(DatasetPtr dataset, double size) {
  require(dataset != nullptr, "cropped", "there is no dataset");
  require(std::isfinite(size) && size > 0, "cropped", "the side should be above 0 m, got {}", size);
  return std::make_shared<CroppedDataset>(std::move(dataset), size);
}

}  // namespace voxloom
