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
  void offer_points();      // point_cells.cpp
  void offer_weights();     // turn_weight.cpp
  void offer_arithmetic();  // arithmetic.cpp
  void offer_folds();       // fold.cpp

  // All that follows; in training.cpp, which no program links that only runs networks.
  [[gnu::weak]] static void offer_training(CpuBackend& backend);
  void offer_weight_gradients();      // weight_gradient.cpp
  void offer_gradients();             // gradients.cpp
  void offer_row_gradients();         // row_gradients.cpp
  void offer_batch_norm();            // batch_norm.cpp
  void offer_normalized_gradients();  // normalized_gradients.cpp
  void offer_losses();                // losses.cpp
  void offer_lovasz();                // lovasz.cpp
  void offer_element_losses();        // element_loss.cpp
  void offer_instance_norm();         // instance_norm.cpp
  void offer_updates();               // updates.cpp
  void offer_spreads();               // spread.cpp
  void offer_devoxelize_gradient();   // devoxelize_gradient.cpp

  template <auto Run>
  void offer_trained() {
    static_assert(ProblemOf<Run>::kIsForTraining,
                  "else its row is missing where nothing is trained");
    offer_only<Run>();
  }
};

}  // namespace voxloom::cpu
