#include <cmath>
#include <utility>

#include "core/error.h"
#include "voxloom/algebra.h"
#include "voxloom/models.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kMinkunetOp = "nn::MinkUNet";
constexpr std::size_t kLevels = 4;  // halvings

using BlockCounts = std::array<int, 2 * kLevels>;

BlockCounts block_counts(int depth) {
  switch (depth) {
    case 14: return {1, 1, 1, 1, 1, 1, 1, 1};
    case 18: return {2, 2, 2, 2, 2, 2, 2, 2};
    case 34: return {2, 3, 4, 6, 2, 2, 2, 2};
    default: fail(kMinkunetOp, "depth should be 14, 18 or 34, got {}", depth);
  }
}

std::int64_t scaled(std::int64_t channels, double width) {
  if (width == 1.0) return channels;
  constexpr double kStep = 8;
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(channels) * width / kStep) *
                                   kStep);
}

ConvNorm::Prefixes stem_names(const std::string& prefix, UNetStyle style) {
  if (style == UNetStyle::pointcept) return {prefix + "conv_input.0.", prefix + "conv_input.1."};
  return {prefix + "conv0p1s1.", prefix + "bn0."};
}

// Of a block, before the number of its convolution or norm.
const char* shortcut_name(UNetStyle style) {
  return style == UNetStyle::pointcept ? "proj." : "downsample.";
}

// Of what leads to a level, counted from 0 as they run.
struct StageNames {
  std::string conv, norm;
  std::string block;  // before a block's number
};

StageNames stage_names(std::size_t i, bool is_up, UNetStyle style) {
  if (style == UNetStyle::pointcept) {
    const std::size_t level = is_up ? kLevels - 1 - i : i;
    const char* conv = is_up ? "up" : "down";
    return {fmt::format("{}.{}.0", conv, level), fmt::format("{}.{}.1", conv, level),
            fmt::format("{}.{}.block", is_up ? "dec" : "enc", level)};
  }
  const std::size_t number = is_up ? kLevels + i : i + 1;
  const std::size_t stride = std::size_t{1} << (is_up ? kLevels - i : i);
  const char* tr = is_up ? "tr" : "";
  return {fmt::format("conv{}{}p{}s2", tr, number, stride), fmt::format("bn{}{}", tr, number),
          fmt::format("block{}.", is_up ? number + 1 : number)};
}

void collect_block(const BasicBlock& block, const std::string& prefix, UNetStyle style,
                   std::vector<NamedParameter>& to) {
  if (style == UNetStyle::minkowski) return block.collect_parameters(prefix, to);
  block.conv1.collect_parameters({prefix + "conv1.", prefix + "bn1."}, to);
  block.conv2.collect_parameters({prefix + "conv2.", prefix + "bn2."}, to);
  if (block.shortcut) {
    const std::string shortcut = prefix + shortcut_name(style);
    block.shortcut->collect_parameters({shortcut + "0.", shortcut + "1."}, to);
  }
}

// A change of resolution and the blocks after it.
struct Stage {
  StageNames names;
  ConvNorm resample;
  std::vector<BasicBlock> blocks;

  [[nodiscard]] Variable run_blocks(Variable x, Pass& pass) const {
    for (const BasicBlock& block : blocks) x = pass.run_block(block, x);
    return x;
  }
  [[nodiscard]] ConvNorm::Prefixes prefixes(const std::string& prefix) const {
    return {prefix + names.conv + ".", prefix + names.norm + "."};
  }
  [[nodiscard]] std::string block_name(std::size_t b) const {
    return fmt::format("{}{}", names.block, b);
  }
};

}  // namespace

struct MinkUNet::Layers {
  explicit Layers(const MinkUNetOptions& o)
      : stem_channels(scaled(o.stem, o.width)),
        stem({.in = o.in_channels, .out = stem_channels, .bias = false, .seed = o.seed},
             {.kernel_size = 5}),
        style(o.style),
        final({.in = scaled(o.planes.back(), o.width), .out = o.classes, .seed = o.seed + 1}),
        next_seed(o.seed + 2) {
    const BlockCounts counts = block_counts(o.depth);
    std::int64_t channels = stem_channels;
    std::vector<std::int64_t> skips = {channels};
    for (std::size_t i = 0; i < kLevels; ++i) {
      const std::int64_t planes = scaled(o.planes[i], o.width);
      // Minkowski's halvings keep the channels; the blocks after them change them.
      const std::int64_t halved = style == UNetStyle::minkowski ? channels : planes;
      down.push_back(make_stage(i, false, {channels, halved}));
      channels = add_blocks(down.back(), halved, planes, counts[i]);
      skips.push_back(channels);
    }
    for (std::size_t i = 0; i < kLevels; ++i) {
      const std::int64_t planes = scaled(o.planes[kLevels + i], o.width);
      up.push_back(make_stage(i, true, {channels, planes}));
      const std::int64_t joined = planes + skips[kLevels - 1 - i];
      channels = add_blocks(up.back(), joined, planes, counts[kLevels + i]);
    }
    if (style == UNetStyle::pointcept) set_eps(1e-3F);
  }

  void set_eps(float eps) {
    stem.norm.eps = eps;
    for (std::vector<Stage>* stages : {&down, &up}) {
      for (Stage& stage : *stages) {
        stage.resample.norm.eps = eps;
        for (BasicBlock& block : stage.blocks) {
          block.conv1.norm.eps = block.conv2.norm.eps = eps;
          if (block.shortcut) block.shortcut->norm.eps = eps;
        }
      }
    }
  }

  Stage make_stage(std::size_t i, bool is_up, std::pair<std::int64_t, std::int64_t> channels) {
    return {
        stage_names(i, is_up, style),
        ConvNorm({.in = channels.first, .out = channels.second, .bias = false, .seed = next_seed++},
                 {.kernel_size = 2, .stride = 2}),
        {}};
  }

  std::int64_t add_blocks(Stage& stage, std::int64_t in, std::int64_t out, int count) {
    for (int b = 0; b < count; ++b) {
      stage.blocks.emplace_back(Channels{.in = b == 0 ? in : out, .out = out, .seed = next_seed++});
    }
    return out;
  }

  std::int64_t stem_channels;
  ConvNorm stem;
  UNetStyle style;
  std::vector<Stage> down, up;
  Linear final;
  std::uint64_t next_seed;
};

MinkUNet::MinkUNet(const MinkUNetOptions& options) {
  require(options.width > 0 && options.width <= 64, kMinkunetOp,
          "width should lie in (0, 64], got {}", options.width);
  layers_ = std::make_unique<Layers>(options);
}

MinkUNet::MinkUNet(const MinkUNet& other)
    : Module(other), layers_(std::make_unique<Layers>(*other.layers_)) {}
MinkUNet::MinkUNet(MinkUNet&&) noexcept = default;
MinkUNet& MinkUNet::operator=(MinkUNet&&) noexcept = default;
MinkUNet::~MinkUNet() = default;

std::unique_ptr<Module> MinkUNet::clone() const { return cloned(*this); }

Variable MinkUNet::run(const Variable& x, Pass& pass) const {
  Variable y = layers_->stem.run(x, pass);
  std::vector<Variable> skips = {y};
  for (const Stage& stage : layers_->down) {
    y = stage.run_blocks(stage.resample.run(y, pass), pass);
    skips.push_back(y);
  }
  skips.pop_back();  // the coarsest level is where the decoder starts
  for (const Stage& stage : layers_->up) {
    const Variable fine = stage.resample.run_up(y, skips.back(), pass);
    y = stage.run_blocks(autograd::cat(std::array{fine, skips.back()}), pass);
    skips.pop_back();  // frees the encoder's features as early as can be
  }
  return layers_->final.run(y, pass);
}

void MinkUNet::collect_parameters(const std::string& prefix,
                                  std::vector<NamedParameter>& to) const {
  const UNetStyle style = layers_->style;
  layers_->stem.collect_parameters(stem_names(prefix, style), to);
  for (const std::vector<Stage>* stages : {&layers_->down, &layers_->up}) {
    for (const Stage& stage : *stages) {
      stage.resample.collect_parameters(stage.prefixes(prefix), to);
      for (std::size_t b = 0; b < stage.blocks.size(); ++b) {
        collect_block(stage.blocks[b], prefix + stage.block_name(b) + ".", style, to);
      }
    }
  }
  layers_->final.collect_parameters(prefix + "final.", to);
}

void MinkUNet::to(DType dtype) {
  require(is_feature_dtype(dtype), kMinkunetOp, "has float32, float16 or bfloat16 weights, not {}",
          name_of(dtype));
  const auto convert = [&](ConvolutionBase& layer) {
    if (!layer.weight.is_packed()) layer.weight = layer.weight.tensor().to(dtype);
    if (layer.bias.defined()) layer.bias = layer.bias.tensor().to(dtype);
  };
  convert(layers_->stem);
  for (std::vector<Stage>* stages : {&layers_->down, &layers_->up}) {
    for (Stage& stage : *stages) {
      convert(stage.resample);
      for (BasicBlock& block : stage.blocks) {
        convert(block.conv1);
        convert(block.conv2);
        if (block.shortcut) convert(*block.shortcut);
      }
    }
  }
  convert(layers_->final);
}

namespace {

class WorkList {
 public:
  explicit WorkList(UNetStyle style) : style_(style) {}

  void add_stem(std::int64_t pairs, const ConvolutionBase& layer) {
    std::string name = stem_names("", style_).product;
    name.pop_back();  // the dot
    add(std::move(name), pairs, layer);
  }

  void add(std::string name, std::int64_t pairs, const ConvolutionBase& layer) {
    require(!layer.weight.is_packed(), kMinkunetOp,
            "'{}' has a packed weight, whose channels are not listed", name);
    const Tensor& dense = layer.weight.tensor();
    const bool is_linear = dense.rank() == 2;  // (C_out, C_in); else (K, 1, C_in, C_out)
    list_.push_back({std::move(name), pairs, is_linear ? dense.dim(1) : dense.dim(2),
                     is_linear ? dense.dim(0) : dense.dim(3)});
  }

  void add_blocks(const Stage& stage, const CoordinateSet& rows) {
    const std::int64_t pairs = forward_map(rows, rows, {.kernel_size = 3}).size();
    for (std::size_t b = 0; b < stage.blocks.size(); ++b) {
      const BasicBlock& block = stage.blocks[b];
      const std::string name = stage.block_name(b);
      add(name + ".conv1", pairs, block.conv1);
      add(name + ".conv2", pairs, block.conv2);
      if (block.shortcut)
        add(name + "." + shortcut_name(style_) + "0", rows.size(), *block.shortcut);
    }
  }

  std::vector<LayerWork> take() { return std::move(list_); }

 private:
  UNetStyle style_;
  std::vector<LayerWork> list_;
};

}  // namespace

std::vector<LayerWork> MinkUNet::work(const CoordinateSet& rows) const {
  WorkList list(layers_->style);
  std::vector<CoordinateSet> levels = {rows};
  list.add_stem(forward_map(rows, rows, {.kernel_size = 5}).size(), layers_->stem);
  for (const Stage& stage : layers_->down) {
    const CoordinateSet coarse = strided_support(levels.back(), 2);
    // Every fine row has its one place under a 2x2x2 kernel of stride 2.
    list.add(stage.names.conv, levels.back().size(), stage.resample);
    list.add_blocks(stage, coarse);
    levels.push_back(coarse);
  }
  for (const Stage& stage : layers_->up) {
    levels.pop_back();
    list.add(stage.names.conv, levels.back().size(), stage.resample);
    list.add_blocks(stage, levels.back());
  }
  list.add("final", rows.size(), layers_->final);
  return list.take();
}

}  // namespace voxloom::nn
