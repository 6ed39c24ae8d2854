// The cases: what is measured, from a selection that a user makes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure.h"
#include "bench/scene_maps.h"
#include "voxloom/dtype.h"

namespace voxloom::bench {

enum class ConvOp : std::uint8_t { forward, dgrad, wgrad, down, up, depthwise, pointwise, whole };
inline constexpr std::string_view kConvOpNames[] = {"forward", "dgrad",     "wgrad",     "down",
                                                    "up",      "depthwise", "pointwise", "whole"};

// Element types of features and weights. Packed weights go with float32 features.
struct Storage {
  std::string_view name;
  DType features;
  int packed_bits;  // 0: weights have the features' type
};
inline constexpr Storage kStorages[] = {{"f32", DType::f32, 0},
                                        {"f16", DType::f16, 0},
                                        {"bf16", DType::bf16, 0},
                                        {"int8", DType::f32, 8},
                                        {"int4", DType::f32, 4}};

struct ChannelPair {
  std::int64_t in = 0, out = 0;
};

// What the user asked for; what stays empty is filled with the default cases.
struct ConvSelection {
  std::vector<ChannelPair> channels;
  std::vector<ConvOp> ops;
  std::vector<Storage> storages;
  std::optional<Cube> cube;
};

struct ConvSpec {
  ConvOp op = ConvOp::forward;
  ChannelPair channels;
  Storage storage = kStorages[0];
  Cube cube = {};
};

[[nodiscard]] std::vector<ConvSpec> conv_specs(const ConvSelection& selection);
[[nodiscard]] std::string name_of(const ConvSpec& spec);  // "dgrad 3x3x3"

// Tensors are made here; nothing is computed yet but the map.
[[nodiscard]] Case conv_case(const std::shared_ptr<SceneMaps>& scene, const ConvSpec& spec);

// Rows to an index; an index to a map (support included); both.
enum class MapStage : std::uint8_t { index, map, all };
[[nodiscard]] std::string name_of(MapStage stage, const Cube& cube);  // "index + map 3x3x3"
[[nodiscard]] Case map_case(const std::shared_ptr<SceneMaps>& scene, MapStage stage,
                            const Cube& cube);

// MinkUNet34C with 3 input channels and 20 classes. The first call builds the maps.
[[nodiscard]] Case net_case(const std::shared_ptr<SceneMaps>& scene);

// MinkUNet14 with 16 channels at its stem: inference, a training step, and its parts.
enum class TrainPart : std::uint8_t { inference, forward, backward, update, step };
inline constexpr std::string_view kTrainPartNames[] = {"inference", "forward", "backward", "update",
                                                       "training step"};
[[nodiscard]] Case train_case(const std::shared_ptr<SceneMaps>& scene, TrainPart part);

}  // namespace voxloom::bench
