#include "engine/normalized_gradients.h"

#include <cmath>

#include "cpu/backend.h"
#include "cpu/loops.h"

namespace voxloom::cpu {
namespace {

// Calls body(element, its place in (K, C_out)) for each element of a weight (K, G, C_in/G, C_out/G).
template <typename Body>
void for_each_element(const Tensor& weight, const Body& body) {
  const std::int64_t in = weight.dim(2), out = weight.dim(3);
  std::int64_t element = 0;
  for (std::int64_t kg = 0; kg < weight.dim(0) * weight.dim(1); ++kg) {
    for (std::int64_t i = 0; i < in; ++i) {
      for (std::int64_t o = 0; o < out; ++o) body(element++, kg * out + o);
    }
  }
}

void weight_energy(const engine::WeightEnergy& p) {
  std::vector<double> sums(static_cast<std::size_t>(p.energy->size()));
  const float* w = p.weight->data<float>();
  for_each_element(*p.weight, [&](std::int64_t element, std::int64_t at) {
    sums[static_cast<std::size_t>(at)] += static_cast<double>(w[element]) * w[element];
  });
  store(sums.data(), p.energy);
}

void weight_energy_gradient(const engine::WeightEnergyGradient& p) {
  const float* w = p.weight->data<float>();
  const float* s = p.denergy->data<float>();
  float* to = p.dweight->mutable_data<float>();
  for_each_element(*p.weight, [&](std::int64_t element, std::int64_t at) {
    to[element] += 2.0F * w[element] * s[at];
  });
}

void normalized_gradient(const engine::NormalizedGradient& p) {
  const float* dy = p.dy->data<float>();
  const float* energy = p.energy->data<float>();
  const float* n = p.de == nullptr ? nullptr : p.numerator->data<float>();
  float* dn = p.dn->mutable_data<float>();
  float* de = p.de == nullptr ? nullptr : p.de->mutable_data<float>();
  for_ranges(p.dn->size(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float root = std::sqrt(energy[i] + p.eps);
      dn[i] = dy[i] / root;
      if (de != nullptr) de[i] = -0.5F * dn[i] * (n[i] / (root * root));
    }
  });
}

}  // namespace

void CpuBackend::offer_normalized_gradients() {
  offer_trained<weight_energy>();
  offer_trained<weight_energy_gradient>();
  offer_trained<normalized_gradient>();
}

}  // namespace voxloom::cpu
