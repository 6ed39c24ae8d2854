// What nn::ResNet and nn::LinkNet have in common: a stem and four stages that each halve the resolution.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/models.h"

namespace voxloom::nn {

struct ResNetEncoderOptions {
  std::int64_t in_channels = 3;
  int depth = 18;           // 14, 18, 34 or 50
  std::int64_t width = 64;  // of the stem, in [1, 4096]
  Triple stem_kernel = 5;
  std::uint64_t seed = 0;
};

class ResNetEncoder {
 public:
  static constexpr std::size_t kStages = 4;

  // std::invalid_argument in the name of `op`.
  ResNetEncoder(std::string_view op, const ResNetEncoderOptions& options);
  ResNetEncoder(const ResNetEncoder& other);

  // The features of the stem and of each stage but the last go to `levels`, where there is one; gives the last ones.
  [[nodiscard]] Variable run(const Variable& x, std::vector<Variable>* levels, Pass& pass) const;
  // Of the stem and of each stage.
  [[nodiscard]] const std::vector<std::int64_t>& channels() const { return channels_; }
  // That no layer here draws from, nor any after it.
  [[nodiscard]] std::uint64_t next_seed() const { return next_seed_; }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) const;

 private:
  ConvNorm stem_;
  std::vector<ConvNorm> down_;
  std::vector<std::vector<std::unique_ptr<Module>>> blocks_;
  std::vector<std::int64_t> channels_;
  std::uint64_t next_seed_;
};

}  // namespace voxloom::nn
