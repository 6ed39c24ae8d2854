// Kernel maps on the device: the CPU's entries, exactly, for every geometry and both sides.

#include <map>

#include "coords/cases.h"
#include "cuda/cases.h"

namespace voxloom::test {
namespace {

// A set on both sides.
struct Both {
  explicit Both(const CoordinateSet& set) : host(set), device(device_set(set)) {}
  CoordinateSet host;
  cuda::CoordinateSet device;
};

void expect_maps(const Both& fine, const Both& coarse, const KernelSpec& kernel) {
  SCOPED_TRACE(describe(kernel));
  const HostGeometry geometry(kernel);
  const KernelMap forward = forward_map(fine.host, coarse.host, kernel);
  expect_same_map({fine.device, coarse.device, geometry.view, cuda::Side::coarse, kStream},
                  forward);
  expect_same_map({fine.device, coarse.device, geometry.view, cuda::Side::fine, kStream},
                  forward.swapped());
}

TEST(CudaMaps, OfManyKernels) {
  oracle::Random random(1);
  const Both fine(set_of(oracle::random_coords(
      random, {.count = 300, .start = {-8, -8, -8}, .extent = {16, 16, 16}, .batches = {0, 2}})));
  std::map<std::string, Both> coarse;
  for (const KernelSpec& kernel : kernels_of({Triple(3), Triple(2), Triple(1, 4, 2)})) {
    const std::string stride = to_string(kernel.stride);
    if (!coarse.contains(stride)) {
      coarse.emplace(stride, strided_support(fine.host, kernel.stride));
    }
    expect_maps(fine, coarse.at(stride), kernel);
  }
}

TEST(CudaMaps, OfListedOffsets) {
  oracle::Random random(2);
  const Both set(set_of(oracle::random_coords(random, {.count = 400, .extent = {12, 12, 12}})));
  for (const std::vector<Triple>& offsets : offset_lists()) {
    expect_maps(set, set, {.offsets = offsets});
    expect_maps(set, set, {.dilation = 3, .offsets = offsets});
  }
}

TEST(CudaMaps, OverNamedSets) {
  for (const oracle::NamedCoords& named : oracle::coordinate_zoo(3)) {
    SCOPED_TRACE(named.name);
    const Both set(CoordinateSet::from_rows(to_rows(named.coords)));
    const Both half(strided_support(set.host, 2));
    const Both third(strided_support(set.host, 3));
    expect_maps(set, set, {});
    expect_maps(set, half, {.kernel_size = 2, .stride = 2});
    expect_maps(set, half, {.kernel_size = 3, .stride = 2});
    expect_maps(set, third, {.kernel_size = 3, .stride = 3, .dilation = kMax / 2});
  }
}

TEST(CudaMaps, OfKernelsOfManyWords) {
  oracle::Random random(4);
  const Both set(set_of(oracle::random_coords(random, {.count = 500, .extent = {10, 10, 10}})));
  expect_maps(set, set, {.kernel_size = 5});
  expect_maps(set, set, {.kernel_size = {4, 8, 1}, .origin = Origin::corner});
  expect_maps(set, set, {.kernel_size = 9});
}

}  // namespace
}  // namespace voxloom::test
