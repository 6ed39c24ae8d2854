// The affine quantizer. Its arithmetic is fixed to the last bit by docs/semantics.md, section 4: other
// programs pack the same codes from the same weight.

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/dispatch.h"
#include "core/error.h"
#include "core/parallel.h"
#include "cpu/weights.h"

namespace voxloom::cpu {
namespace {

using engine::Packing;
using engine::QuantizeWeight;

constexpr std::string_view kQuantizeWeightOp = "quantize";
constexpr std::size_t kMaxGroup = 128;

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

template <typename T, typename S>
class Quantizer {
 public:
  explicit Quantizer(const QuantizeWeight& problem)
      : problem_(problem),
        packing_(problem.packing),
        weight_(problem.weight->data<T>()),
        codes_(problem.codes->mutable_data<std::uint32_t>()),
        scales_(problem.scales->mutable_data<S>()),
        biases_(problem.biases->mutable_data<S>()),
        largest_code_(static_cast<float>((1 << packing_.bits) - 1)) {}

  // One output channel of one kernel offset.
  void column(std::int64_t k, std::int64_t o) const {
    for (std::int64_t g = 0; g < packing_.groups(); ++g) group(k, o, g);
  }

 private:
  void group(std::int64_t k, std::int64_t o, std::int64_t g) const {
    std::array<float, kMaxGroup> buffer{};  // the padding zeros
    const std::int64_t begin = g * packing_.group_size;
    const std::int64_t end = std::min(packing_.in, begin + packing_.group_size);
    const T* column = weight_ + k * problem_.stride_k + o * problem_.stride_o;
    for (std::int64_t i = begin; i < end; ++i) {
      buffer[static_cast<std::size_t>(i - begin)] =
          static_cast<float>(column[i * problem_.stride_i]);
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
    require(fits, kQuantizeWeightOp, "a group with scale {} and bias {} does not fit {} scales",
            affine.scale, affine.bias, name_of(dtype_of<S>));
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

  const QuantizeWeight& problem_;
  const Packing& packing_;
  const T* weight_;
  std::uint32_t* codes_;
  S* scales_;
  S* biases_;
  float largest_code_;
};

template <typename T, typename S>
void quantize_columns(const QuantizeWeight& problem) {
  const Quantizer<T, S> quantizer(problem);
  const std::int64_t out = problem.packing.out;
  constexpr std::int64_t kGrain = 16;
  parallel_for(problem.packing.volume * out, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t column = begin; column < end; ++column) {
      quantizer.column(column / out, column % out);
    }
  });
}

}  // namespace

void quantize_weight(const QuantizeWeight& problem) {
  visit_feature_dtype(kQuantizeWeightOp, problem.weight->dtype(), [&]<typename T>() {
    if (problem.scales->dtype() == DType::f16) {
      quantize_columns<T, float16>(problem);
    } else {
      quantize_columns<T, float>(problem);
    }
  });
}

}  // namespace voxloom::cpu
