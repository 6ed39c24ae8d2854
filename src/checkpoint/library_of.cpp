// Which library made these weights, by names and shapes.
#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "core/error.h"
#include "voxloom/import_network.h"

namespace voxloom::checkpoint {
namespace {

constexpr std::string_view kLibraryOfOp = "library_of";
constexpr std::int64_t kLargestKernel = 11;  // along an axis, of what is published

constexpr std::array<std::string_view, 6> kNames = {"spconv",      "spconv1",     "minkowski",
                                                    "torchsparse", "warpconvnet", "mlx-lattice"};
using Libraries = std::set<Library>;

// A cube, or with axes of size 1, as published kernels are: (3,3,3), (3,1,1).
bool is_kernel(const Shape& shape, std::size_t first) {
  const std::span<const std::int64_t> sizes(shape.data() + first, 3);
  const std::int64_t largest = *std::ranges::max_element(sizes);
  return largest <= kLargestKernel &&
         std::ranges::all_of(sizes, [&](std::int64_t n) { return n == largest || n == 1; });
}

bool is_pointwise(const Shape& shape, std::size_t first) {
  const std::span<const std::int64_t> sizes(shape.data() + first, 3);
  return std::ranges::all_of(sizes, [](std::int64_t n) { return n == 1; });
}

bool ends_in(std::string_view name, std::string_view last) {
  return name == last || (name.ends_with(last) && name[name.size() - last.size() - 1] == '.');
}

std::string_view stem_of(std::string_view name, std::string_view last) {
  return name.substr(0, name.size() - last.size());
}

// A convolution's weight can be one of these libraries'; empty: it says nothing.
Libraries could_have_made(const Shape& shape) {
  Libraries made;
  if (shape.size() != 5) return {};
  if (is_kernel(shape, 1)) made.insert({Library::spconv, Library::mlx_lattice});
  if (is_kernel(shape, 0)) made.insert(Library::spconv1);
  return made;
}

// MinkowskiEngine nests its norms' parameters and keeps a bias as a row; torchsparse does neither.
Libraries of_kernels(const TensorMap& tensors) {
  bool has_norms = false, has_nested_norms = false;
  bool has_rows = false, has_columns = false;
  for (const auto& [name, tensor] : tensors) {
    if (ends_in(name, "running_mean")) {
      (name.ends_with("bn.running_mean") ? has_nested_norms : has_norms) = true;
    }
    if (ends_in(name, "bias") && tensors.contains(std::string(stem_of(name, "bias")) + "kernel")) {
      (tensor.rank() == 2 ? has_rows : has_columns) = true;
    }
  }
  Libraries made;
  if (!has_columns && (has_rows || has_nested_norms || !has_norms)) made.insert(Library::minkowski);
  if (!has_rows && (has_columns || !has_nested_norms)) made.insert(Library::torchsparse);
  return made;
}

std::string listed(const Libraries& libraries) {
  std::string text;
  for (const Library library : libraries) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", name_of(library));
  }
  return text;
}

}  // namespace

std::string_view name_of(Library library) { return kNames[static_cast<std::size_t>(library)]; }

Library library_named(std::string_view name) {
  const auto* found = std::ranges::find(kNames, name);
  require(
      found != kNames.end(), "library_named",
      "there is no library '{}'; known are spconv, spconv1, minkowski, torchsparse, warpconvnet, "
      "mlx-lattice",
      name);
  return static_cast<Library>(found - kNames.begin());
}

Library library_of(const TensorMap& tensors, const std::vector<Library>& among) {
  Libraries left;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const auto library = static_cast<Library>(i);
    if (among.empty() || std::ranges::find(among, library) != among.end()) left.insert(library);
  }
  bool is_told = false, has_pointwise = false, has_kernels = false, has_flat_weights = false;
  const auto keep = [&](const Libraries& made) {
    is_told = true;
    std::erase_if(left, [&](Library library) { return !made.contains(library); });
  };
  for (const auto& [name, tensor] : tensors) {
    has_kernels = has_kernels || (ends_in(name, "kernel") && tensor.rank() >= 2);
    if (!ends_in(name, "weight")) continue;
    const Libraries made = could_have_made(tensor.shape());
    if (!made.empty()) keep(made);
    has_pointwise = has_pointwise || (tensor.rank() == 5 && is_pointwise(tensor.shape(), 1));
    has_flat_weights = has_flat_weights || tensor.rank() == 3;
  }
  if (has_kernels) keep(of_kernels(tensors));
  // Other layers have weights of rank 3 too.
  if (!is_told && has_flat_weights) keep({Library::warpconvnet});
  // The two differ in the 1x1x1 convolution alone.
  if (!has_pointwise && left.contains(Library::spconv)) left.erase(Library::mlx_lattice);
  require(is_told && !left.empty(), kLibraryOfOp,
          "the {} tensors' names and shapes are not those of {}", tensors.size(),
          among.empty() ? "any library that is known" : listed({among.begin(), among.end()}));
  require(left.size() == 1, kLibraryOfOp,
          "the weights could be those of {}: say which (voxloom import --from)", listed(left));
  return *left.begin();
}

}  // namespace voxloom::checkpoint
