#include "cpu/backend.h"

#include "cpu/cpu_name.h"
#include "cpu/isa.h"

namespace voxloom {
namespace cpu {

CpuBackend::CpuBackend() : Backend(DeviceKind::cpu, cpu_name()) {
  offer_products();
  offer_pools();
  offer_rows();
  offer_elementwise();
  offer_row_wise();
  offer_segments();
  offer_points();
  offer_weights();
  offer_arithmetic();
  offer_folds();
  if (&offer_training != nullptr) offer_training(*this);
}

std::string_view CpuBackend::variant() const { return name_of(current()); }

}  // namespace cpu

const engine::Backend& engine::cpu_backend() {
  static const cpu::CpuBackend backend;
  return backend;
}

}  // namespace voxloom
