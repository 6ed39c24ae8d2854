// Every op on a second backend: the same bits, on its device, by its algorithms. What reaches around the
// seam is refused there (checking_backend.h).

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <set>

#include "engine/arithmetic.h"
#include "engine/checking_backend.h"
#include "engine/convolution.h"
#include "engine/elementwise.h"
#include "engine/points.h"
#include "engine/pools.h"
#include "engine/problems.h"
#include "engine/row_wise.h"
#include "engine/rows.h"
#include "engine/segments.h"
#include "engine/weights.h"
#include "voxloom/algebra.h"
#include "voxloom/conv.h"
#include "voxloom/conv_gradients.h"
#include "voxloom/dense.h"
#include "voxloom/points.h"
#include "voxloom/pool.h"
#include "voxloom/weight.h"

namespace voxloom::test {
namespace {

// Brings what an op is given to one device.
struct Place {
  Device device;

  Tensor operator()(const Tensor& tensor) const { return tensor.to(device); }
  SparseTensor operator()(const SparseTensor& x) const {
    return x.with_features((*this)(x.features()));
  }
  QuantizedWeight operator()(QuantizedWeight weight) const {
    for (Tensor* part : {&weight.codes, &weight.scales, &weight.biases}) *part = (*this)(*part);
    return weight;
  }
};

constexpr Place kHere{Device{}};
constexpr Place kThere{kChecked};

using Op = std::function<Tensor(const Place&)>;

class OpsThere : public ::testing::TestWithParam<DType> {
 protected:
  OpsThere() {
    device_.offer<engine::ConvForward, engine::ConvWeightGradient, engine::ConvPointwise>();
    device_.offer<engine::PoolSum, engine::PoolMax, engine::PoolMaxWinners, engine::PoolMaxScatter,
                  engine::NormalizeByWeights>();
    device_.offer<engine::BinaryRows, engine::PlaceRows, engine::LargestRows, engine::ScatterToGrid,
                  engine::OccupiedCells, engine::GatherFromGrid, engine::ColumnSums>();
    device_.offer<engine::Activate, engine::MapElements, engine::FirstNotFinite>();
    device_.offer<engine::Softmax, engine::BatchNorm, engine::RowNorm>();
    device_.offer<engine::SegmentReduce, engine::SegmentMaxWinners>();
    device_.offer<engine::PointCells, engine::Devoxelize>();
    device_.offer<engine::TurnWeight, engine::QuantizeWeight, engine::DequantizeWeight>();
  }

  void expect_same(std::string_view what, const Op& op) const {
    SCOPED_TRACE(what);
    const Tensor here = op(kHere);
    const Tensor there = op(kThere);
    EXPECT_EQ(there.device(), kChecked);
    EXPECT_EQ(there.dtype(), here.dtype());
    EXPECT_EQ(there.shape(), here.shape());
    EXPECT_TRUE(same_bits(there.to(Device{}), here));
  }
  void expect_called(std::initializer_list<std::string_view> problems) const {
    for (const std::string_view problem : problems) EXPECT_GT(device_.calls(problem), 0) << problem;
  }

  Tensor random(Shape shape) { return random_tensor(random_, std::move(shape), GetParam()); }

  // Two batches; `step` thins the rows out, so that sets differ.
  SparseTensor input(std::int64_t channels, std::int32_t step = 1) {
    std::vector<Coordinate> rows;
    for (std::int32_t batch = 0; batch < 2; ++batch) {
      for (std::int32_t x = -3; x < 5; x += step) {
        for (std::int32_t y = 0; y < 6; ++y) rows.push_back({batch, x, y, (x * y) % 3});
      }
    }
    const auto count = static_cast<std::int64_t>(rows.size());
    return sparse_tensor(rows, random({count, channels}));
  }

  // The same rows as sites of a coarser lattice: what transposed operations take.
  SparseTensor coarse_input(std::int64_t channels) {
    const SparseTensor x = input(channels);
    return sparse_tensor(x.coords().rows(), x.features(), {.stride = 2});
  }

  CheckingDevice device_;
  Random random_{5};
};

TEST_P(OpsThere, Convolutions) {
  const SparseTensor x = input(6), coarse = coarse_input(6);
  const Tensor w = random({27, 6, 10}), bias = random({10}), corner = random({8, 6, 10});
  const Tensor one = random({10, 6});
  expect_same("conv3d", [&](const Place& at) {
    return conv3d(at(x), at(w), at(bias), {.stride = 2, .padding = 1}).features();
  });
  expect_same("subm_conv3d",
              [&](const Place& at) { return subm_conv3d(at(x), at(w), at(bias)).features(); });
  expect_same("pointwise", [&](const Place& at) {
    return subm_conv3d(at(x), at(one), at(bias), {.kernel_size = 1}).features();
  });
  expect_same("linear", [&](const Place& at) { return linear(at(x.features()), at(one)); });
  expect_same("conv_transpose3d", [&](const Place& at) {
    return conv_transpose3d(at(coarse), at(corner), at(bias)).features();
  });
  expect_same("generative_conv_transpose3d", [&](const Place& at) {
    return generative_conv_transpose3d(at(coarse), at(corner), at(bias)).features();
  });
  const ConvOptions halving{.kernel_size = 2, .stride = 2};
  const KernelMap halved = conv3d_map(x, halving);
  const SparseTensor half(halved.target(), random({halved.target().size(), 6}));
  expect_same("inverse_conv3d", [&](const Place& at) {
    return inverse_conv3d(at(half), at(corner), at(bias), halved).features();
  });
  const KernelMap map = subm_conv3d_map(x);
  expect_same("conv_on_map",
              [&](const Place& at) { return conv_on_map(at(x), at(w), at(bias), map).features(); });
  expect_called({"conv_forward", "conv_pointwise"});
}

TEST_P(OpsThere, NormalizedConvolutions) {
  const SparseTensor x = input(6), coarse = coarse_input(6);
  const Tensor w = random({27, 6, 10}), bias = random({10}), corner = random({8, 6, 10});
  expect_same("normalized_subm_conv3d", [&](const Place& at) {
    return normalized_subm_conv3d(at(x), at(w), at(bias), {}, 1e-3F).features();
  });
  expect_same("normalized_conv_transpose3d", [&](const Place& at) {
    return normalized_conv_transpose3d(at(coarse), at(corner), {}, {}, 1e-3F).features();
  });
  expect_same("normalized_generative_conv_transpose3d", [&](const Place& at) {
    return normalized_generative_conv_transpose3d(at(coarse), at(corner), at(bias)).features();
  });
  expect_called({"normalize_by_weights"});
}

TEST_P(OpsThere, ConvolutionGradients) {
  const SparseTensor x = input(6);
  const KernelMap map = subm_conv3d_map(x);
  const Tensor dy = random({x.rows(), 10}), w = random({27, 6, 10}), one = random({10, 6});
  expect_same("input", [&](const Place& at) { return conv_input_gradient(at(dy), at(w), map); });
  for (const WeightLayout layout : {WeightLayout::kernel_major, WeightLayout::output_major}) {
    expect_same("weight", [&](const Place& at) {
      return conv_weight_gradient(at(x.features()), at(dy), map, {.layout = layout});
    });
  }
  expect_same("bias", [&](const Place& at) { return conv_bias_gradient(at(dy)); });
  expect_same("linear input",
              [&](const Place& at) { return linear_input_gradient(at(dy), at(one)); });
  expect_same("linear weight", [&](const Place& at) {
    return linear_weight_gradient(at(x.features()), at(dy), WeightLayout::pointwise);
  });
  expect_called({"conv_weight_gradient", "column_sums", "turn_weight"});
}

TEST_P(OpsThere, Pools) {
  const SparseTensor x = input(5), coarse = coarse_input(5);
  for (const PoolMode mode : {PoolMode::sum, PoolMode::avg, PoolMode::max}) {
    expect_same("pool3d",
                [&](const Place& at) { return pool3d(at(x), {.mode = mode}).features(); });
    expect_same("global_pool", [&](const Place& at) { return global_pool(at(x), mode); });
  }
  const SparseTensor pooled = pool3d(x);
  expect_same("max_unpool3d",
              [&](const Place& at) { return max_unpool3d(at(x), at(pooled)).features(); });
  expect_same("pool_transpose3d",
              [&](const Place& at) { return pool_transpose3d(at(coarse)).features(); });
  expect_same("trilinear_upsample3d",
              [&](const Place& at) { return trilinear_upsample3d(at(coarse)).features(); });
  expect_called({"pool_sum", "pool_max", "pool_max_winners", "pool_max_scatter", "segment_reduce"});
}

TEST_P(OpsThere, Algebra) {
  const SparseTensor a = input(4), b = input(4, 2);
  for (const BinaryOp op :
       {BinaryOp::add, BinaryOp::sub, BinaryOp::mul, BinaryOp::maximum, BinaryOp::minimum}) {
    expect_same("binary", [&](const Place& at) {
      return binary(op, at(a), at(b), {.join = Join::outer, .rhs_fill = 2.0F}).features();
    });
  }
  expect_same("cat", [&](const Place& at) {
    return cat(std::vector<SparseTensor>{at(a), at(b), at(a)}, Join::outer).features();
  });
  expect_same("reindex",
              [&](const Place& at) { return reindex(at(b), a.coords(), 7.0F).features(); });
  expect_same("crop", [&](const Place& at) {
    return crop(at(a), {-1, 0, 0}, {3, 4, 4}).features();
  });
  expect_same("prune", [&](const Place& at) {
    return prune(at(a), std::vector<std::int32_t>{5, 0, 17}).features();
  });
  expect_same("to_dense", [&](const Place& at) { return to_dense(at(b), {-3, 0, -2}, {4, 5, 2}); });
  const Tensor grid = to_dense(b, {-3, 0, -2}, {4, 5, 2});
  expect_same("from_dense", [&](const Place& at) { return from_dense(at(grid)).features(); });
  EXPECT_EQ(topk(kThere(a), 3), topk(a, 3));
  expect_called({"binary_rows", "place_rows", "largest_rows", "scatter_to_grid", "occupied_cells",
                 "gather_from_grid"});
}

TEST_P(OpsThere, ElementsAndRows) {
  const Tensor x = random({7, 9}), scale = random({9}), bias = random({9}), mean = random({9});
  const Tensor variance = Tensor::full({9}, GetParam(), 0.5F);
  for (int kind = 0; kind <= static_cast<int>(Activation::softplus); ++kind) {
    expect_same("activate",
                [&](const Place& at) { return activate(at(x), static_cast<Activation>(kind)); });
  }
  expect_same("exp", [&](const Place& at) { return exp(at(x)); });
  expect_same("round", [&](const Place& at) { return round(at(x)); });
  expect_same("softmax", [&](const Place& at) { return softmax(at(x)); });
  expect_same("batch_norm", [&](const Place& at) {
    return batch_norm(at(x), {at(scale), at(bias), at(mean), at(variance)});
  });
  expect_same("layer_norm",
              [&](const Place& at) { return layer_norm(at(x), at(scale), at(bias)); });
  expect_same("rms_norm", [&](const Place& at) { return rms_norm(at(x), at(scale)); });
  expect_same("group_norm",
              [&](const Place& at) { return group_norm(at(x), at(scale), at(bias), 1); });
  const Tensor indices = Tensor::from<std::int32_t>({6, 0, 3, 3}, {2, 2});
  expect_same("embedding_lookup",
              [&](const Place& at) { return embedding_lookup(at(indices), at(x)); });
  expect_called({"activate", "map_elements", "softmax", "batch_norm", "row_norm", "place_rows"});
}

TEST_P(OpsThere, ElementsOfSparseTensors) {
  const SparseTensor x = input(4);
  const Tensor scale = random({4}), bias = random({4});
  expect_same("relu", [&](const Place& at) { return relu(at(x)).features(); });
  expect_same("activate",
              [&](const Place& at) { return activate(at(x), Activation::gelu).features(); });
  expect_same("group_norm", [&](const Place& at) {
    return group_norm(at(x), at(scale), at(bias), 2).features();
  });
  if (GetParam() != DType::f32) return;
  device_.offer<engine::Dropout>();
  expect_same("dropout", [&](const Place& at) { return dropout(at(x.features()), 0.4F, 3); });
  expect_same("dropout", [&](const Place& at) { return dropout(at(x), 0.4F, 3).features(); });
  expect_called({"activate", "row_norm", "dropout"});
}

TEST_P(OpsThere, MakingAndConverting) {
  const Tensor ones = Tensor::full({3, 2}, GetParam(), 1.1F, kChecked);
  EXPECT_EQ(ones.device(), kChecked);
  EXPECT_TRUE(same_bits(ones.to(Device{}), Tensor::full({3, 2}, GetParam(), 1.1F)));
  EXPECT_TRUE(same_bits(Tensor::zeros({5}, DType::i32, kChecked).to(Device{}),
                        Tensor::zeros({5}, DType::i32)));
  const Tensor x = random({7, 9});
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    expect_same("to", [&](const Place& at) { return at(x).to(dtype); });
  }
  expect_throws<std::invalid_argument>([&] { return kThere(x).to(DType::i32); }, "float32");
}

TEST_P(OpsThere, Points) {
  Random random(11);
  Tensor points = random_tensor(random, {200, 3}, DType::f32);
  for (float& value : points.mutable_span<float>()) value *= 3.0F;
  const Tensor features = this->random({200, 4});
  std::vector<std::int32_t> numbers(200);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int32_t>(i % 3);
  const Tensor batch = Tensor::from(numbers, {200});
  for (const Reduction reduction :
       {Reduction::sum, Reduction::mean, Reduction::max, Reduction::first, Reduction::count}) {
    expect_same("voxelize", [&](const Place& at) {
      return voxelize(at(points), at(features), at(batch), {.reduction = reduction})
          .tensor.features();
    });
  }
  const SparseTensor voxels = voxelize(points, features, batch).tensor;
  for (const Interpolation interpolation : {Interpolation::nearest, Interpolation::linear}) {
    expect_same("devoxelize", [&](const Place& at) {
      return devoxelize(at(points), at(voxels), at(batch), {.interpolation = interpolation});
    });
  }
  const Tensor rows = voxels.coords().to_tensor();
  expect_same("sparse_from_points", [&](const Place& at) {
    return sparse_from_points(at(rows), at(voxels.features()), Reduction::sum).tensor.features();
  });
  EXPECT_EQ(CoordinateSet::from_tensor(kThere(rows)).rows()[3], voxels.coords()[3]);
  EXPECT_EQ(CoordinateSet::borrow(kThere(rows)).rows()[3], voxels.coords()[3]);
  expect_called({"point_cells", "first_not_finite", "devoxelize", "segment_reduce"});
}

// The messages are those of the CPU.
TEST_P(OpsThere, PointsThatAreRefused) {
  Tensor points = Tensor::zeros({5, 3}, DType::f32);
  points.mutable_data<float>()[7] = std::numeric_limits<float>::infinity();
  expect_throws<std::invalid_argument>(
      [&] {
        return voxelize(kThere(points), random({5, 1}));
      },
      "point 2 is not finite");
  points.mutable_data<float>()[7] = 3e9F;
  expect_throws<std::invalid_argument>(
      [&] {
        return voxelize(kThere(points), random({5, 1}));
      },
      "the cell of point 2 at (0,3000000000,0) voxels");
}

TEST_P(OpsThere, PackedWeights) {
  const Tensor w = random({27, 40, 10});
  const SparseTensor x = input(40);
  const QuantizedWeight packed = quantize(w, {.bits = 4, .group_size = 32});
  expect_same("codes", [&](const Place& at) {
    return quantize(at(w), {.bits = 4, .group_size = 32}).codes;
  });
  expect_same("scales", [&](const Place& at) { return quantize(at(w)).scales; });
  expect_same("biases", [&](const Place& at) { return quantize(at(w)).biases; });
  expect_same("dequantize", [&](const Place& at) { return dequantize(at(packed)); });
  expect_same("subm_conv3d",
              [&](const Place& at) { return subm_conv3d(at(x), at(packed), {}).features(); });
  expect_called({"quantize_weight", "dequantize_weight", "first_not_finite"});
}

std::string source_of(const std::string& file) {
  const char* folder = std::getenv("VOXLOOM_SOURCE_DIR");
  std::ifstream in(std::string(folder == nullptr ? "." : folder) + "/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// An op that is declared and has no case above may reach around the seam unseen.
TEST(OpsThereAll, EveryOpThatIsDeclaredIsCalledHere) {
  const std::string here = source_of("tests/engine/ops_on_another_backend_test.cpp");
  ASSERT_NE(here.find("subm_conv3d(at(x)"), std::string::npos);
  // names for each kind of `binary`
  const std::set<std::string> inlined = {"add", "sub", "mul", "maximum", "minimum"};
  const std::regex declared(
      R"re(\n\[\[nodiscard\]\] (?:Sparse)?(?:Tensor|Voxelized|QuantizedWeight) (\w+)\()re");
  int count = 0;
  for (const char* header :
       {"algebra", "conv", "conv_gradients", "dense", "points", "pool", "weight"}) {
    const std::string text = source_of("include/voxloom/" + std::string(header) + ".h");
    for (std::sregex_iterator found(text.begin(), text.end(), declared), end; found != end;
         ++found) {
      const std::string name = (*found)[1];
      ++count;
      const std::regex called("\\W" + name + "\\(");
      EXPECT_TRUE(inlined.contains(name) || std::regex_search(here, called))
          << header << ".h: " << name << " has no case in this file";
    }
  }
  EXPECT_GE(count, 45);
}

INSTANTIATE_TEST_SUITE_P(DTypes, OpsThere, ::testing::Values(DType::f32, DType::f16, DType::bf16),
                         [](const auto& dtype) { return std::string(name_of(dtype.param)); });

}  // namespace
}  // namespace voxloom::test
