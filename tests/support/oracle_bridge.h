// Between the library's types and the oracle's.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/dispatch.h"
#include "oracle/bounds.h"
#include "oracle/kernel.h"
#include "oracle/map.h"
#include "oracle/rounding.h"
#include "oracle/types.h"
#include "voxloom/kernel_map.h"
#include "voxloom/sparse_tensor.h"

namespace voxloom::test {

namespace oracle = voxloom_oracle;

inline std::vector<Coordinate> to_rows(const std::vector<oracle::Coord>& coords) {
  std::vector<Coordinate> rows;
  for (const oracle::Coord& c : coords) {
    rows.push_back({static_cast<std::int32_t>(c[0]), static_cast<std::int32_t>(c[1]),
                    static_cast<std::int32_t>(c[2]), static_cast<std::int32_t>(c[3])});
  }
  return rows;
}

inline std::vector<oracle::Coord> to_coords(const CoordinateSet& set) {
  std::vector<oracle::Coord> coords;
  for (const Coordinate& c : set.rows()) coords.push_back({c.batch, c.x, c.y, c.z});
  return coords;
}

inline oracle::Triple to_oracle(const Triple& t) { return {t.x, t.y, t.z}; }

inline oracle::Geometry to_geometry(const KernelSpec& k) {
  return {to_oracle(k.stride), to_oracle(k.padding), to_oracle(k.dilation)};
}

inline std::vector<oracle::Triple> to_offsets(const KernelSpec& k) {
  if (k.offsets.empty()) {
    return oracle::kernel_offsets(to_oracle(k.kernel_size), k.origin == Origin::centered
                                                                ? oracle::Origin::kCentered
                                                                : oracle::Origin::kCorner);
  }
  std::vector<oracle::Triple> offsets;
  for (const Triple& t : k.offsets) offsets.push_back(to_oracle(t));
  return offsets;
}

inline oracle::KernelMap oracle_map(const CoordinateSet& in, const CoordinateSet& out,
                                    const KernelSpec& kernel, oracle::Direction direction) {
  return oracle::kernel_map(to_coords(in), to_coords(out), to_offsets(kernel), to_geometry(kernel),
                            direction);
}

// Rounds each value to the dtype.
inline Tensor to_tensor(const std::vector<double>& values, Shape shape, DType dtype = DType::f32) {
  Tensor tensor = Tensor::empty(std::move(shape), dtype);
  EXPECT_EQ(static_cast<std::size_t>(tensor.size()), values.size());
  visit_feature_dtype("test", dtype, [&]<typename T>() {
    for (std::size_t i = 0; i < values.size(); ++i) {
      tensor.mutable_data<T>()[i] = T(static_cast<float>(values[i]));
    }
  });
  return tensor;
}

inline Tensor to_tensor(const oracle::Features& f, DType dtype = DType::f32) {
  return to_tensor(f.v, {f.rows, f.channels}, dtype);
}

inline std::vector<double> to_doubles(const Tensor& tensor) {
  std::vector<double> values(static_cast<std::size_t>(tensor.size()));
  visit_feature_dtype("test", tensor.dtype(), [&]<typename T>() {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<double>(static_cast<float>(tensor.data<T>()[i]));
    }
  });
  return values;
}

inline oracle::Features to_features(const Tensor& tensor) {
  return {tensor.dim(0), tensor.dim(1), to_doubles(tensor)};
}

// The rounding to a storage type, as random_features wants it.
using Rounding = double (*)(double);
inline Rounding rounding_of(DType dtype) {
  switch (dtype) {
    case DType::f16: return oracle::round_to_f16;
    case DType::bf16: return oracle::round_to_bf16;
    default: return oracle::round_to_f32;
  }
}

inline oracle::Storage storage_of(DType dtype) {
  switch (dtype) {
    case DType::f16: return oracle::Storage::kF16;
    case DType::bf16: return oracle::Storage::kBF16;
    default: return oracle::Storage::kF32;
  }
}

// Every element of `actual` is within its bound of the oracle's, one rounding at the store included.
inline void expect_within(const Tensor& actual, const std::vector<double>& expected,
                          std::vector<double> bounds, const std::string& what) {
  ASSERT_EQ(static_cast<std::size_t>(actual.size()), expected.size()) << what;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = oracle::with_store(bounds[i], expected[i], storage_of(actual.dtype()));
  }
  const auto violation = oracle::find_violation(to_doubles(actual), expected, bounds);
  EXPECT_FALSE(violation) << what << ": " << (violation ? violation->text() : "");
}

// Runs `body`, which must throw E with `fragment` in its message.
template <typename E, typename Body>
void expect_throws(const Body& body, const std::string& fragment) {
  try {
    body();
    ADD_FAILURE() << "expected an error with '" << fragment << "'";
  } catch (const E& error) {
    EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
  }
}

}  // namespace voxloom::test
