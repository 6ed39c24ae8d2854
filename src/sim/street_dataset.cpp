// Streets made when they are asked for.
#include <array>

#include "core/error.h"
#include "sim/scene.h"
#include "voxloom/simulator.h"

namespace voxloom::sim {
namespace {

constexpr std::uint64_t kSeeds = std::uint64_t{1} << 32;
constexpr std::int64_t kMaxScans = std::int64_t{1} << 28;

class StreetDataset final : public Dataset {
 public:
  explicit StreetDataset(const StreetOptions& options) : options_(options) {}

  [[nodiscard]] const ClassTable& classes() const override { return street_classes(); }
  [[nodiscard]] std::int64_t size() const override { return options_.scans; }
  [[nodiscard]] std::string name(std::int64_t index) const override {
    check(index);
    return fmt::format("{:06}", index);
  }
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t /*seed*/) const override {
    check(index);
    // Split, seed and scan are different bits of one number, and mixing it is one-to-one: no two
    // streets, of whatever splits and seeds, begin with the same state.
    const std::uint64_t number = static_cast<std::uint64_t>(options_.split) << 60 |
                                 options_.seed << 28 | static_cast<std::uint64_t>(index);
    street::Draw draw(Random(number).next());
    const street::StreetDesign design = draw_design(options_, draw);
    const street::Scene scene = build_scene(design, draw);
    return spin(scene, street::lidar_of(design.sensor), draw.seed());
  }
  [[nodiscard]] std::string recipe() const override {
    return fmt::format("streets {} seed {} sensor {}", name_of(options_.split), options_.seed,
                       options_.sensor ? name_of(*options_.sensor) : "any");
  }

 private:
  void check(std::int64_t index) const {
    require(index >= 0 && index < options_.scans, "street_dataset",
            "there is no scan {}; there are {}", index, options_.scans);
  }

  StreetOptions options_;
};

}  // namespace

std::string_view name_of(Split split) {
  constexpr std::array<std::string_view, 3> kNames = {"train", "val", "test"};
  return kNames.at(static_cast<std::size_t>(split));
}

std::string_view name_of(Sensor sensor) {
  constexpr std::array<std::string_view, 3> kNames = {"hdl64", "hdl32", "vlp16"};
  return kNames.at(static_cast<std::size_t>(sensor));
}

DatasetPtr street_dataset(const StreetOptions& options) {
  require(options.scans >= 0 && options.scans <= kMaxScans, "street_dataset",
          "{} scans; from 0 to {} can be made", options.scans, kMaxScans);
  require(options.seed < kSeeds, "street_dataset", "the seed {} is not below 2^32", options.seed);
  return std::make_shared<StreetDataset>(options);
}

}  // namespace voxloom::sim
