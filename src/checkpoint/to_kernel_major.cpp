// Weights of other libraries in our order.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/checked.h"
#include "core/error.h"
#include "voxloom/import_network.h"

namespace voxloom::checkpoint {
namespace {

constexpr std::string_view kToKernelMajorOp = "to_kernel_major";

// In elements, along the source's axes.
struct Strides {
  std::array<std::int64_t, 3> kernel{};
  std::int64_t in = 0, out = 0;
};

struct Source {
  std::array<std::int64_t, 3> size{};  // of the kernel, in the order of the source's columns
  std::int64_t volume = 0;
  std::int64_t in = 0, out = 0;
  Strides strides = {};
};

Source source_of(const LibraryLayout& layout) {
  const Triple& k = layout.kernel_size;
  require(k.x >= 1 && k.y >= 1 && k.z >= 1, kToKernelMajorOp,
          "kernel_size should be at least 1, got {}", k);
  Source source{.volume = checked_product(kToKernelMajorOp, {k.x, k.y, k.z})};
  source.size = {k.x, k.y, k.z};
  if (layout.axes == Axes::zyx) std::ranges::reverse(source.size);
  return source;
}

bool has_kernel(const Shape& shape, std::size_t first, const Source& source) {
  return std::equal(source.size.begin(), source.size.end(),
                    shape.begin() + static_cast<std::ptrdiff_t>(first));
}

// Counted from the fastest axis on, `fastest` elements apart.
std::array<std::int64_t, 3> kernel_strides(const Source& source, std::int64_t fastest,
                                           bool is_first_fastest) {
  const auto& n = source.size;
  if (is_first_fastest) return {fastest, fastest * n[0], fastest * n[0] * n[1]};
  return {fastest * n[1] * n[2], fastest * n[2], fastest};
}

[[noreturn]] void refuse(const Tensor& weight, const LibraryLayout& layout, const Source& source) {
  fail(kToKernelMajorOp, "weight {} is none of {}'s with a kernel of {} along its axes",
       weight.shape(), name_of(layout.library), Shape(source.size.begin(), source.size.end()));
}

// (C_out, k0, k1, k2, C_in)
void lay_output_first(Source& source, const Shape& shape, bool is_reinterpreted) {
  source.out = shape[0];
  source.in = shape[4];
  if (is_reinterpreted) {
    source.strides = {.in = source.out, .out = 1};
    return;
  }
  source.strides = {.kernel = kernel_strides(source, source.in, false),
                    .in = 1,
                    .out = source.volume * source.in};
}

// The kernel, then a block of C_in rows of C_out.
void lay_kernel_first(Source& source, std::int64_t in, std::int64_t out, bool is_first_fastest) {
  source.in = in;
  source.out = out;
  source.strides = {
      .kernel = kernel_strides(source, in * out, is_first_fastest), .in = out, .out = 1};
}

// (K, C_in, C_out), or (C_in, C_out) when K is 1. False: neither.
bool lay_flat(Source& source, const Shape& shape, bool is_first_fastest) {
  const bool is_pointwise = shape.size() == 2 && source.volume == 1;
  if (!is_pointwise && (shape.size() != 3 || shape[0] != source.volume)) return false;
  lay_kernel_first(source, shape[shape.size() - 2], shape.back(), is_first_fastest);
  return true;
}

bool lay(Source& source, const Shape& shape, const LibraryLayout& layout) {
  const bool is_box = shape.size() == 5;
  const bool is_odd = source.volume % 2 != 0;
  switch (layout.library) {
    case Library::spconv:
      if (!is_box || !has_kernel(shape, 1, source)) return false;
      lay_output_first(source, shape,
                       source.volume == 1 && layout.pointwise == PointwiseWeights::as_run);
      return true;
    case Library::mlx_lattice:
      if (shape.size() == 2 && source.volume == 1) {  // (C_out, C_in)
        lay_output_first(source, {shape[0], 1, 1, 1, shape[1]}, false);
        return true;
      }
      if (!is_box) return lay_flat(source, shape, false);
      if (!has_kernel(shape, 1, source)) return false;
      lay_output_first(source, shape, false);
      return true;
    case Library::spconv1:
      if (!is_box || !has_kernel(shape, 0, source)) return false;
      lay_kernel_first(source, shape[3], shape[4], false);
      return true;
    case Library::minkowski: return lay_flat(source, shape, true);
    case Library::torchsparse: return lay_flat(source, shape, is_odd);
    case Library::warpconvnet: return lay_flat(source, shape, false);
  }
  return false;
}

template <std::size_t bytes>
void gather(const std::byte* from, const Source& source, const std::array<std::int64_t, 3>& size,
            const std::array<std::int64_t, 3>& stride, std::byte* to) {
  for (std::int64_t x = 0; x < size[0]; ++x) {
    for (std::int64_t y = 0; y < size[1]; ++y) {
      for (std::int64_t z = 0; z < size[2]; ++z) {
        const std::int64_t cell = x * stride[0] + y * stride[1] + z * stride[2];
        for (std::int64_t i = 0; i < source.in; ++i) {
          for (std::int64_t o = 0; o < source.out; ++o) {
            const std::int64_t at = cell + i * source.strides.in + o * source.strides.out;
            std::memcpy(to, from + at * static_cast<std::int64_t>(bytes), bytes);
            to += bytes;
          }
        }
      }
    }
  }
}

}  // namespace

Tensor to_kernel_major(const Tensor& weight, const LibraryLayout& layout) {
  require(weight.defined(), kToKernelMajorOp, "the weight is undefined");
  Source source = source_of(layout);
  Shape shape = weight.shape();
  Shape result_shape;
  // The block of a group is copied like one input channel's row.
  if (layout.library == Library::warpconvnet && shape.size() == 4 && shape[0] == source.volume) {
    result_shape = shape;
    shape = {shape[0], shape[1] * shape[2], shape[3]};
  }
  if (!lay(source, shape, layout)) refuse(weight, layout, source);
  if (result_shape.empty()) result_shape = {source.volume, source.in, source.out};

  Tensor result = Tensor::empty(result_shape, weight.dtype());
  std::array<std::int64_t, 3> size = source.size, stride = source.strides.kernel;
  if (layout.axes == Axes::zyx) {
    std::ranges::reverse(size);
    std::ranges::reverse(stride);
  }
  switch (size_of(weight.dtype())) {
    case 2: gather<2>(weight.raw(), source, size, stride, result.mutable_raw()); break;
    case 4: gather<4>(weight.raw(), source, size, stride, result.mutable_raw()); break;
    case 8: gather<8>(weight.raw(), source, size, stride, result.mutable_raw()); break;
    default: fail(kToKernelMajorOp, "a weight's elements should be real numbers, got {}", weight);
  }
  return result;
}

}  // namespace voxloom::checkpoint
