// The rows of problems that only training has. Nothing but keep_training_rows() asks for this object, so
// that a static program without such a problem has none of them.
#include "cpu/backend.h"

namespace voxloom {
namespace cpu {

void CpuBackend::offer_training(CpuBackend& backend) {
  backend.offer_weight_gradients();
  backend.offer_gradients();
  backend.offer_row_gradients();
  backend.offer_batch_norm();
  backend.offer_normalized_gradients();
  backend.offer_losses();
  backend.offer_lovasz();
  backend.offer_element_losses();
  backend.offer_instance_norm();
  backend.offer_updates();
  backend.offer_spreads();
  backend.offer_devoxelize_gradient();
}

}  // namespace cpu

void engine::keep_training_rows() {}

}  // namespace voxloom
