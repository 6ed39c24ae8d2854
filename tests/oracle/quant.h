// Packed affine weights: value = scale*code + bias, unsigned codes, groups along C_in.
//
// The quantizer works in float32, as the contract says, one operation per statement so that no
// compiler may fuse two of them into one rounding.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "oracle/rounding.h"
#include "oracle/types.h"
#include "oracle/weight.h"

namespace voxloom_oracle {

struct QuantSpec {
  int64_t bits = 4;          // 4 or 8
  int64_t group_size = 32;   // 32, 64 or 128
  bool half_scales = false;  // scales and biases stored as float16 instead of float32

  int64_t largest_code() const { return (int64_t{1} << bits) - 1; }
  int64_t groups(int64_t c_in) const { return (c_in + group_size - 1) / group_size; }
  int64_t words(int64_t c_in) const { return groups(c_in) * group_size * bits / 32; }
};

struct QuantGroup {
  float scale = 0;  // before rounding to the stored type
  float bias = 0;
  std::vector<int64_t> codes;
};

inline int64_t quantize_value(float value, float scale, float bias, int64_t largest) {
  const float moved = value - bias;
  const float code = static_cast<float>(round_half_even(moved / scale));
  return static_cast<int64_t>(std::clamp(code, 0.0F, static_cast<float>(largest)));
}

// One whole group, its padding zeros included: they take part in min and max.
inline QuantGroup quantize_group(const std::vector<float>& values, int64_t bits) {
  const int64_t largest = (int64_t{1} << bits) - 1;
  const float lo = *std::min_element(values.begin(), values.end());
  const float hi = *std::max_element(values.begin(), values.end());
  const float range = hi - lo;
  const float step = range / static_cast<float>(largest);
  QuantGroup group;
  group.scale = std::max(step, 1e-7F);
  const bool low_edge = std::fabs(lo) > std::fabs(hi);
  const float edge = low_edge ? lo : hi;
  if (!low_edge) group.scale = -group.scale;
  const float q0 = static_cast<float>(round_half_even(edge / group.scale));
  if (q0 != 0.0F) {
    group.scale = edge / q0;
    group.bias = edge;
  }
  for (float value : values) {
    group.codes.push_back(quantize_value(value, group.scale, group.bias, largest));
  }
  return group;
}

// Channel c at bit (c*bits) % 32 of word c*bits/32, low bits first.
inline std::vector<uint32_t> pack_codes(const std::vector<int64_t>& codes, int64_t bits) {
  std::vector<uint32_t> words((codes.size() * static_cast<size_t>(bits) + 31) / 32, 0);
  for (size_t c = 0; c < codes.size(); ++c) {
    const size_t bit = c * static_cast<size_t>(bits);
    words[bit / 32] |= static_cast<uint32_t>(codes[c]) << (bit % 32);
  }
  return words;
}

inline int64_t unpack_code(const std::vector<uint32_t>& words, int64_t c, int64_t bits) {
  const auto bit = static_cast<size_t>(c * bits);
  return static_cast<int64_t>((words.at(bit / 32) >> (bit % 32)) & ((1U << bits) - 1U));
}

// The stored arrays. Kernel volume 1: weight [1, C_out, words], scales and biases
// [1, C_out, groups]. Else weight [K, words, C_out], scales and biases [K, groups, C_out].
struct QuantizedWeight {
  QuantSpec spec;
  WeightShape shape;  // groups = 1
  std::vector<uint32_t> words;
  std::vector<double> scales;  // already rounded to the stored type
  std::vector<double> biases;

  // Where item i of `items` (a word or a group) of one (k, co) is stored.
  size_t position(int64_t k, int64_t co, int64_t i, int64_t items) const {
    return static_cast<size_t>(shape.volume == 1 ? co * items + i
                                                 : (k * items + i) * shape.c_out + co);
  }
};

inline std::vector<float> padded_group(const Weight& w, int64_t k, int64_t co, int64_t group,
                                       int64_t size) {
  std::vector<float> values;
  for (int64_t ci = group * size; ci < (group + 1) * size; ++ci) {
    values.push_back(ci < w.shape.c_in ? static_cast<float>(w.at(k, 0, ci, co)) : 0.0F);
  }
  return values;
}

inline double to_scale_type(float value, const QuantSpec& spec) {
  return spec.half_scales ? round_to_f16(value) : static_cast<double>(value);
}

inline void quantize_column(QuantizedWeight& q, const Weight& w, int64_t k, int64_t co) {
  const int64_t groups = q.spec.groups(w.shape.c_in);
  std::vector<int64_t> codes;
  for (int64_t g = 0; g < groups; ++g) {
    const QuantGroup group =
        quantize_group(padded_group(w, k, co, g, q.spec.group_size), q.spec.bits);
    codes.insert(codes.end(), group.codes.begin(), group.codes.end());
    const size_t at = q.position(k, co, g, groups);
    q.scales.at(at) = to_scale_type(group.scale, q.spec);
    q.biases.at(at) = to_scale_type(group.bias, q.spec);
  }
  const std::vector<uint32_t> words = pack_codes(codes, q.spec.bits);
  for (size_t i = 0; i < words.size(); ++i) {
    const auto word = static_cast<int64_t>(i);
    q.words.at(q.position(k, co, word, static_cast<int64_t>(words.size()))) = words[i];
  }
}

// A linear weight is the case K = 1 (WeightLayout::kPointwise).
inline QuantizedWeight quantize(const Weight& w, const QuantSpec& spec) {
  if (w.shape.groups != 1) throw std::invalid_argument("oracle: packed weights need groups = 1");
  const int64_t columns = w.shape.volume * w.shape.c_out;
  const auto scales = static_cast<size_t>(columns * spec.groups(w.shape.c_in));
  QuantizedWeight q{spec, w.shape, {}, std::vector<double>(scales), std::vector<double>(scales)};
  q.words.resize(static_cast<size_t>(columns * spec.words(w.shape.c_in)));
  for (int64_t k = 0; k < w.shape.volume; ++k) {
    for (int64_t co = 0; co < w.shape.c_out; ++co) quantize_column(q, w, k, co);
  }
  return q;
}

inline int64_t stored_code(const QuantizedWeight& q, int64_t k, int64_t ci, int64_t co) {
  const int64_t words = q.spec.words(q.shape.c_in);
  const int64_t word = ci * q.spec.bits / 32;
  const uint32_t value = q.words.at(q.position(k, co, word, words));
  return unpack_code({value}, ci % (32 / q.spec.bits), q.spec.bits);
}

// scale*code + bias of the stored values, rounded once to float32. Padding channels are dropped.
inline Weight dequantize(const QuantizedWeight& q) {
  Weight w = Weight::zeros(q.shape);
  const int64_t groups = q.spec.groups(q.shape.c_in);
  for (int64_t k = 0; k < q.shape.volume; ++k) {
    for (int64_t ci = 0; ci < q.shape.c_in; ++ci) {
      for (int64_t co = 0; co < q.shape.c_out; ++co) {
        const size_t at = q.position(k, co, ci / q.spec.group_size, groups);
        const auto code = static_cast<double>(stored_code(q, k, ci, co));
        w.at(k, 0, ci, co) = round_to_f32(q.scales.at(at) * code + q.biases.at(at));
      }
    }
  }
  return w;
}

}  // namespace voxloom_oracle
