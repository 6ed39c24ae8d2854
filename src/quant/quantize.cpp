// The affine quantizer. Its arithmetic is fixed to the last bit by semantics.md, section 4: other
// programs pack the same codes from the same weight.

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "core/checked.h"
#include "core/dispatch.h"
#include "core/error.h"
#include "core/parallel.h"
#include "quant/packing.h"

namespace voxloom {
namespace {

using quant::Packing;

constexpr std::string_view kOp = "quantize";
constexpr std::size_t kMaxGroup = 128;

// The source weight, its layout folded into strides (in elements).
struct Source {
  const Tensor* weight = nullptr;
  std::int64_t volume = 1, in = 0, out = 0;
  std::int64_t stride_k = 0, stride_i = 1, stride_o = 0;
};

Source source_of(const Tensor& w) {
  require(w.defined() && is_feature_dtype(w.dtype()), kOp,
          "expected a float32, float16 or bfloat16 weight, got {}",
          w.defined() ? name_of(w.dtype()) : "an undefined tensor");
  switch (w.rank()) {
    case 2: return {.weight = &w, .in = w.dim(1), .out = w.dim(0), .stride_o = w.dim(1)};
    case 3:
      return {.weight = &w,
              .volume = w.dim(0),
              .in = w.dim(1),
              .out = w.dim(2),
              .stride_k = w.dim(1) * w.dim(2),
              .stride_i = w.dim(2),
              .stride_o = 1};
    case 4:
      require(w.dim(1) == 1, kOp, "packed weights need groups = 1, got {} groups in a weight of {}",
              w.dim(1), w.shape());
      return {.weight = &w,
              .volume = w.dim(0),
              .in = w.dim(2),
              .out = w.dim(3),
              .stride_k = w.dim(2) * w.dim(3),
              .stride_i = w.dim(3),
              .stride_o = 1};
    case 5: {
      const std::int64_t volume = checked_product(kOp, {w.dim(1), w.dim(2), w.dim(3)});
      return {.weight = &w,
              .volume = volume,
              .in = w.dim(4),
              .out = w.dim(0),
              .stride_k = w.dim(4),
              .stride_o = volume * w.dim(4)};
    }
    default:
      fail(kOp,
           "expected (C_out,Kx,Ky,Kz,C_in), (K,1,C_in,C_out), (K,C_in,C_out) or (C_out,C_in), got "
           "{}",
           w.shape());
  }
}

struct Affine {
  float scale = 0, bias = 0;
};

// One rounding per statement, in float32: this is the contract, not a choice.
Affine affine_of(std::span<const float> group, float largest_code) {
  const auto [low, high] = std::ranges::minmax(group);
  const float range = high - low;
  const float step = range / largest_code;
  Affine affine;
  affine.scale = std::max(step, 1e-7F);
  float edge = low;
  if (!(std::fabs(low) > std::fabs(high))) {
    edge = high;
    affine.scale = -affine.scale;
  }
  const float ratio = edge / affine.scale;
  const float zero_code = std::nearbyint(ratio);
  if (zero_code != 0.0F) {
    affine.scale = edge / zero_code;
    affine.bias = edge;
  }
  return affine;
}

std::uint32_t code_of(float value, const Affine& affine, float largest_code) {
  const float moved = value - affine.bias;
  const float code = std::nearbyint(moved / affine.scale);
  return static_cast<std::uint32_t>(std::clamp(code, 0.0F, largest_code));
}

template <typename T>
void require_finite(const Tensor& weight) {
  const std::span<const T> values = weight.span<T>();
  const auto bad = std::ranges::find_if(
      values, [](T value) { return !std::isfinite(static_cast<float>(value)); });
  require(bad == values.end(), kOp, "element {} of the weight is not finite", bad - values.begin());
}

template <typename T, typename S>
class Quantizer {
 public:
  Quantizer(const Source& source, const Packing& packing, QuantizedWeight& result)
      : source_(source),
        packing_(packing),
        weight_(source.weight->data<T>()),
        codes_(result.codes.mutable_data<std::uint32_t>()),
        scales_(result.scales.mutable_data<S>()),
        biases_(result.biases.mutable_data<S>()),
        largest_code_(static_cast<float>((1 << packing.bits) - 1)) {}

  // One output channel of one kernel offset.
  void column(std::int64_t k, std::int64_t o) const {
    for (std::int64_t g = 0; g < packing_.groups(); ++g) group(k, o, g);
  }

 private:
  void group(std::int64_t k, std::int64_t o, std::int64_t g) const {
    std::array<float, kMaxGroup> buffer{};  // the padding zeros
    const std::int64_t begin = g * packing_.group_size;
    const std::int64_t end = std::min(source_.in, begin + packing_.group_size);
    const T* column = weight_ + k * source_.stride_k + o * source_.stride_o;
    for (std::int64_t i = begin; i < end; ++i) {
      buffer[static_cast<std::size_t>(i - begin)] =
          static_cast<float>(column[i * source_.stride_i]);
    }
    const std::span<const float> values(buffer.data(),
                                        static_cast<std::size_t>(packing_.group_size));
    const Affine affine = affine_of(values, largest_code_);
    store(affine, packing_.at(k, o, g, packing_.groups()));
    pack(values, affine, k, o, g * packing_.words_per_group());
  }

  void store(const Affine& affine, std::int64_t at) const {
    scales_[at] = S(affine.scale);
    biases_[at] = S(affine.bias);
    const bool fits = std::isfinite(static_cast<float>(scales_[at])) &&
                      std::isfinite(static_cast<float>(biases_[at]));
    require(fits, kOp, "a group with scale {} and bias {} does not fit {} scales", affine.scale,
            affine.bias, name_of(dtype_of<S>));
  }

  void pack(std::span<const float> values, const Affine& affine, std::int64_t k, std::int64_t o,
            std::int64_t first_word) const {
    const auto per_word = static_cast<std::size_t>(packing_.codes_per_word());
    for (std::size_t begin = 0; begin < values.size(); begin += per_word) {
      std::uint32_t word = 0;
      for (std::size_t i = 0; i < per_word; ++i) {
        word |= code_of(values[begin + i], affine, largest_code_)
                << (i * static_cast<std::size_t>(packing_.bits));
      }
      codes_[packing_.at(k, o, first_word++, packing_.words())] = word;
    }
  }

  const Source& source_;
  const Packing& packing_;
  const T* weight_;
  std::uint32_t* codes_;
  S* scales_;
  S* biases_;
  float largest_code_;
};

template <typename T, typename S>
void quantize_columns(const Source& source, const Packing& packing, QuantizedWeight& result) {
  const Quantizer<T, S> quantizer(source, packing, result);
  constexpr std::int64_t kGrain = 16;
  parallel_for(source.volume * source.out, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t column = begin; column < end; ++column) {
      quantizer.column(column / source.out, column % source.out);
    }
  });
}

}  // namespace

QuantizedWeight quantize(const Tensor& weight, const QuantizeOptions& options) {
  quant::require_packing(kOp, options.bits, options.group_size);
  require(options.scale_dtype == DType::f16 || options.scale_dtype == DType::f32, kOp,
          "scale_dtype must be float16 or float32, got {}", name_of(options.scale_dtype));
  const Source source = source_of(weight);
  require(source.volume >= 1, kOp, "the kernel volume must be at least 1, got a weight of {}",
          weight.shape());
  const Packing packing{.bits = options.bits,
                        .group_size = options.group_size,
                        .volume = source.volume,
                        .in = source.in,
                        .out = source.out};
  QuantizedWeight result{
      .codes = Tensor::empty(packing.shape(packing.words()), DType::u32),
      .scales = Tensor::empty(packing.shape(packing.groups()), options.scale_dtype),
      .biases = Tensor::empty(packing.shape(packing.groups()), options.scale_dtype),
      .bits = options.bits,
      .group_size = options.group_size,
      .in_channels = source.in};
  visit_feature_dtype(kOp, weight.dtype(), [&]<typename T>() {
    require_finite<T>(weight);
    if (options.scale_dtype == DType::f16) {
      quantize_columns<T, float16>(source, packing, result);
    } else {
      quantize_columns<T, float>(source, packing, result);
    }
  });
  return result;
}

}  // namespace voxloom
