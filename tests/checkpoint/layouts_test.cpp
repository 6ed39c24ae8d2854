// Each library's weights, written in its own order, mean the same convolution: a dense one in binary64.
#include <cmath>

#include "artifact/random_data.h"
#include "checkpoint/support.h"
#include "oracle/dense_conv.h"
#include "voxloom/conv.h"
#include "voxloom/import_network.h"

namespace voxloom::test {
namespace {

namespace oracle = voxloom_oracle;

constexpr std::int64_t kIn = 3, kOut = 5;

struct Case {
  Library library;
  std::array<std::int64_t, 3> kernel;  // along the coordinates' columns
  Axes axes;
  PointwiseWeights pointwise = PointwiseWeights::as_run;
};

// W(o, j0, j1, j2, i) along the columns, which is the oracle's order.
struct Truth {
  std::array<std::int64_t, 3> n;
  Tensor weight;

  [[nodiscard]] float at(std::int64_t o, std::int64_t j0, std::int64_t j1, std::int64_t j2,
                         std::int64_t i) const {
    return weight.data<float>()[(((o * n[0] + j0) * n[1] + j1) * n[2] + j2) * kIn + i];
  }
};

// The loops that a library's documentation gives, the outermost first.
Tensor as_stored(const Truth& w, const Case& c) {
  std::vector<float> values;
  const std::int64_t n0 = w.n[0], n1 = w.n[1], n2 = w.n[2];
  const auto block = [&](std::int64_t j0, std::int64_t j1, std::int64_t j2) {
    for (std::int64_t i = 0; i < kIn; ++i) {
      for (std::int64_t o = 0; o < kOut; ++o) values.push_back(w.at(o, j0, j1, j2, i));
    }
  };
  const auto last_fastest = [&] {
    for (std::int64_t j0 = 0; j0 < n0; ++j0) {
      for (std::int64_t j1 = 0; j1 < n1; ++j1) {
        for (std::int64_t j2 = 0; j2 < n2; ++j2) block(j0, j1, j2);
      }
    }
  };
  const auto first_fastest = [&] {
    for (std::int64_t j2 = 0; j2 < n2; ++j2) {
      for (std::int64_t j1 = 0; j1 < n1; ++j1) {
        for (std::int64_t j0 = 0; j0 < n0; ++j0) block(j0, j1, j2);
      }
    }
  };
  const std::int64_t volume = n0 * n1 * n2;
  switch (c.library) {
    case Library::spconv:
      if (volume == 1 && c.pointwise == PointwiseWeights::as_run) {
        block(0, 0, 0);  // its memory is read as (C_in, C_out), whatever its shape says
        return Tensor::from(values, {kOut, 1, 1, 1, kIn});
      }
      return w.weight;
    case Library::mlx_lattice: return w.weight;
    case Library::spconv1: last_fastest(); return Tensor::from(values, {n0, n1, n2, kIn, kOut});
    case Library::minkowski: first_fastest(); break;
    case Library::torchsparse:
      if (volume % 2 != 0) {
        first_fastest();
      } else {
        last_fastest();
      }
      break;
    case Library::warpconvnet: last_fastest(); break;
  }
  return Tensor::from(values, {volume, kIn, kOut});
}

Triple along_ours(const std::array<std::int64_t, 3>& columns, Axes axes) {
  const auto n = [&](std::size_t i) { return static_cast<std::int32_t>(columns[i]); };
  return axes == Axes::xyz ? Triple(n(0), n(1), n(2)) : Triple(n(2), n(1), n(0));
}

// A full grid of 4 x 6 x 8 cells along the columns.
constexpr std::array<std::int64_t, 3> kGrid = {4, 6, 8};

void expect_the_dense_convolution(const Case& c) {
  const auto& n = c.kernel;
  const Truth truth{n, random_tensor({kOut, n[0], n[1], n[2], kIn}, 3)};
  const bool is_even = n[0] % 2 == 0;
  const oracle::Triple stride = is_even ? oracle::Triple{2, 2, 2} : oracle::Triple{1, 1, 1};
  const oracle::Triple padding =
      is_even ? oracle::Triple{} : oracle::Triple{n[0] / 2, n[1] / 2, n[2] / 2};

  oracle::Grid grid = oracle::Grid::zeros({kGrid[0], kGrid[1], kGrid[2]}, kIn);
  std::vector<Coordinate> rows;
  const Tensor features = random_tensor({kGrid[0] * kGrid[1] * kGrid[2], kIn}, 4);
  oracle::for_each_cell(grid.size, [&](const oracle::Triple& p) {
    const Triple site = along_ours({p.x, p.y, p.z}, c.axes);
    for (std::int64_t i = 0; i < kIn; ++i) {
      grid.at(p, i) = static_cast<double>(
          features.data<float>()[static_cast<std::int64_t>(rows.size()) * kIn + i]);
    }
    rows.push_back({0, site.x, site.y, site.z});
  });
  std::vector<double> weight(truth.weight.span<float>().begin(), truth.weight.span<float>().end());
  const oracle::Grid expected = oracle::dense_conv3d(
      grid, weight,
      {.kernel = {n[0], n[1], n[2]}, .stride = stride, .padding = padding, .c_out = kOut},
      {kGrid[0] / stride.x, kGrid[1] / stride.y, kGrid[2] / stride.z});

  const Triple kernel = along_ours(n, c.axes);
  const Tensor ours = to_kernel_major(
      as_stored(truth, c),
      {.library = c.library, .kernel_size = kernel, .axes = c.axes, .pointwise = c.pointwise});
  const SparseTensor y =
      conv3d(sparse_tensor(rows, features), ours, {},
             {.kernel_size = kernel, .stride = static_cast<std::int32_t>(stride.x)});
  ASSERT_EQ(y.rows() * kOut, static_cast<std::int64_t>(expected.v.size()));
  for (std::int64_t row = 0; row < y.rows(); ++row) {
    const Coordinate& at = y.coords().rows()[static_cast<std::size_t>(row)];
    const Triple columns = along_ours({at.x, at.y, at.z}, c.axes);  // its own inverse
    for (std::int64_t o = 0; o < kOut; ++o) {
      ASSERT_NEAR(static_cast<double>(y.features().data<float>()[row * kOut + o]),
                  expected.at({columns.x, columns.y, columns.z}, o), 1e-4);
    }
  }
}

TEST(Layouts, MeanTheDenseConvolution) {
  for (const Library library : {Library::spconv, Library::spconv1, Library::minkowski,
                                Library::torchsparse, Library::warpconvnet, Library::mlx_lattice}) {
    for (const Axes axes : {Axes::xyz, Axes::zyx}) {
      for (const std::array<std::int64_t, 3>& kernel : std::vector<std::array<std::int64_t, 3>>{
               {1, 1, 1}, {2, 2, 2}, {3, 3, 3}, {1, 3, 5}, {5, 1, 3}, {2, 4, 2}}) {
        SCOPED_TRACE(std::string(name_of(library)) + (axes == Axes::xyz ? " xyz " : " zyx ") +
                     to_string(Shape(kernel.begin(), kernel.end())));
        expect_the_dense_convolution({library, kernel, axes});
      }
      expect_the_dense_convolution({library, {1, 1, 1}, axes, PointwiseWeights::as_declared});
    }
  }
}

TEST(Layouts, PointwiseWeightsWithoutAKernelAxis) {
  const Tensor in_out = random_tensor({kIn, kOut}, 1), out_in = random_tensor({kOut, kIn}, 2);
  for (const Library library : {Library::minkowski, Library::torchsparse, Library::warpconvnet}) {
    const Tensor ours = to_kernel_major(in_out, {.library = library, .kernel_size = 1});
    EXPECT_EQ(ours.shape(), (Shape{1, kIn, kOut}));
    EXPECT_TRUE(std::ranges::equal(ours.span<float>(), in_out.span<float>()));
  }
  const Tensor ours = to_kernel_major(out_in, {.library = Library::mlx_lattice, .kernel_size = 1});
  EXPECT_EQ(ours.shape(), (Shape{1, kIn, kOut}));
  for (std::int64_t i = 0; i < kIn; ++i) {
    for (std::int64_t o = 0; o < kOut; ++o) {
      EXPECT_EQ(ours.data<float>()[i * kOut + o], out_in.data<float>()[o * kIn + i]);
    }
  }
}

TEST(Layouts, GroupsAndElementTypesAreKept) {
  const Tensor grouped = random_tensor({27, 2, 4, 3}, 1);
  const Tensor same = to_kernel_major(grouped, {.library = Library::warpconvnet});
  EXPECT_EQ(same.shape(), grouped.shape());
  EXPECT_TRUE(std::ranges::equal(same.span<float>(), grouped.span<float>()));
  const Tensor turned =
      to_kernel_major(grouped, {.library = Library::warpconvnet, .axes = Axes::zyx});
  EXPECT_TRUE(std::equal(turned.data<float>() + 24, turned.data<float>() + 48,
                         grouped.data<float>() + 9 * 24));
  for (const DType dtype : {DType::f16, DType::bf16}) {
    const Tensor weight = random_tensor({8, kIn, kOut}, 1, dtype);
    const Tensor ours = to_kernel_major(weight, {.library = Library::minkowski, .kernel_size = 2});
    EXPECT_EQ(ours.dtype(), dtype);
    EXPECT_EQ(
        std::memcmp(ours.raw() + 2 * kIn * kOut, weight.raw() + 4 * kIn * kOut * 2, 2 * kIn * kOut),
        0);
  }
}

std::string refusal(const Shape& shape, const LibraryLayout& layout) {
  try {
    static_cast<void>(to_kernel_major(Tensor::zeros(shape, DType::f32), layout));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

TEST(Layouts, RefuseOtherShapes) {
  EXPECT_EQ(
      refusal({5, 3, 3, 1, 4}, {.library = Library::spconv}),
      "[to_kernel_major] weight (5,3,3,1,4) is none of spconv's with a kernel of (3,3,3) along its "
      "axes");
  EXPECT_REASON(refusal({5, 3, 1, 1, 4},
                        {.library = Library::spconv, .kernel_size = {3, 1, 1}, .axes = Axes::zyx}),
                "with a kernel of (1,1,3) along its axes");
  EXPECT_REASON(refusal({27, 3, 4}, {.library = Library::spconv}), "none of spconv's");
  EXPECT_REASON(refusal({5, 3, 3, 3, 4}, {.library = Library::spconv1}), "none of spconv1's");
  EXPECT_REASON(refusal({8, 3, 4}, {.library = Library::minkowski}), "none of minkowski's");
  EXPECT_REASON(refusal({3, 4}, {.library = Library::torchsparse}), "none of torchsparse's");
  EXPECT_REASON(refusal({5, 3, 3, 3, 4}, {.library = Library::warpconvnet}),
                "none of warpconvnet's");
  EXPECT_REASON(refusal({3, 4}, {.library = Library::mlx_lattice}), "none of mlx-lattice's");
  EXPECT_REASON(refusal({1, 3, 4}, {.library = Library::minkowski, .kernel_size = 0}),
                "kernel_size should be at least 1, got (0,0,0)");
}

TEST(Libraries, HaveNames) {
  for (const char* name :
       {"spconv", "spconv1", "minkowski", "torchsparse", "warpconvnet", "mlx-lattice"}) {
    EXPECT_EQ(name_of(library_named(name)), name);
  }
  EXPECT_THROW(static_cast<void>(library_named("spconv3")), std::invalid_argument);
}

TensorMap zeros(const std::map<std::string, Shape>& shapes) {
  TensorMap tensors;
  for (const auto& [name, shape] : shapes) tensors.emplace(name, Tensor::zeros(shape, DType::f32));
  return tensors;
}

std::string told(const std::map<std::string, Shape>& shapes,
                 const std::vector<Library>& among = {}) {
  try {
    return std::string(name_of(library_of(zeros(shapes), among)));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Libraries, AreToldByNamesAndShapes) {
  EXPECT_EQ(told({{"a.weight", {16, 3, 3, 3, 4}}, {"b.weight", {16}}}), "spconv");
  EXPECT_EQ(told({{"a.weight", {3, 3, 3, 4, 16}}}), "spconv1");
  EXPECT_EQ(told({{"a.weight", {3, 3, 3, 3, 3}}, {"b.weight", {16, 3, 3, 3, 3}}}), "spconv");
  EXPECT_EQ(told({{"a.weight", {3, 3, 3, 3, 3}}, {"b.weight", {3, 3, 3, 4, 16}}}), "spconv1");
  EXPECT_EQ(told({{"a.weight", {27, 4, 16}}}), "warpconvnet");
  EXPECT_EQ(told({{"a.kernel", {27, 4, 16}}, {"n.bn.running_mean", {16}}}), "minkowski");
  EXPECT_EQ(told({{"a.kernel", {27, 4, 16}}, {"a.bias", {1, 16}}}), "minkowski");
  EXPECT_EQ(told({{"a.kernel", {27, 4, 16}}, {"a.bias", {16}}}), "torchsparse");
  EXPECT_EQ(told({{"a.kernel", {27, 4, 16}}, {"n.running_mean", {16}}}), "torchsparse");
  // A layer of another kind beside them says nothing.
  EXPECT_EQ(told({{"a.weight", {16, 3, 3, 3, 4}}, {"mlp.weight", {16, 4, 1}}}), "spconv");
}

TEST(Libraries, AreAskedForWhenSeveralCouldHaveMadeThem) {
  const std::map<std::string, Shape> pointwise = {{"a.weight", {16, 3, 3, 3, 4}},
                                                  {"b.weight", {16, 1, 1, 1, 4}}};
  EXPECT_EQ(
      told(pointwise),
      "[library_of] the weights could be those of spconv, mlx-lattice: say which (voxloom import "
      "--from)");
  EXPECT_EQ(told(pointwise, {Library::spconv, Library::spconv1}), "spconv");
  EXPECT_REASON(told({{"a.weight", {3, 3, 3, 3, 3}}}), "could be those of spconv, spconv1");
  EXPECT_REASON(told({{"a.kernel", {27, 4, 16}}}), "could be those of minkowski, torchsparse");
  EXPECT_REASON(told({{"a.weight", {16, 4}}}),
                "the 1 tensors' names and shapes are not those of any library that is known");
  EXPECT_REASON(told({{"a.weight", {64, 32, 3, 3, 3}}}), "are not those of any library");
  EXPECT_REASON(told({{"a.weight", {27, 4, 16}}}, {Library::spconv}), "are not those of spconv");
}

}  // namespace
}  // namespace voxloom::test
