#include <type_traits>

#include "core/dispatch.h"
#include "cpu/backend.h"
#include "cpu/weights.h"

namespace voxloom::cpu {
namespace {

template <typename To, typename From>
To converted(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else {
    return To(value);
  }
}

struct Sizes {
  std::int64_t volume, groups, in, out;
};

template <typename From, typename T>
void turn(const From* from, const Sizes& s, T* to) {
  for (std::int64_t k = 0; k < s.volume; ++k) {
    for (std::int64_t g = 0; g < s.groups; ++g) {
      for (std::int64_t i = 0; i < s.in; ++i) {
        for (std::int64_t o = 0; o < s.out; ++o) {
          to[((g * s.out + o) * s.volume + k) * s.in + i] = converted<T>(*from++);
        }
      }
    }
  }
}

}  // namespace

void turn_weight(const engine::TurnWeight& problem) {
  const Tensor& from = *problem.from;
  const Sizes sizes{from.dim(0), from.dim(1), from.dim(2), from.dim(3)};
  visit_feature_dtype("weight", problem.to->dtype(), [&]<typename T>() {
    T* to = problem.to->mutable_data<T>();
    if (from.dtype() == DType::f32) {
      turn(from.data<float>(), sizes, to);
    } else {
      turn(from.data<T>(), sizes, to);
    }
  });
}

void CpuBackend::offer_weights() {
  offer_only<turn_weight>();
  offer_only<quantize_weight>();
  offer_only<dequantize_weight>();
}

}  // namespace voxloom::cpu
