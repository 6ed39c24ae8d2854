// embedding_lookup: rows of a table, picked by number.

#include "core/error.h"
#include "engine/choice.h"
#include "engine/rows.h"
#include "voxloom/dense.h"

namespace voxloom {

Tensor embedding_lookup(const Tensor& indices, const Tensor& table) {
  constexpr std::string_view kOp = "embedding_lookup";
  require(indices.defined() && indices.dtype() == DType::i32, kOp, "expected int32 indices, got {}",
          indices.defined() ? name_of(indices.dtype()) : "an undefined tensor");
  require(table.defined() && table.rank() == 2 && is_feature_dtype(table.dtype()), kOp,
          "expected a table of shape (V,C) and type float32, float16 or bfloat16, got {} {}",
          to_string(table.shape()), name_of(table.dtype()));
  const Tensor on_host = indices.to(Device{});
  const std::span<const std::int32_t> rows = on_host.span<std::int32_t>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i] >= 0 && rows[i] < table.dim(0), kOp,
            "index {} at position {} is out of range for a table of {} rows", rows[i], i,
            table.dim(0));
  }
  Shape shape = indices.shape();
  shape.push_back(table.dim(1));
  Tensor y = Tensor::empty({indices.size(), table.dim(1)}, table.dtype(), table.device());
  engine::run(engine::PlaceRows{.sources = {{.features = &table, .rows = rows}}, .y = &y});
  return y.reshape(std::move(shape));
}

}  // namespace voxloom
