// Scenes made when they are asked for.
#include <algorithm>
#include <array>

#include "core/error.h"
#include "sim/worlds.h"

namespace voxloom::sim {
namespace {

constexpr std::uint64_t kSeeds = std::uint64_t{1} << 32;
constexpr std::int64_t kMaxScans = std::int64_t{1} << 28;

class WorldDataset final : public Dataset {
 public:
  WorldDataset(World world, const WorldOptions& options) : row_(row_of(world)), options_(options) {}

  [[nodiscard]] const ClassTable& classes() const override { return row_.info.classes; }
  [[nodiscard]] std::int64_t size() const override { return options_.scans; }
  [[nodiscard]] std::string name(std::int64_t index) const override {
    check(index);
    return fmt::format("{:06}", index);
  }
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t /*seed*/) const override {
    check(index);
    // World, split, seed and scan are different bits of one number, and mixing it is one-to-one: no
    // two scenes, of whatever worlds, splits and seeds, begin with the same state.
    const std::uint64_t number = static_cast<std::uint64_t>(row_.world) << 62 |
                                 static_cast<std::uint64_t>(options_.split) << 60 |
                                 options_.seed << 28 | static_cast<std::uint64_t>(index);
    street::Draw draw(Random(number).next());
    return row_.scan(options_, draw);
  }
  [[nodiscard]] std::string recipe() const override {
    return fmt::format("{} {} seed {} sensor {}", row_.scenes, name_of(options_.split),
                       options_.seed, options_.sensor ? name_of(*options_.sensor) : "any");
  }

 private:
  void check(std::int64_t index) const {
    require(index >= 0 && index < options_.scans, "world_dataset",
            "there is no scan {}; there are {}", index, options_.scans);
  }

  const WorldRow& row_;
  WorldOptions options_;
};

std::string sensors_of(const WorldRow& row) {
  std::string names;
  for (const Sensor sensor : row.info.sensors) {
    names += names.empty() ? "" : ", ";
    names += name_of(sensor);
  }
  return names;
}

}  // namespace

std::string_view name_of(Split split) {
  constexpr std::array<std::string_view, 3> kNames = {"train", "val", "test"};
  return kNames.at(static_cast<std::size_t>(split));
}

std::string_view name_of(Sensor sensor) {
  constexpr std::array<std::string_view, 6> kNames = {"hdl64", "hdl32", "vlp16",
                                                      "tls",   "rgbd",  "als"};
  return kNames.at(static_cast<std::size_t>(sensor));
}

DatasetPtr world_dataset(World world, const WorldOptions& options) {
  const WorldRow& row = row_of(world);
  require(options.scans >= 0 && options.scans <= kMaxScans, "world_dataset",
          "{} scans; from 0 to {} can be made", options.scans, kMaxScans);
  require(options.seed < kSeeds, "world_dataset", "the seed {} is not below 2^32", options.seed);
  require(!options.sensor || std::ranges::count(row.info.sensors, *options.sensor) > 0,
          "world_dataset", "the world {} has no sensor {}; it has {}", row.name,
          options.sensor ? name_of(*options.sensor) : "", sensors_of(row));
  return std::make_shared<WorldDataset>(world, options);
}

}  // namespace voxloom::sim
