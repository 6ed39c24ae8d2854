// Which convolutions are measured when.

#include <fmt/core.h>

#include <algorithm>

#include "bench/cases.h"

namespace voxloom::bench {
namespace {

struct Default {
  ConvOp op;
  std::vector<ChannelPair> channels;
  std::vector<std::string_view> storages;
};

// The cases that the performance targets are stated for.
std::vector<Default> default_cases() {
  return {
      {ConvOp::forward, {{16, 16}, {32, 32}, {64, 64}, {128, 128}, {256, 256}}, {"f32"}},
      {ConvOp::dgrad, {{32, 32}, {64, 64}, {128, 128}}, {"f32"}},
      {ConvOp::wgrad, {{32, 32}, {64, 64}, {128, 128}}, {"f32"}},
      {ConvOp::down, {{32, 64}}, {"f32"}},
      {ConvOp::up, {{64, 32}}, {"f32"}},
      {ConvOp::depthwise, {{16, 16}, {64, 64}}, {"f32"}},
      {ConvOp::pointwise, {{16, 16}}, {"f32"}},
      {ConvOp::forward, {{64, 64}, {128, 128}}, {"f16", "bf16", "int8", "int4"}},
      {ConvOp::whole, {{32, 32}}, {"f32"}},
  };
}

template <typename T, typename U>
bool selects(const std::vector<T>& wanted, const U& name, const auto& key) {
  return wanted.empty() || std::ranges::any_of(wanted, [&](const T& w) { return key(w) == name; });
}

// Gradients are taken of dense weights, and a depthwise weight is never packed.
bool makes_sense(ConvOp op, const Storage& storage) {
  const bool dense_only = op == ConvOp::dgrad || op == ConvOp::wgrad || op == ConvOp::depthwise;
  return storage.packed_bits == 0 || !dense_only;
}

Cube cube_for(ConvOp op, const std::optional<Cube>& wanted) {
  switch (op) {
    case ConvOp::down:
    case ConvOp::up: return {.size = 2, .stride = 2};
    case ConvOp::pointwise: return {.size = 1, .stride = 1};
    case ConvOp::depthwise:
    case ConvOp::whole: return {.size = wanted ? wanted->size : 3, .stride = 1};
    default: return wanted.value_or(Cube{});
  }
}

// The channels a user named mean the layer's input; resampling layers double or halve them, and a
// depthwise layer keeps them.
ChannelPair channels_for(ConvOp op, const ChannelPair& named) {
  if (named.in != named.out) return named;
  if (op == ConvOp::down) return {named.in, 2 * named.in};
  if (op == ConvOp::up) return {2 * named.in, named.in};
  return named;
}

void add_case(const ConvSelection& selection, const Default& c, std::vector<ConvSpec>& to) {
  std::vector<ChannelPair> channels = c.channels;
  if (!selection.channels.empty()) {
    channels.clear();
    for (const ChannelPair& pair : selection.channels) {
      if (c.op == ConvOp::depthwise && pair.in != pair.out) continue;
      channels.push_back(channels_for(c.op, pair));
    }
  }
  for (const Storage& storage : kStorages) {
    const bool wanted =
        selection.storages.empty()
            ? std::ranges::find(c.storages, storage.name) != c.storages.end()
            : selects(selection.storages, storage.name, [](const Storage& s) { return s.name; });
    if (!wanted || !makes_sense(c.op, storage)) continue;
    for (const ChannelPair& pair : channels) {
      to.push_back({c.op, pair, storage, cube_for(c.op, selection.cube)});
    }
  }
}

bool same(const ConvSpec& a, const ConvSpec& b) {
  return a.op == b.op && a.channels.in == b.channels.in && a.channels.out == b.channels.out &&
         a.storage.name == b.storage.name;
}

}  // namespace

std::vector<ConvSpec> conv_specs(const ConvSelection& selection) {
  std::vector<ConvSpec> all;
  for (const Default& c : default_cases()) {
    if (selects(selection.ops, c.op, [](ConvOp op) { return op; })) add_case(selection, c, all);
  }
  // An operation may stand twice among the defaults; a selection can make both the same.
  std::vector<ConvSpec> unique;
  for (const ConvSpec& spec : all) {
    if (std::ranges::none_of(unique, [&](const ConvSpec& u) { return same(u, spec); })) {
      unique.push_back(spec);
    }
  }
  return unique;
}

std::string name_of(const ConvSpec& spec) {
  return fmt::format("{} {}", kConvOpNames[static_cast<std::size_t>(spec.op)], name_of(spec.cube));
}

}  // namespace voxloom::bench
