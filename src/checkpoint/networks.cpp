// The tables of networks. Patterns of names have these numbers in them, level counting from 0 in the order
// that the levels run:
//   {i} level   {n} level + 1   {c} 3 - level   {d} level + 4   {e} level + 5
//   {b} block   {b1} block + 1
//   {p} 2^level   {q} 2^(4 - level)
#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/network_steps.h"

namespace voxloom::checkpoint {
namespace {

constexpr int kLevels = 4;

std::string numbered(const std::string& pattern, int level, int block = 0) {
  return fmt::format(fmt::runtime(pattern), fmt::arg("i", level), fmt::arg("n", level + 1),
                     fmt::arg("c", kLevels - 1 - level), fmt::arg("d", level + kLevels),
                     fmt::arg("e", level + kLevels + 1), fmt::arg("p", 1 << level),
                     fmt::arg("q", 1 << (kLevels - level)), fmt::arg("b", block),
                     fmt::arg("b1", block + 1));
}

// A product and its norm.
struct Pair {
  std::string product, norm;
};

struct BlockNames {
  Pair first, second, shortcut;  // within a block
};

// A U-Net of four halvings: stem, (down, blocks) four times, (up, blocks) four times, head.
struct UNet {
  std::vector<Pair> stem;
  Along stem_kernel = cube(3);
  Pair down, up;                 // patterns
  std::string encoder, decoder;  // patterns of what stands before the names of a block
  BlockNames block;
  std::string head;
  bool has_linear_head = false;
  std::array<int, 2 * kLevels> blocks = {2, 3, 4, 6, 2, 2, 2, 2};
  std::array<std::int64_t, 2 * kLevels> planes = {};  // 0: any
};

void add_blocks(const UNet& net, bool is_up, int level, std::vector<Step>& steps) {
  const auto stage = static_cast<std::size_t>(is_up ? kLevels + level : level);
  for (int b = 0; b < net.blocks[stage]; ++b) {
    const std::string prefix = numbered(is_up ? net.decoder : net.encoder, level, b);
    const BlockNames& names = net.block;
    steps.push_back({.act = Act::block,
                     .product = prefix + names.first.product,
                     .norm = prefix + names.first.norm,
                     .product2 = prefix + names.second.product,
                     .norm2 = prefix + names.second.norm,
                     .shortcut = prefix + names.shortcut.product,
                     .shortcut_norm = prefix + names.shortcut.norm,
                     .out_channels = net.planes[stage]});
  }
}

std::vector<Step> steps_of(const UNet& net) {
  std::vector<Step> steps;
  for (const Pair& names : net.stem) {
    steps.push_back({.product = names.product, .norm = names.norm, .kernel = net.stem_kernel});
  }
  for (int level = 0; level < kLevels; ++level) {
    steps.push_back({.act = Act::keep});
    steps.push_back({.act = Act::halve,
                     .product = numbered(net.down.product, level),
                     .norm = numbered(net.down.norm, level),
                     .kernel = cube(2),
                     .stride = cube(2)});
    add_blocks(net, false, level, steps);
  }
  for (int level = 0; level < kLevels; ++level) {
    steps.push_back({.act = Act::up,
                     .product = numbered(net.up.product, level),
                     .norm = numbered(net.up.norm, level),
                     .kernel = cube(2),
                     .stride = cube(2),
                     .out_channels = net.planes[static_cast<std::size_t>(kLevels + level)]});
    add_blocks(net, true, level, steps);
  }
  steps.push_back(
      {.act = Act::head, .product = net.head, .kernel = cube(1), .is_linear = net.has_linear_head});
  return steps;
}

// MinkowskiEngine's examples/minkunet.py, from which many others took their names.
UNet minkunet(const std::array<int, 8>& blocks, const std::array<std::int64_t, 8>& planes) {
  return {.stem = {{"conv0p1s1", "bn0.bn"}},
          .stem_kernel = cube(5),
          .down = {"conv{n}p{p}s2", "bn{n}.bn"},
          .up = {"convtr{d}p{q}s2", "bntr{d}.bn"},
          .encoder = "block{n}.{b}.",
          .decoder = "block{e}.{b}.",
          .block = {.first = {"conv1", "norm1.bn"},
                    .second = {"conv2", "norm2.bn"},
                    .shortcut = {"downsample.0", "downsample.1.bn"}},
          .head = "final",
          .blocks = blocks,
          .planes = planes};
}

struct MinkUNetRow {
  const char* name;
  std::array<int, 8> blocks;
  std::array<std::int64_t, 8> planes;
};
constexpr std::array<int, 8> k14 = {1, 1, 1, 1, 1, 1, 1, 1}, k18 = {2, 2, 2, 2, 2, 2, 2, 2},
                             k34 = {2, 3, 4, 6, 2, 2, 2, 2};
constexpr std::array kMinkUNets = {
    MinkUNetRow{"minkunet14", k14, {}},
    MinkUNetRow{"minkunet14a", k14, {32, 64, 128, 256, 128, 128, 96, 96}},
    MinkUNetRow{"minkunet14b", k14, {32, 64, 128, 256, 128, 128, 128, 128}},
    MinkUNetRow{"minkunet14c", k14, {32, 64, 128, 256, 192, 192, 128, 128}},
    MinkUNetRow{"minkunet18", k18, {}},
    MinkUNetRow{"minkunet18a", k18, {32, 64, 128, 256, 128, 128, 96, 96}},
    MinkUNetRow{"minkunet18b", k18, {32, 64, 128, 256, 128, 128, 128, 128}},
    MinkUNetRow{"minkunet34", k34, {}},
    MinkUNetRow{"minkunet34a", k34, {32, 64, 128, 256, 256, 128, 64, 64}},
    MinkUNetRow{"minkunet34b", k34, {32, 64, 128, 256, 256, 128, 64, 32}},
    MinkUNetRow{"minkunet34c", k34, {32, 64, 128, 256, 256, 128, 96, 96}},
};

Network minkunet_network(const MinkUNetRow& row) {
  return {.about = {.name = row.name,
                    .summary = "MinkUNet of MinkowskiEngine's examples",
                    .libraries = {Library::minkowski}},
          .steps = steps_of(minkunet(row.blocks, row.planes))};
}

Network spunet() {
  return {.about = {.name = "spunet",
                    .summary = "Pointcept's SpUNet-v1m1",
                    .libraries = {Library::spconv, Library::spconv1}},
          .steps = steps_of({.stem = {{"conv_input.0", "conv_input.1"}},
                             .stem_kernel = cube(5),
                             .down = {"down.{i}.0", "down.{i}.1"},
                             .up = {"up.{c}.0", "up.{c}.1"},
                             .encoder = "enc.{i}.block{b}.",
                             .decoder = "dec.{c}.block{b}.",
                             .block = {.first = {"conv1", "bn1"},
                                       .second = {"conv2", "bn2"},
                                       .shortcut = {"proj.0", "proj.1"}},
                             .head = "final"}),
          .eps = 1e-3F};
}

Network spvnas_minkunet() {
  return {.about = {.name = "spvnas-minkunet",
                    .summary = "MinkUNet of SPVNAS, beside SPVCNN",
                    .libraries = {Library::torchsparse}},
          .steps = steps_of({.stem = {{"stem.0", "stem.1"}, {"stem.3", "stem.4"}},
                             .down = {"stage{n}.0.net.0", "stage{n}.0.net.1"},
                             .up = {"up{n}.0.net.0", "up{n}.0.net.1"},
                             // Blocks are counted from 1: the layer that halves is number 0.
                             .encoder = "stage{n}.{b1}.",
                             .decoder = "up{n}.1.{b}.",
                             .block = {.first = {"net.0", "net.1"},
                                       .second = {"net.3", "net.4"},
                                       .shortcut = {"downsample.0", "downsample.1"}},
                             .head = "classifier.0",
                             .has_linear_head = true,
                             .blocks = {2, 2, 2, 2, 2, 2, 2, 2}}),
          .passed_over = {"point_transforms."},
          .notes = {
              "a checkpoint of SPVCNN has the same names, but SPVCNN also runs point_transforms on "
              "the points, which MinkUNet does not: import MinkUNet's own checkpoints only"}};
}

// The sparse part of SECOND (Yan, Mao and Li 2018): what OpenPCDet and mmdet3d call their layers.
std::vector<Step> second(const std::string& input, const std::string& layer,
                         const std::string& output) {
  std::vector<Step> steps;
  const auto add = [&](const std::string& name, Step step) {
    step.product = name + "0";
    step.norm = name + "1";
    steps.push_back(std::move(step));
  };
  add(input, {});
  for (int stage = 1; stage <= kLevels; ++stage) {
    for (int l = 0; l < (stage == 1 ? 1 : 3); ++l) {
      Step step;
      if (stage > 1 && l == 0) {
        step = {.act = Act::reach, .stride = cube(2), .padding = cube(1)};
        if (stage == kLevels) step.padding = {0, 1, 1};
      }
      add(fmt::format(fmt::runtime(layer), fmt::arg("n", stage), fmt::arg("l", l)), step);
    }
  }
  add(output, {.act = Act::reach, .kernel = {3, 1, 1}, .stride = {2, 1, 1}});
  return steps;
}

Network voxel_backbone() {
  return {.about = {.name = "voxelbackbone8x",
                    .summary = "OpenPCDet's VoxelBackBone8x, up to its encoded tensor",
                    .libraries = {Library::spconv, Library::spconv1},
                    .axes = Axes::zyx,
                    .needs_spatial_shape = true},
          .steps = second("conv_input.", "conv{n}.{l}.", "conv_out."),
          .eps = 1e-3F};
}

Network sparse_encoder() {
  return {
      .about = {.name = "sparseencoder",
                .summary = "mmdet3d's SparseEncoder of conv_module blocks, up to its sparse output",
                .libraries = {Library::spconv, Library::spconv1},
                .axes = Axes::zyx,
                .needs_spatial_shape = true},
      .steps = second("conv_input.", "encoder_layers.encoder_layer{n}.{l}.", "conv_out."),
      .eps = 1e-3F};
}

std::vector<Network> all_networks() {
  std::vector<Network> list;
  for (const MinkUNetRow& row : kMinkUNets) list.push_back(minkunet_network(row));
  list.push_back(spunet());
  list.push_back(spvnas_minkunet());
  list.push_back(voxel_backbone());
  list.push_back(sparse_encoder());
  return list;
}

}  // namespace

const std::vector<Network>& networks() {
  static const std::vector<Network> list = all_networks();
  return list;
}

const std::vector<ImportableNetwork>& importable_networks() {
  static const std::vector<ImportableNetwork> list = [] {
    std::vector<ImportableNetwork> about;
    for (const Network& network : networks()) about.push_back(network.about);
    return about;
  }();
  return list;
}

}  // namespace voxloom::checkpoint
