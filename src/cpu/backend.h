// The CPU as a backend: its table, made of one list per room of algorithms.
#pragma once

#include "engine/backend.h"

namespace voxloom::cpu {

class CpuBackend : public engine::Backend {
 public:
  CpuBackend();
  [[nodiscard]] std::string_view variant() const override;

 private:
  void offer_products();  // convolution.cpp
  void offer_pools();     // pools.cpp
  void offer_rows();      // rows.cpp
  void offer_elementwise();
  void offer_row_wise();
  void offer_segments();
  void offer_points();   // point_cells.cpp
  void offer_weights();  // turn_weight.cpp
};

}  // namespace voxloom::cpu
