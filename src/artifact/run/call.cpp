#include "artifact/run/call.h"

#include "core/error.h"
#include "core/quotient.h"

namespace voxloom::artifact {

const RuntimeValue& Call::value(std::string_view name) const {
  return *operands_[slot(name).first];
}

const Tensor& Call::tensor(std::string_view name) const { return std::get<Tensor>(value(name)); }

const SparseTensor& Call::sparse(std::string_view name) const {
  return std::get<SparseTensor>(value(name));
}

const SparseTensor* Call::maybe_sparse(std::string_view name) const {
  return has_operand(name) ? &sparse(name) : nullptr;
}

std::vector<SparseTensor> Call::sparse_list(std::string_view name) const {
  std::vector<SparseTensor> list;
  const Slot place = slot(name);
  for (std::size_t i = place.first; i < place.first + place.count; ++i) {
    list.push_back(std::get<SparseTensor>(*operands_[i]));
  }
  return list;
}

Weight Call::weight(std::string_view name, std::int64_t in_channels) const {
  const auto& stored = std::get<Weight>(value(name));
  const auto* packed = std::get_if<QuantizedWeight>(&stored);
  if (packed == nullptr) return stored;
  const std::int64_t groups = ceil_div(in_channels, packed->group_size);
  const std::int64_t stored_groups = packed->scales.dim(packed->kernel_volume() == 1 ? 2 : 1);
  require(groups == stored_groups, op().name,
          "the packed weight has {} groups of {} channels, but the input has {} channels",
          stored_groups, packed->group_size, in_channels);
  QuantizedWeight sized = *packed;
  sized.in_channels = in_channels;
  return sized;
}

const Tensor& Call::vector(std::string_view name) const {
  return std::get<Tensor>(std::get<Weight>(value(name)));
}

Tensor Call::bias() const { return has_operand("bias") ? vector("bias") : Tensor{}; }

std::vector<Tensor> active_rows(std::string_view op, const Tensor& active,
                                std::span<const ActiveBuffer> buffers) {
  require(active.dtype() == DType::i32 && active.size() == 1, op,
          "active must be one int32, got {} {}", active.shape(), name_of(active.dtype()));
  const std::int64_t rows = active.to(Device{}).data<std::int32_t>()[0];
  require(rows >= 0, op, "active is {}", rows);
  std::vector<Tensor> result;
  for (const ActiveBuffer& buffer : buffers) {
    require(rows <= buffer.tensor.dim(0), op, "active is {}, but {} has {} rows", rows, buffer.name,
            buffer.tensor.dim(0));
    result.push_back(buffer.tensor.rows(0, rows));
  }
  return result;
}

}  // namespace voxloom::artifact
