// The convolutions. Conventions of the format: target convolution has the centered origin, the
// transposed family the corner origin, and its untargeted form the full transposed support.
#include <fmt/format.h>

#include <algorithm>

#include "artifact/graph/inference.h"
#include "artifact/ops/op_rows.h"
#include "artifact/run/call.h"
#include "artifact/tiles/reach.h"
#include "core/checked.h"
#include "core/quotient.h"
#include "ops/conv_fused.h"
#include "voxloom/conv.h"

namespace voxloom::artifact {
namespace {

using enum Range;

constexpr std::int64_t kMaxKernelOffsets = std::int64_t{1} << 24;

// --- what the results look like ---

// Kernel offsets, or nothing when there are too many.
std::optional<std::int64_t> kernel_volume(Inference& i) {
  if (i.has("offsets")) {
    const std::vector<std::int64_t>& offsets = i.integers("offsets");
    const auto count = static_cast<std::int64_t>(offsets.size());
    if (count == 0 || count % 3 != 0) i.error_at("offsets", "offsets must hold triples");
    const auto beyond = std::ranges::find_if_not(offsets, fits_int32);
    if (beyond != offsets.end()) {
      i.error_at("offsets", "offsets holds {}, which does not fit 32 bits", *beyond);
    }
    if (count / 3 > kMaxKernelOffsets) {
      i.error_at("offsets", "a kernel of {} offsets has too many", count / 3);
      return std::nullopt;
    }
    return count / 3;
  }
  const Triple size = i.triple("kernel_size");
  std::int64_t volume = std::int64_t{size.x} * size.y;
  if (__builtin_mul_overflow(volume, std::int64_t{size.z}, &volume) || volume > kMaxKernelOffsets) {
    i.error_at("kernel_size", "a kernel of size {} has too many offsets", size);
    return std::nullopt;
  }
  return volume;
}

std::int64_t groups_of(const Inference& i) { return i.has("groups") ? i.integer("groups") : 1; }

std::int64_t packed_out_channels(Inference& i, const WeightFacts& weight, std::int64_t volume,
                                 std::int64_t channels) {
  if (groups_of(i) != 1) i.error_at("groups", "a packed weight needs groups = 1");
  if (weight.shape[0] != volume) {
    i.error("the packed weight has {} kernel offsets, kernel_size has {}", weight.shape[0], volume);
  }
  const std::int64_t size = weight.packing->group_size;
  if (known(channels) && weight.packed_groups != ceil_div(channels, size)) {
    i.error("the packed weight has {} groups of {} channels, but the input has {} channels",
            weight.packed_groups, size, channels);
  }
  return weight.shape[0] == 1 ? weight.shape[1] : weight.shape[2];
}

// (C_out, Kx, Ky, Kz, C_in / groups)
std::int64_t box_out_channels(Inference& i, const Shape& shape, std::int64_t channels) {
  const std::int64_t groups = groups_of(i);
  if (i.has("offsets")) {
    i.error("a list of offsets needs a weight of the kernel family, kernel-major");
    return shape[0];
  }
  const Triple size = i.triple("kernel_size");
  const bool fits = shape[1] == size.x && shape[2] == size.y && shape[3] == size.z &&
                    (!known(channels) || is_product(channels, shape[4], groups)) &&
                    shape[0] % groups == 0;
  if (!fits) {
    i.error("weight {} does not match kernel_size {}, {} input channels and {} groups", shape, size,
            known(channels) ? fmt::to_string(channels) : "?", groups);
  }
  return shape[0];
}

// (K, I, O), (K, G, I/G, O/G) or (K, C)
std::int64_t kernel_major_out_channels(Inference& i, const Shape& shape, std::int64_t volume,
                                       std::int64_t channels) {
  const std::int64_t groups = groups_of(i);
  std::int64_t in = 0, out = 0;
  bool fits = shape[0] == volume;
  if (shape.size() == 4) {
    fits = fits && shape[1] == groups;
    in = fits ? shape[2] * groups : kDynamic;  // both are dimensions of an array that is there
    out = fits ? shape[3] * groups : kDynamic;
  } else if (shape.size() == 3) {
    fits = fits && groups == 1;
    in = shape[1];
    out = shape[2];
  } else {
    fits = fits && groups == shape[1];
    in = out = shape[1];
  }
  if (!fits || !may_equal(in, channels)) {
    i.error("weight {} does not match {} kernel offsets, {} input channels and {} groups", shape,
            volume, known(channels) ? fmt::to_string(channels) : "?", groups);
  }
  return out;
}

std::int64_t out_channels(Inference& i) {
  const Facts& x = i.operand("input");
  const Facts& weight = i.operand("weight");
  if (!weight.weight.packed()) i.require_same_element("input", "weight");
  const std::optional<std::int64_t> volume = kernel_volume(i);
  std::int64_t out = kDynamic;
  if (weight.weight.known && volume) {
    const bool box = std::get<WeightType>(weight.type).family == WeightFamily::conv3d;
    out = weight.weight.packed() ? packed_out_channels(i, weight.weight, *volume, x.channels)
          : box                  ? box_out_channels(i, weight.weight.shape, x.channels)
                : kernel_major_out_channels(i, weight.weight.shape, *volume, x.channels);
  }
  if (i.has_operand("bias")) i.require_vector("bias", out, "input");
  return out;
}

void finish_conv(Inference& i, std::optional<Triple> stride) {
  if (const Facts* target = i.maybe("target");
      target && target->stride && stride && *target->stride != *stride) {
    i.error("the target has stride {}, the result has stride {}", *target->stride, *stride);
  }
  i.result(sparse_facts(i.operand("input").element(), out_channels(i), stride));
}

void require_submanifold(Inference& i) {
  const Triple size = i.triple("kernel_size");
  if (!i.has("offsets") && (size.x % 2 == 0 || size.y % 2 == 0 || size.z % 2 == 0)) {
    i.error_at("kernel_size", "a submanifold kernel must be odd, got {}", size);
  }
  if (i.triple_or("stride", 1) != Triple(1) || i.triple_or("padding", 0) != Triple(0)) {
    i.error("a submanifold convolution has stride 1 and padding 0");
  }
}

void infer_forward(Inference& i) { finish_conv(i, multiplied_stride(i)); }
void infer_transposed(Inference& i) { finish_conv(i, divided_stride(i)); }
void infer_submanifold(Inference& i) {
  require_submanifold(i);
  finish_conv(i, i.operand("input").stride);
}

void infer_any_conv(Inference& i) {
  const bool submanifold = i.choice<Support>("support") == Support::submanifold;
  if (i.has("eps") && (!submanifold || i.has("offsets") || i.has_operand("target"))) {
    i.error_at("eps", "only the submanifold support has a normalized form");
  }
  if (i.has("bounds")) {
    if (i.choice<Support>("support") != Support::reachable || i.has_operand("target")) {
      i.error_at("bounds", "bounds are for the reachable support without a target");
    }
    if (i.integers("bounds").size() != 6) {
      i.error_at("bounds", "bounds are six numbers: lo x, y, z and hi x, y, z");
    }
  }
  if (submanifold && !i.has_operand("target")) return infer_submanifold(i);
  infer_forward(i);
}

void infer_inverse(Inference& i) { finish_conv(i, i.operand("reference").stride); }

// --- how they run ---

std::vector<Triple> offsets_of(const Call& c) {
  std::vector<Triple> offsets;
  if (!c.has("offsets")) return offsets;
  const std::vector<std::int64_t>& list = c.integers("offsets");
  for (std::size_t k = 0; k + 2 < list.size(); k += 3) {
    offsets.emplace_back(static_cast<std::int32_t>(list[k]), static_cast<std::int32_t>(list[k + 1]),
                         static_cast<std::int32_t>(list[k + 2]));
  }
  return offsets;
}

std::int32_t groups_of(const Call& c) {
  return c.has("groups") ? static_cast<std::int32_t>(c.integer("groups")) : 1;
}

Target target_of(const Call& c) {
  const SparseTensor* target = c.maybe_sparse("target");
  return target == nullptr ? Target{} : Target{*target};
}

std::optional<Bounds> bounds_of(const Call& c) {
  if (!c.has("bounds")) return std::nullopt;
  const std::vector<std::int64_t>& b = c.integers("bounds");
  return Bounds{.lo = {b[0], b[1], b[2]}, .hi = {b[3], b[4], b[5]}};
}

// Attributes that an operation does not have mean stride 1, padding 0, dilation 1, ...
ConvOptions conv_options(const Call& c) {
  ConvOptions options{.kernel_size = c.triple("kernel_size"),
                      .stride = c.triple_or("stride", 1),
                      .padding = c.triple_or("padding", 0),
                      .dilation = c.triple_or("dilation", 1),
                      .target = target_of(c),
                      .groups = groups_of(c),
                      .bounds = bounds_of(c),
                      .offsets = offsets_of(c)};
  if (c.has("support")) options.support = c.choice<Support>("support");
  if (c.has("origin")) options.origin = c.choice<Origin>("origin");
  return options;
}

SubmConvOptions submanifold_options(const Call& c) {
  return {.kernel_size = c.triple("kernel_size"),
          .dilation = c.triple("dilation"),
          .groups = groups_of(c)};
}

ConvTransposeOptions transposed_options(const Call& c) {
  ConvTransposeOptions options{.kernel_size = c.triple("kernel_size"),
                               .stride = c.triple("stride"),
                               .padding = c.triple_or("padding", 0),
                               .dilation = c.triple_or("dilation", 1),
                               .target = target_of(c),
                               .groups = groups_of(c)};
  if (c.has("origin")) options.origin = c.choice<Origin>("origin");
  return options;
}

GenerativeConvTransposeOptions generative_options(const Call& c) {
  return {.kernel_size = c.triple("kernel_size"), .stride = c.triple("stride")};
}

Weight weight_of(const Call& c) { return c.weight("weight", c.sparse("input").channels()); }

void run_conv(Call& c) {
  c.result(conv3d(c.sparse("input"), weight_of(c), c.bias(), conv_options(c)));
}
void run_subm(Call& c) {
  c.result(subm_conv3d(c.sparse("input"), weight_of(c), c.bias(), submanifold_options(c)));
}
// IR v2's kernel of volume 1 skips the division only where the dilation is 1 as well; ours whatever it is. The
// division is that of a transposed kernel that moves nothing.
bool divides_in_place(const Call& c) {
  return !c.spec().is_extension() && c.triple("kernel_size") == Triple(1) &&
         c.triple("dilation") != Triple(1);
}
void run_normalized_subm(Call& c) {
  const SparseTensor& x = c.sparse("input");
  if (divides_in_place(c)) {
    return c.result(normalized_conv_transpose3d(
        x, weight_of(c), c.bias(), {.kernel_size = 1, .stride = 1, .target = x}, c.real("eps")));
  }
  c.result(
      normalized_subm_conv3d(x, weight_of(c), c.bias(), submanifold_options(c), c.real("eps")));
}
void run_any_conv(Call& c) {
  if (c.has("eps")) return run_normalized_subm(c);
  run_conv(c);
}
void run_transposed(Call& c) {
  c.result(conv_transpose3d(c.sparse("input"), weight_of(c), c.bias(), transposed_options(c)));
}
void run_normalized_transposed(Call& c) {
  c.result(normalized_conv_transpose3d(c.sparse("input"), weight_of(c), c.bias(),
                                       transposed_options(c), c.real("eps")));
}
void run_any_transposed(Call& c) {
  if (c.has("eps")) return run_normalized_transposed(c);
  run_transposed(c);
}
void run_generative(Call& c) {
  c.result(generative_conv_transpose3d(c.sparse("input"), weight_of(c), c.bias(),
                                       generative_options(c)));
}
void run_normalized_generative(Call& c) {
  c.result(normalized_generative_conv_transpose3d(c.sparse("input"), weight_of(c), c.bias(),
                                                  generative_options(c), c.real("eps")));
}

bool finish_fused(Call& c, const KernelMap& map, const FusedTail& tail) {
  const SparseTensor* residual = tail.residual;
  if (residual != nullptr && !(residual->coords() == map.target())) return false;
  const SparseTensor* target = c.maybe_sparse("target");
  const Tensor bias = c.bias();
  ConvFusion fusion;
  if (bias.defined()) fusion.bias = &bias;
  fusion.relu = tail.relu;
  if (target != nullptr) fusion.batch_size = target->batch_size();
  if (residual != nullptr) {
    fusion.residual = &residual->features();
    fusion.batch_size = std::max(fusion.batch_size, residual->batch_size());
  }
  c.result(conv_fused(c.op().name, c.sparse("input"), weight_of(c), &map, fusion));
  return true;
}

bool run_fused_conv(Call& c, const FusedTail& tail) {
  return finish_fused(c, conv3d_map(c.sparse("input"), conv_options(c)), tail);
}
bool run_fused_subm(Call& c, const FusedTail& tail) {
  return finish_fused(c, subm_conv3d_map(c.sparse("input"), submanifold_options(c)), tail);
}
bool run_fused_transposed(Call& c, const FusedTail& tail) {
  return finish_fused(c, conv_transpose3d_map(c.sparse("input"), transposed_options(c)), tail);
}

// Nothing: the operation divides in between, or has too few users to be worth it.
bool (*fused_form(void (*run)(Call&)))(Call&, const FusedTail&) {
  if (run == run_conv || run == run_any_conv) return run_fused_conv;
  if (run == run_subm) return run_fused_subm;
  if (run == run_transposed || run == run_any_transposed) return run_fused_transposed;
  return nullptr;
}

// The map is found again by its sets: the forward operation's own, when it stands in this graph.
void run_inverse(Call& c) {
  const SparseTensor& x = c.sparse("input");
  const CoordinateSet& reference = c.sparse("reference").coords();
  const KernelSpec kernel{.kernel_size = c.triple("kernel_size"),
                          .stride = c.triple("stride"),
                          .padding = c.triple("padding"),
                          .dilation = c.triple("dilation"),
                          .origin = c.choice<Origin>("origin"),
                          .offsets = offsets_of(c)};
  const KernelMap map = c.flag("transposed") ? transposed_map(reference, x.coords(), kernel)
                                             : forward_map(reference, x.coords(), kernel);
  c.result(inverse_conv3d(x, weight_of(c), c.bias(), map, groups_of(c)));
}

// --- how far they look ---

// On the sites of a target, or of its own.
void finish_reach(ReachQuery& q, Extent result, const Window& window, bool keeps_set) {
  if (q.has_operand("target")) {
    const Extent& target = q.operand("target");
    if (!on_one_grid(target, result)) return q.unplaced("has a target on another grid");
    widen(result, target);
    result.set = target.set;
    return q.result(result);
  }
  const bool same = keeps_set && window.stride == Window{}.stride;
  q.result(same ? result : q.on_new_set(result));
}

void reach_of_forward(ReachQuery& q) {
  const Window window = q.window(Origin::centered);
  const bool reachable = q.has("support") && q.choice<Support>("support") == Support::reachable;
  finish_reach(q, gathered(q.operand("input"), window), window, !reachable);
}

void reach_of_transposed(ReachQuery& q) {
  const Window window = q.window(Origin::corner);
  finish_reach(q, spread(q.operand("input"), window), window, false);
}

void reach_of_inverse(ReachQuery& q) {
  const Window window = q.window(Origin::centered);
  const Extent& x = q.operand("input");
  const Extent& reference = q.operand("reference");
  Extent result = q.flag("transposed") ? gathered(x, window) : spread(x, window);
  if (!on_one_grid(result, reference)) return q.unplaced("has a reference on another grid");
  widen(result, reference);
  result.set = reference.set;
  q.result(result);
}

// --- in the words of IR v2 ---

// From a kernel's first offset at the corner to a centered one is k/2 steps along an axis of odd size,
// and none along an even one. Where the padding takes them up, both kernels are the same.
std::int64_t steps(const OpView& v, std::int32_t Triple::*axis) {
  const std::int64_t size = v.triple("kernel_size").*axis;
  return size % 2 == 1 ? size / 2 * std::int64_t{v.triple("dilation").*axis} : 0;
}

// The padding that goes with the other origin; nothing where there is none.
std::optional<Triple> moved_padding(const OpView& v, int sign) {
  Triple padding = v.triple("padding");
  for (const auto axis : {&Triple::x, &Triple::y, &Triple::z}) {
    const std::int64_t moved = padding.*axis + sign * steps(v, axis);
    if (moved < 0 || !fits_int32(moved)) return std::nullopt;
    padding.*axis = static_cast<std::int32_t>(moved);
  }
  return padding;
}

std::optional<PlainForm> plain_conv(const OpView& v) {
  if (v.integer("groups") != 1 || v.has("offsets")) return std::nullopt;
  std::optional<Triple> padding = v.triple("padding");
  if (v.choice<Origin>("origin") == Origin::corner) padding = moved_padding(v, -1);
  if (!padding) return std::nullopt;
  const bool is_targeted = v.has_operand("target");
  const auto support = v.choice<Support>("support");
  const Triple kernel_size = v.triple("kernel_size"), dilation = v.triple("dilation");
  // Of any other stride or padding a submanifold convolution is refused, whatever its origin.
  const bool is_in_place =
      v.triple("stride") == Triple(1) && v.triple("padding") == Triple(0) && *padding == Triple(0);
  if (!is_targeted && support == Support::submanifold && is_in_place) {
    Attributes attributes = {{"kernel_size", kernel_size}, {"dilation", dilation}};
    if (!v.has("eps")) return PlainForm{"lattice.subm_conv3d", std::move(attributes)};
    attributes["eps"] = v.real("eps");
    if (kernel_size == Triple(1)) attributes["dilation"] = Triple(1);  // else it would divide
    return PlainForm{"lattice.normalized_subm_conv3d", std::move(attributes)};
  }
  const bool is_strided = support == Support::strided && !v.has("bounds");
  if (v.has("eps") || (!is_targeted && !is_strided)) return std::nullopt;
  return PlainForm{is_targeted ? "lattice.target_conv3d" : "lattice.conv3d",
                   {{"kernel_size", kernel_size},
                    {"stride", v.triple("stride")},
                    {"padding", *padding},
                    {"dilation", dilation}}};
}

std::optional<PlainForm> plain_transposed(const OpView& v) {
  if (v.integer("groups") != 1) return std::nullopt;
  std::optional<Triple> padding = v.triple("padding");
  if (v.choice<Origin>("origin") == Origin::centered) padding = moved_padding(v, 1);
  if (!padding) return std::nullopt;
  Attributes attributes = {{"kernel_size", v.triple("kernel_size")},
                           {"stride", v.triple("stride")},
                           {"padding", *padding},
                           {"dilation", v.triple("dilation")}};
  const bool is_targeted = v.has_operand("target");
  if (!v.has("eps")) {
    return PlainForm{is_targeted ? "lattice.target_conv_transpose3d" : "lattice.conv_transpose3d",
                     std::move(attributes)};
  }
  attributes["eps"] = v.real("eps");
  return PlainForm{is_targeted ? "lattice.target_normalized_conv_transpose3d"
                               : "lattice.normalized_conv_transpose3d",
                   std::move(attributes)};
}

// --- the rows ---

AttributeSpec kernel_size(std::int64_t fallback) {
  return triple("kernel_size", positive, fallback);
}
AttributeSpec stride(std::int64_t fallback) { return triple("stride", positive, fallback); }
AttributeSpec padding() { return triple("padding", non_negative, 0); }
AttributeSpec dilation() { return triple("dilation", positive, 1); }
AttributeSpec eps() { return f32("eps", positive, kNormalizedEps); }
AttributeSpec optional_eps() {
  return {.name = "eps", .kind = AttributeKind::f32, .range = positive, .may_be_absent = true};
}
AttributeSpec groups() { return integer("groups", positive, 1); }
AttributeSpec origin(Origin fallback) { return one_of("origin", fallback); }

std::vector<OperandSpec> untargeted() {
  return {sparse("input"), weight("weight", {WeightFamily::conv3d}), optional_bias()};
}
std::vector<OperandSpec> targeted() {
  return {sparse("input"), sparse("target"), weight("weight", {WeightFamily::conv3d}),
          optional_bias()};
}
std::vector<OperandSpec> any_conv(OperandSpec second) {
  return {sparse("input"), second, weight("weight", {WeightFamily::conv3d, WeightFamily::kernel}),
          optional_bias()};
}

std::vector<AttributeSpec> forward_attributes() {
  return {kernel_size(3), stride(1), padding(), dilation(), accumulation()};
}
std::vector<AttributeSpec> transposed_attributes() {
  return {kernel_size(2), stride(2), padding(), dilation(), accumulation()};
}
std::vector<AttributeSpec> normalized_attributes() {
  return {kernel_size(2), stride(2), padding(), dilation(), accumulation(), eps()};
}

OpSpec conv_row(std::string_view name, std::vector<OperandSpec> operands,
                std::vector<AttributeSpec> attributes, void (*infer)(Inference&),
                void (*run)(Call&)) {
  const bool transposed = infer == infer_transposed;
  return {.name = name,
          .operands = std::move(operands),
          .attributes = std::move(attributes),
          .results = {ValueKind::sparse},
          .infer = infer,
          .run = run,
          .reach = infer == infer_inverse ? reach_of_inverse
                   : transposed           ? reach_of_transposed
                                          : reach_of_forward,
          .run_fused = fused_form(run),
          .plain = run == run_any_conv         ? plain_conv
                   : run == run_any_transposed ? plain_transposed
                                               : nullptr};
}

std::vector<OpSpec> make_conv_rows() {
  return {
      conv_row("lattice.conv3d", untargeted(), forward_attributes(), infer_forward, run_conv),
      conv_row("lattice.target_conv3d", targeted(), forward_attributes(), infer_forward, run_conv),
      conv_row("lattice.subm_conv3d", untargeted(), {kernel_size(3), dilation(), accumulation()},
               infer_submanifold, run_subm),
      conv_row("lattice.normalized_subm_conv3d", untargeted(),
               {kernel_size(3), dilation(), eps(), accumulation()}, infer_submanifold,
               run_normalized_subm),
      conv_row("lattice.conv_transpose3d", untargeted(), transposed_attributes(), infer_transposed,
               run_transposed),
      conv_row("lattice.target_conv_transpose3d", targeted(), transposed_attributes(),
               infer_transposed, run_transposed),
      conv_row("lattice.normalized_conv_transpose3d", untargeted(), normalized_attributes(),
               infer_transposed, run_normalized_transposed),
      conv_row("lattice.target_normalized_conv_transpose3d", targeted(), normalized_attributes(),
               infer_transposed, run_normalized_transposed),
      conv_row("lattice.generative_conv_transpose3d", untargeted(),
               {kernel_size(2), stride(2), accumulation()}, infer_transposed, run_generative),
      conv_row("lattice.normalized_generative_conv_transpose3d", untargeted(),
               {kernel_size(2), stride(2), eps(), accumulation()}, infer_transposed,
               run_normalized_generative),
      conv_row(
          "voxloom.conv3d", any_conv(sparse("target", Presence::optional)),
          {kernel_size(3), stride(1), padding(), dilation(), one_of("support", Support::strided),
           origin(Origin::centered), groups(), optional_integers("offsets"),
           optional_integers("bounds"), optional_eps(), accumulation()},
          infer_any_conv, run_any_conv),
      conv_row("voxloom.conv_transpose3d", any_conv(sparse("target", Presence::optional)),
               {kernel_size(2), stride(2), padding(), dilation(), origin(Origin::corner), groups(),
                optional_eps(), accumulation()},
               infer_transposed, run_any_transposed),
      conv_row(
          "voxloom.inverse_conv3d", any_conv(sparse("reference")),
          {kernel_size(3), stride(1), padding(), dilation(), origin(Origin::centered), groups(),
           optional_integers("offsets"), boolean("transposed", false), accumulation()},
          infer_inverse, run_inverse),
  };
}

}  // namespace

std::span<const OpSpec> conv_ops() {
  static const std::vector<OpSpec> rows = make_conv_rows();
  return rows;
}

}  // namespace voxloom::artifact
