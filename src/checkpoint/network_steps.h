// Published networks, as lists of what they do in order and under which names their weights lie.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "voxloom/import_network.h"

namespace voxloom::checkpoint {

// Sizes along a network's own axes, in the order of its coordinates' columns.
using Along = std::array<std::int32_t, 3>;
constexpr Along cube(std::int32_t n) { return {n, n, n}; }

// What a step of a network does to the running tensor x.
enum class Act : std::uint8_t {
  submanifold,  // x = norm(conv(x)), on the same rows
  halve,        // the same with kernel 2 and stride 2, on the rows that x's lie under
  reach,  // the same on every row that x reaches within the grid, as spconv's SparseConv3d does
  keep,   // remember x
  up,     // x = cat(norm(conv(x)), k): transposed, kernel 2 and stride 2, onto the rows of k, the
          // last tensor that was kept and not yet used
  block,  // x = relu(norm2(conv2(relu(norm1(conv1(x))))) + shortcut(x)), 3x3x3
  head,   // x = x W + bias
};

// A norm's or product's name is its key without ".weight"; an empty norm: there is none.
struct Step {
  Act act = Act::submanifold;
  std::string product = {}, norm = {};
  Along kernel = cube(3), stride = cube(1), padding = cube(0);
  // Of a block: the second product and norm, and those of a shortcut, which is there when the channels
  // change.
  std::string product2 = {}, norm2 = {}, shortcut = {}, shortcut_norm = {};
  std::int64_t out_channels = 0;  // that the network must have here; 0: any
  bool is_linear = false;         // the head is a torch.nn.Linear
};

struct Network {
  ImportableNetwork about;
  std::vector<Step> steps;
  float eps = 1e-5F;  // of its norms
  // Starts of names that the checkpoints have and the network does not use, and why.
  std::vector<std::string> passed_over = {};
  std::vector<std::string> notes = {};
};

[[nodiscard]] const std::vector<Network>& networks();

}  // namespace voxloom::checkpoint
