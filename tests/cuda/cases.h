// Between the library's sets, maps and tensors and those of src/cuda. Under the emulation here; the same
// tests are linked with the real device code by scripts/gpu_pack.sh and run where a card is.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "coords/coordinate_set_impl.h"
#include "coords/kernel_geometry.h"
#include "cuda/coordinate_set.h"
#include "cuda/kernel_map.h"
#include "oracle/random.h"
#include "support/oracle_bridge.h"
#include "voxloom/kernel_map.h"

namespace voxloom::test {

static_assert(sizeof(cuda::Site) == sizeof(Coordinate));

inline constexpr cuda::Stream kStream{};

template <typename T>
cuda::Array<T> on_device(const std::vector<T>& values) {
  cuda::Array<T> array(static_cast<std::int64_t>(values.size()), kStream);
  array.upload(values.data());
  return array;
}

template <typename T>
std::vector<T> on_host(const T* data, std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  cuda::copy_to_host(values.data(), data, values.size() * sizeof(T), kStream);
  return values;
}
template <typename T>
std::vector<T> on_host(const cuda::Array<T>& array) {
  return on_host(array.data(), array.size());
}

// A tensor's elements on the device.
class DeviceTensor {
 public:
  DeviceTensor() = default;
  explicit DeviceTensor(const Tensor& t)
      : shape_(t.shape()),
        dtype_(t.dtype()),
        bytes_(static_cast<std::int64_t>(t.bytes()), kStream) {
    bytes_.upload(reinterpret_cast<const char*>(t.raw()));
  }
  // Filled with bytes that are NaN in every type: whoever forgets an element is found out.
  DeviceTensor(Shape shape, DType dtype) : DeviceTensor(Tensor::empty(std::move(shape), dtype)) {
    bytes_.fill_bytes(0xFF);
  }
  [[nodiscard]] void* data() { return bytes_.data(); }
  [[nodiscard]] const void* data() const { return bytes_.data(); }
  template <typename T>
  [[nodiscard]] T* as() {
    return reinterpret_cast<T*>(bytes_.data());
  }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] Tensor to_host() const {
    Tensor t = Tensor::empty(shape_, dtype_);
    bytes_.download(reinterpret_cast<char*>(t.mutable_raw()));
    return t;
  }

 private:
  Shape shape_;
  DType dtype_ = DType::f32;
  cuda::Array<char> bytes_;
};

inline std::vector<cuda::Site> to_sites(std::span<const Coordinate> rows) {
  std::vector<cuda::Site> sites;
  for (const Coordinate& c : rows) sites.push_back({c.batch, c.x, c.y, c.z});
  return sites;
}

inline cuda::CoordinateSet device_set(const CoordinateSet& set) {
  const cuda::Array<cuda::Site> rows = on_device(to_sites(set.rows()));
  cuda::CoordinateSet::Problem problem;
  cuda::CoordinateSet result =
      cuda::CoordinateSet::from_rows(rows.data(), rows.size(), problem, kStream);
  EXPECT_FALSE(problem.negative_batch);
  EXPECT_EQ(problem.first_repeated, -1);
  return result;
}

// Rows, order, leaves and the table that finds them are the CPU's.
inline void expect_same_set(const cuda::CoordinateSet& device, const CoordinateSet& host) {
  const cuda::SetView view = device.view();
  ASSERT_EQ(view.size, host.size());
  const std::vector<cuda::Site> rows = on_host(view.rows, view.size);
  for (std::int64_t i = 0; i < view.size; ++i) {
    const cuda::Site& site = rows[static_cast<std::size_t>(i)];
    ASSERT_EQ((Coordinate{site.batch, site.x, site.y, site.z}), host[i]) << "row " << i;
  }
  const std::span<const std::int32_t> order = host.impl().row_of_rank();
  ASSERT_EQ(view.row_of_rank == nullptr, order.empty());
  if (!order.empty()) {
    EXPECT_EQ(on_host(view.row_of_rank, view.size),
              std::vector<std::int32_t>(order.begin(), order.end()));
  }
  const std::span<const voxloom::Leaf> leaves = host.impl().index().leaves();
  ASSERT_EQ(view.leaf_count, static_cast<std::int64_t>(leaves.size()));
  const std::vector<cuda::Leaf> found = on_host(view.leaves, view.leaf_count);
  std::vector<std::int32_t> numbers;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const LeafPosition& p = leaves[i].position;
    ASSERT_EQ((LeafPosition{found[i].position.batch, found[i].position.x, found[i].position.y,
                            found[i].position.z}),
              p);
    ASSERT_EQ(found[i].mask, leaves[i].mask) << "leaf " << i;
    ASSERT_EQ(found[i].first, leaves[i].first) << "leaf " << i;
    numbers.push_back(static_cast<std::int32_t>(i));
  }
  std::vector<std::int32_t> slots = view.slots == nullptr
                                        ? std::vector<std::int32_t>{}
                                        : on_host(view.slots, std::int64_t{view.slot_mask} + 1);
  std::erase(slots, -1);
  std::sort(slots.begin(), slots.end());
  EXPECT_EQ(slots, numbers);
}

// A geometry whose shifts live as long as it does.
struct HostGeometry {
  explicit HostGeometry(const KernelSpec& kernel) {
    const KernelGeometry g = KernelGeometry::from("test", kernel);
    for (const KernelGeometry::Shift& s : g.shifts) shifts.push_back({s.x, s.y, s.z});
    view = {{g.stride.x, g.stride.y, g.stride.z}, shifts.data(), g.volume()};
  }
  std::vector<cuda::Shift> shifts;
  cuda::Geometry view;
};

// The map's entries, by output row and offset, are the CPU's; masks say the same.
inline void expect_same_map(const cuda::KernelMap& device, const KernelMap& host) {
  const cuda::MapView view = device.view();
  const std::int64_t rows = host.target().size(), volume = host.volume();
  ASSERT_EQ(view.out_rows, rows);
  ASSERT_EQ(view.volume, volume);
  const std::vector<std::int32_t> expected = host.dense();
  const std::vector<std::int32_t> in_row = on_host(view.in_row, rows * volume);
  const std::vector<std::uint32_t> masks = on_host(view.masks, rows * ((volume + 31) / 32));
  const std::vector<std::int32_t> order = view.out_row_of_rank == nullptr
                                              ? std::vector<std::int32_t>{}
                                              : on_host(view.out_row_of_rank, rows);
  for (std::int64_t rank = 0; rank < rows; ++rank) {
    const std::int64_t row = order.empty() ? rank : order[static_cast<std::size_t>(rank)];
    for (std::int64_t k = 0; k < volume; ++k) {
      const std::int32_t partner = in_row[static_cast<std::size_t>(k * rows + rank)];
      ASSERT_EQ(partner, expected[static_cast<std::size_t>(row * volume + k)])
          << "row " << row << " offset " << k;
      const std::uint32_t word = masks[static_cast<std::size_t>(k / 32 * rows + rank)];
      ASSERT_EQ(((word >> (k % 32)) & 1U) != 0, partner >= 0) << "row " << row << " offset " << k;
    }
  }
  EXPECT_EQ(device.entry_count(kStream), host.size());
}

}  // namespace voxloom::test
