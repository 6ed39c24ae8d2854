// Every operation that can stand on a tape, one list. tests/autograd checks each of them against central
// differences, and fails for a row without a case.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace voxloom::autograd {

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): names of constants and their words from one row each
#define VOXLOOM_TAPE_OPERATIONS(ROW) \
  ROW(convolution)                   \
  ROW(normalized_convolution)        \
  ROW(linear)                        \
  ROW(binary)                        \
  ROW(cat)                           \
  ROW(reindex)                       \
  ROW(scale)                         \
  ROW(plus)                          \
  ROW(reshape)                       \
  ROW(sum)                           \
  ROW(pool3d)                        \
  ROW(max_unpool3d)                  \
  ROW(pool_transpose3d)              \
  ROW(trilinear_upsample3d)          \
  ROW(global_pool)                   \
  ROW(voxelize)                      \
  ROW(devoxelize)                    \
  ROW(activate)                      \
  ROW(exp)                           \
  ROW(softmax)                       \
  ROW(batch_norm)                    \
  ROW(batch_norm_batch)              \
  ROW(layer_norm)                    \
  ROW(group_norm)                    \
  ROW(instance_norm)                 \
  ROW(rms_norm)                      \
  ROW(dropout)                       \
  ROW(embedding_lookup)              \
  ROW(to_dense)                      \
  ROW(cross_entropy)                 \
  ROW(lovasz_softmax)                \
  ROW(squared_error)                 \
  ROW(smooth_l1)                     \
  ROW(binary_cross_entropy)          \
  ROW(checkpoint)

#define VOXLOOM_AS_CONSTANT(name) name,
#define VOXLOOM_AS_WORD(name) std::string_view(#name),

enum class Operation : std::uint8_t {
  VOXLOOM_TAPE_OPERATIONS(VOXLOOM_AS_CONSTANT) own  // a caller's: record_operation()
};
inline constexpr std::array kOperationNames = {VOXLOOM_TAPE_OPERATIONS(VOXLOOM_AS_WORD)};

#undef VOXLOOM_AS_CONSTANT
#undef VOXLOOM_AS_WORD
#undef VOXLOOM_TAPE_OPERATIONS

[[nodiscard]] constexpr std::string_view name_of(Operation operation) {
  return kOperationNames[static_cast<std::size_t>(operation)];
}

}  // namespace voxloom::autograd
