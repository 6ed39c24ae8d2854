// Small scans with something to learn: ground, a wall and balls above it.
#pragma once

#include <cmath>

#include "oracle/random.h"
#include "voxloom/models.h"
#include "voxloom/train.h"

namespace voxloom::test {

class ToyDataset : public Dataset {
 public:
  explicit ToyDataset(
      std::int64_t scans, std::int64_t points = 400,
      ClassTable table = {.classes = {{"ground", {}, {0}}, {"wall", {}, {1}}, {"ball", {}, {2}}},
                          .ignored = {}})
      : scans_(scans), points_(points), table_(std::move(table)) {}
  [[nodiscard]] const ClassTable& classes() const override { return table_; }
  [[nodiscard]] std::int64_t size() const override { return scans_; }
  [[nodiscard]] std::string name(std::int64_t index) const override {
    return "toy " + std::to_string(index);
  }
  // The seed moves everything a little.
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t seed) const override {
    voxloom_oracle::Random random(static_cast<std::uint64_t>(index) + 1000 * (seed % 7));
    LabelledScan scan;
    const auto unit = [&] { return static_cast<float>(random.unit()); };
    for (std::int64_t i = 0; i < points_; ++i) {
      const auto label = static_cast<std::int32_t>(i % 3);
      std::array<float, 3> p = {4 * unit(), 4 * unit(), 0.05F * unit()};
      if (label == 1) p = {4 + 0.1F * unit(), 4 * unit(), 2 * unit()};
      if (label == 2) p = {1 + unit(), 2 + unit(), 0.5F + unit()};
      scan.positions.push_back(p);
      scan.intensity.push_back(0.25F * static_cast<float>(label) + 0.1F * unit());
      scan.labels.push_back(i % 50 == 49 ? kIgnoreLabel : label);
    }
    return scan;
  }

 private:
  std::int64_t scans_, points_;
  ClassTable table_;
};

// A network with everything that has a state: norms, dropout.
class ToyNet : public nn::Module {
 public:
  explicit ToyNet(std::uint64_t seed = 1)
      : unet({.in_channels = train::kPointFeatures,
              .classes = 8,
              .depth = 14,
              .stem = 8,
              .planes = {8, 8, 8, 8, 8, 8, 8, 8},
              .seed = seed}),
        head({.in = 8, .out = 3, .seed = seed + 50}) {}
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    return head.run(dropout.run(unet.run(x, pass), pass), pass);
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    unet.collect_parameters(prefix + "unet.", to);
    head.collect_parameters(prefix + "head.", to);
  }

  nn::MinkUNet unet;
  nn::Dropout dropout{0.1F};
  nn::Linear head;
};

}  // namespace voxloom::test
