#include "cpu/store_sums.h"

namespace voxloom::cpu {

SumStore::SumStore(const ConvForward& problem, Isa isa)
    : p_(problem), store_(kernel_of<StoreArgs>(isa, problem.y->dtype())) {
  if (problem.bias != nullptr) bias_ = problem.bias->to(DType::f32);
}

void SumStore::operator()(const Tile& tile) const {
  StoreArgs store = target(tile.first, tile.column);
  store.c = tile.sums;
  store.c_stride = tile.stride;
  store.rows = tile.rows;
  store.width = tile.width;
  store_(store);
}

StoreArgs SumStore::target(std::int64_t first, std::int64_t column) const {
  const Epilogue& e = p_.epilogue;
  StoreArgs store{};
  store.y_stride = p_.y->dim(1);
  std::int64_t offset = column;
  if (p_.map.out_row_of_rank.empty()) {  // a rank is a row
    offset += first * store.y_stride;
  } else {
    store.y_row = p_.map.out_row_of_rank.data() + first;
  }
  offset *= static_cast<std::int64_t>(size_of(p_.y->dtype()));
  store.y = p_.y->mutable_raw() + offset;
  if (e.residual != nullptr) store.residual = e.residual->raw() + offset;
  if (bias_.defined()) store.bias = bias_.data<float>() + column;
  if (e.scale != nullptr) store.scale = e.scale + column;
  if (e.shift != nullptr) store.shift = e.shift + column;
  store.rectifier = e.rectifier;
  store.slope = e.slope;
  return store;
}

}  // namespace voxloom::cpu
