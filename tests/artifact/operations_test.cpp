// Every operation: a graph of one gives what the library's own call gives, to the bit, still does after it
// was written and read, and on a second backend, where nothing may reach around the engine.
#include <functional>
#include <limits>
#include <set>

#include "artifact/graph/op_spec.h"
#include "artifact/helpers.h"
#include "artifact/operation_cases.h"
#include "engine/every_problem.h"
#include "voxloom/sets.h"

namespace voxloom::test {
namespace {

using artifact::GraphBuilder;
using artifact::ValueRef;
using artifact::WeightFamily;
using Inputs = OpInputs;
using Output = artifact::Result;

ValueRef on_features(GraphBuilder& b, const Inputs& in,
                     const std::function<ValueRef(ValueRef)>& map) {
  return b.with_features(in.x, map(b.features(in.x)));
}

std::vector<OpCase> pools() {
  return {
      {"lattice.pool3d",
       [](auto& b, auto& in) { return b.pool3d(in.x, {.mode = PoolMode::max, .kernel_size = 3}); },
       [](auto& d) { return pool3d(d.x, {.mode = PoolMode::max, .kernel_size = 3}); }},
      {"lattice.pool_transpose3d",
       [](auto& b, auto& in) { return b.pool_transpose3d(in.x, {}, in.fine); },
       [](auto& d) { return pool_transpose3d(d.x, {.target = d.fine}); }},
      {"lattice.pool_transpose3d", [](auto& b, auto& in) { return b.pool_transpose3d(in.x); },
       [](auto& d) { return pool_transpose3d(d.x); }},
      {"lattice.trilinear_upsample3d",
       [](auto& b, auto& in) {
         return b.trilinear_upsample3d(in.x, {.stride = {2, 1, 2}});
       },
       [](auto& d) {
         return trilinear_upsample3d(d.x, {.stride = {2, 1, 2}});
       }},
      {"lattice.trilinear_upsample3d",
       [](auto& b, auto& in) { return b.trilinear_upsample3d(in.x, {}, in.fine); },
       [](auto& d) { return trilinear_upsample3d(d.x, {.target = d.fine}); }},
      {"lattice.global_pool", [](auto& b, auto& in) { return b.global_pool(in.x, PoolMode::sum); },
       [](auto& d) { return global_pool(d.x, PoolMode::sum); }},
      {"lattice.global_pool",  // batches that the data do not have
       [](auto& b, auto& in) { return b.global_pool(in.x, PoolMode::avg, 4); },
       [](auto& d) {
         return global_pool(SparseTensor(d.x.coords(), d.x.features(), 4), PoolMode::avg);
       }},
      {"voxloom.pool3d",
       [](auto& b, auto& in) {
         return b.pool3d(
             in.x,
             {.mode = PoolMode::avg, .kernel_size = 3, .stride = 3, .origin = Origin::corner});
       },
       [](auto& d) {
         return pool3d(
             d.x, {.mode = PoolMode::avg, .kernel_size = 3, .stride = 3, .origin = Origin::corner});
       }},
      {"voxloom.max_unpool3d",
       [](auto& b, auto& in) { return b.max_unpool3d(in.x, b.pool3d(in.x)); },
       [](auto& d) { return max_unpool3d(d.x, pool3d(d.x)); }},
  };
}

std::vector<OpCase> algebra() {
  return {
      {"lattice.sparse.binary",
       [](auto& b, auto& in) {
         return b.binary(BinaryOp::maximum, in.x, in.y,
                         {.join = Join::left, .rhs_fill = -std::numeric_limits<float>::infinity()});
       },
       [](auto& d) {
         return binary(BinaryOp::maximum, d.x, d.y,
                       {.join = Join::left, .rhs_fill = -std::numeric_limits<float>::infinity()});
       }},
      {"lattice.sparse.cat",
       [](auto& b, auto& in) {
         return b.cat({in.x, in.y}, Join::outer);
       },
       [](auto& d) {
         return cat(std::vector{d.x, d.y}, Join::outer);
       }},
      {"lattice.sparse.cat",
       [](auto& b, auto& in) {
         return b.cat({in.x, in.y, in.x});
       },
       [](auto& d) {
         return cat(std::vector{d.x, d.y, d.x});
       }},
      {"voxloom.sparse.cat",
       [](auto& b, auto& in) {
         return b.cat({in.x, in.y, in.x}, Join::right);
       },
       [](auto& d) {
         return cat(std::vector{d.x, d.y, d.x}, Join::right);
       }},
      {"lattice.sparse.reindex", [](auto& b, auto& in) { return b.reindex(in.x, in.y, 0.5F); },
       [](auto& d) { return reindex(d.x, d.y.coords(), 0.5F); }},
      {"voxloom.sparse.crop",
       [](auto& b, auto& in) {
         return b.crop(in.x, {-2, -1, -2}, {1, 2, 0});
       },
       [](auto& d) {
         return crop(d.x, {-2, -1, -2}, {1, 2, 0});
       }},
      {"voxloom.sparse.topk", [](auto& b, auto& in) { return b.prune(in.x, b.topk(in.x, 3, 1)); },
       [](auto& d) { return prune(d.x, topk(d.x, 3, 1)); }},
      {"voxloom.sparse.prune", [](auto& b, auto& in) { return b.prune(in.x, b.topk(in.x, 5)); },
       [](auto& d) { return prune(d.x, topk(d.x, 5)); }},
      {"voxloom.sparse.set",
       [](auto& b, auto& in) {
         return b.op("voxloom.sparse.set", {in.x, in.y})[0];
       },
       [](auto& d) {
         const CoordinateSet set = union_of(d.x.coords(), d.y.coords());
         return SparseTensor(set, Tensor::full({set.size(), 1}, DType::f32, 1), 2);
       }},
      {"voxloom.sparse.set",
       [](auto& b, auto& in) {
         return b.op("voxloom.sparse.set", {in.x, in.y},
                     {{"op", artifact::EnumValue{"voxloom.set_op", "difference"}}})[0];
       },
       [](auto& d) {
         const CoordinateSet set = difference_of(d.x.coords(), d.y.coords());
         return SparseTensor(set, Tensor::full({set.size(), 1}, DType::f32, 1), 2);
       }},
      {"voxloom.sparse.downsample",
       [](auto& b, auto& in) {
         return b.op("voxloom.sparse.downsample", {in.x}, {{"stride", Triple(2, 1, 2)}})[0];
       },
       [](auto& d) {
         const CoordinateSet set = downsample(d.x.coords(), {2, 1, 2});
         return SparseTensor(set, Tensor::full({set.size(), 1}, DType::f32, 1), 2);
       }},
      {"voxloom.sparse.sort",
       [](auto& b, auto& in) { return b.op("voxloom.sparse.sort", {in.x})[0]; },
       [](auto& d) {
         const SortedSet sorted = sort_canonical(d.x.coords());
         return SparseTensor(sorted.set, prune(d.x, sorted.permutation).features(), 2);
       }},
      {"voxloom.to_dense",
       [](auto& b, auto& in) {
         return b.op("voxloom.to_dense", {in.x}, {{"lo", Triple(-3)}, {"hi", Triple(2)}})[0];
       },
       [](auto& d) { return to_dense(d.x, -3, 2); }},
      {"voxloom.from_dense",
       [](auto& b, auto& in) {
         const ValueRef grid =
             b.op("voxloom.to_dense", {in.x}, {{"lo", Triple(-3)}, {"hi", Triple(2)}})[0];
         return b.op("voxloom.from_dense", {grid}, {{"lo", Triple(-3)}, {"stride", Triple(2)}})[0];
       },
       [](auto& d) { return from_dense(to_dense(d.x, -3, 2), -3, 2); }},
      {"voxloom.sparse.from_points",
       [](auto& b, auto& in) {
         const auto parts = b.op("lattice.sparse.decompose", {in.fine});
         return b.op("voxloom.sparse.from_points", {parts[0], parts[1], parts[2]},
                     {{"batch_size", 3}})[0];
       },
       [](auto& d) {
         return sparse_from_points(d.fine.coords().to_tensor(), d.fine.features(), Reduction::mean,
                                   {.batch_size = 3})
             .tensor;
       }},
  };
}

std::vector<OpCase> row_wise() {
  const auto wise = [](const std::string& name,
                       std::function<ValueRef(GraphBuilder&, ValueRef)> build,
                       std::function<Tensor(const Tensor&)> direct) {
    return OpCase{name,
                  [build](GraphBuilder& b, const OpInputs& in) {
                    return on_features(b, in, [&](ValueRef f) { return build(b, f); });
                  },
                  [direct](const OpData& d) { return d.x.with_features(direct(d.x.features())); }};
  };
  // Of a tensor of rank 5.
  const auto of_grid = [](const std::string& name,
                          std::function<ValueRef(GraphBuilder&, ValueRef)> build,
                          std::function<Tensor(const Tensor&)> direct) {
    return OpCase{name,
                  [build](GraphBuilder& b, const OpInputs& in) {
                    const ValueRef grid = b.op("voxloom.to_dense", {in.x},
                                               {{"lo", Triple(-3)}, {"hi", Triple(2)}})[0];
                    return build(b, grid);
                  },
                  [direct](const OpData& d) { return direct(to_dense(d.x, -3, 2)); }};
  };
  const auto channel = [](GraphBuilder& b, const std::string& key, const Tensor& value) {
    return b.weight(key, WeightFamily::channel, value);
  };
  const Tensor scale = random_tensor({4}, 20), shift = random_tensor({4}, 21);
  const Tensor mean = random_tensor({4}, 22), variance = positive_tensor({4}, 23);
  const Tensor matrix = random_tensor({5, 4}, 24);
  const QuantizedWeight packed = quantize(matrix, {.bits = 8, .group_size = 32});
  return {
      wise(
          "lattice.linear",
          [=](auto& b, auto f) {
            return b.linear(f, b.weight("m", WeightFamily::linear, matrix),
                            b.weight("mb", WeightFamily::bias, random_tensor({5}, 25)));
          },
          [=](auto& f) { return linear(f, matrix, random_tensor({5}, 25)); }),
      wise(
          "lattice.linear",  // packed
          [=](auto& b, auto f) { return b.linear(f, b.weight("m", WeightFamily::linear, packed)); },
          [=](auto& f) {
            QuantizedWeight sized = packed;
            sized.in_channels = 4;
            return linear(f, sized);
          }),
      wise(
          "lattice.activation",
          [](auto& b, auto f) {
            return b.activate(f, Activation::gelu, {.approximate = GeluApprox::tanh});
          },
          [](auto& f) { return activate(f, Activation::gelu, {.approximate = GeluApprox::tanh}); }),
      wise(
          "lattice.activation",
          [](auto& b, auto f) { return b.activate(f, Activation::softplus, {.beta = 2.5F}); },
          [](auto& f) { return activate(f, Activation::softplus, {.beta = 2.5F}); }),
      wise(
          "lattice.elementwise", [](auto& b, auto f) { return b.exp(f); },
          [](auto& f) { return voxloom::exp(f); }),
      wise(
          "lattice.elementwise", [](auto& b, auto f) { return b.round(f); },
          [](auto& f) { return voxloom::round(f); }),
      wise(
          "lattice.softmax", [](auto& b, auto f) { return b.softmax(f); },
          [](auto& f) { return softmax(f); }),
      of_grid(
          "voxloom.activation", [](auto& b, auto t) { return b.activate(t, Activation::silu); },
          [](auto& t) { return activate(t, Activation::silu); }),
      of_grid(
          "voxloom.elementwise", [](auto& b, auto t) { return b.exp(t); },
          [](auto& t) { return voxloom::exp(t); }),
      of_grid(
          "voxloom.softmax", [](auto& b, auto t) { return b.softmax(t); },
          [](auto& t) { return softmax(t); }),
      wise(
          "lattice.batch_norm",
          [=](auto& b, auto f) {
            return b.batch_norm(f, {.scale = channel(b, "s", scale),
                                    .bias = b.weight("t", WeightFamily::bias, shift),
                                    .mean = channel(b, "m", mean),
                                    .variance = channel(b, "v", variance)});
          },
          [=](auto& f) {
            return batch_norm(f, {scale, shift, mean, variance});
          }),
      wise(
          "lattice.layer_norm",
          [=](auto& b, auto f) {
            return b.layer_norm(
                f,
                {.scale = channel(b, "s", scale), .bias = b.weight("t", WeightFamily::bias, shift)},
                1e-3F);
          },
          [=](auto& f) { return layer_norm(f, scale, shift, 1e-3F); }),
      wise(
          "lattice.rms_norm",
          [=](auto& b, auto f) { return b.rms_norm(f, channel(b, "s", scale)); },
          [=](auto& f) { return rms_norm(f, scale); }),
      wise(
          "voxloom.group_norm",
          [=](auto& b, auto f) {
            return b.call("group_norm",
                          {{"input", f},
                           {"scale", channel(b, "s", scale)},
                           {"bias", b.weight("t", WeightFamily::bias, shift)}},
                          {{"groups", 2}, {"eps", 1e-3F}})[0];
          },
          [=](auto& f) { return group_norm(f, scale, shift, 2, 1e-3F); }),
  };
}

class Operations : public testing::TestWithParam<OpCase> {};

void expect_identical(const Output& actual, const Output& expected) {
  test::expect_identical(artifact::to_tensors({{"o", actual}}),
                         artifact::to_tensors({{"o", expected}}));
  if (const auto* sparse = std::get_if<SparseTensor>(&expected)) {
    EXPECT_EQ(std::get<SparseTensor>(actual).stride(), sparse->stride());
    EXPECT_EQ(std::get<SparseTensor>(actual).batch_size(), sparse->batch_size());
  }
}

// A graph of the case's operation in `b`; what it takes.
TensorMap build(const OpCase& c, const OpData& data, GraphBuilder& b) {
  TensorMap inputs;
  OpInputs in;
  const auto add = [&](const std::string& name, const SparseTensor& x) {
    add_sparse_input(inputs, name, x);
    return b.sparse_input(name, {.channels = x.channels(), .stride = x.stride()});
  };
  in.x = add("x", data.x);
  in.y = add("y", data.y);
  in.fine = add("fine", data.fine);
  b.output("o", c.build(b, in));
  return inputs;
}

TEST_P(Operations, GiveWhatTheLibraryGives) {
  const OpCase& c = GetParam();
  const OpData data;
  GraphBuilder b;
  const TensorMap inputs = build(c, data, b);
  const artifact::Bundle bundle = b.bundle();
  const auto named = [&](const auto& op) { return op.name == c.name; };
  EXPECT_TRUE(std::ranges::any_of(bundle.graph.ops, named)) << "no " << c.name;
  EXPECT_EQ(artifact::needs_extensions(bundle.graph), c.name.starts_with("voxloom."));

  const Output expected = c.direct(data);
  expect_identical(artifact::Model::from_bundle(bundle).run(inputs).at("o"), expected);
  const TemporaryFolder folder;
  b.save(folder / "op.lattice");
  EXPECT_FALSE(artifact::has_errors(artifact::verify_bundle(folder / "op.lattice")));
  expect_identical(artifact::Model::load(folder / "op.lattice").run(inputs).at("o"), expected);
}

// Coordinates and counts are the host's. Weights and features lie on the other device, and so does what
// comes of them.
TEST_P(Operations, RunOnAnotherBackendWithTheSameBits) {
  GraphBuilder b;
  TensorMap inputs = build(GetParam(), {}, b);
  artifact::Bundle bundle = b.bundle();
  const Output expected = artifact::Model::from_bundle(bundle).run(inputs).at("o");

  CheckingDevice device;
  offer_every_problem(device);
  for (auto& [name, tensor] : bundle.weights) tensor = tensor.to(kChecked);
  for (auto& [name, tensor] : inputs) {
    if (name.ends_with("_features")) tensor = tensor.to(kChecked);
  }
  const Output actual = artifact::Model::from_bundle(bundle).run(inputs).at("o");
  const auto* sparse = std::get_if<SparseTensor>(&actual);
  const Tensor& features = sparse != nullptr ? sparse->features() : std::get<Tensor>(actual);
  EXPECT_EQ(features.device(), kChecked);
  const Tensor here = features.to(Device{});
  expect_identical(sparse != nullptr ? Output(sparse->with_features(here)) : Output(here),
                   expected);
}

INSTANTIATE_TEST_SUITE_P(Convolutions, Operations, testing::ValuesIn(convolution_cases()));
INSTANTIATE_TEST_SUITE_P(Pools, Operations, testing::ValuesIn(pools()));
INSTANTIATE_TEST_SUITE_P(Algebra, Operations, testing::ValuesIn(algebra()));
INSTANTIATE_TEST_SUITE_P(RowWise, Operations, testing::ValuesIn(row_wise()));

// The boundary and the points are tested on their own.
TEST(Operations, EachOneOfTheTableIsTested) {
  std::set<std::string> tested = {"lattice.weight",           "lattice.sparse.make",
                                  "lattice.sparse.decompose", "lattice.sparse.with_features",
                                  "lattice.voxelize",         "lattice.devoxelize",
                                  "lattice.embedding_lookup", "voxloom.sparse.make",
                                  "voxloom.voxelize",         "voxloom.devoxelize"};
  for (const auto& cases : {convolution_cases(), pools(), algebra(), row_wise()}) {
    for (const OpCase& c : cases) tested.insert(c.name);
  }
  std::size_t plain = 0;
  for (const artifact::OpSpec* row : artifact::all_ops()) {
    EXPECT_TRUE(tested.contains(std::string(row->name))) << row->name;
    plain += row->is_extension() ? 0 : 1;
  }
  EXPECT_EQ(plain, 31U);
}

}  // namespace
}  // namespace voxloom::test
