// Folded norms and fused chains: the results of every operation by itself, and what must be left alone.
#include "artifact/run/simplify.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "artifact/helpers.h"
#include "artifact/models.h"
#include "artifact/random_data.h"

namespace voxloom::test {
namespace {

using artifact::Bundle;
using artifact::Chain;
using artifact::GraphBuilder;
using artifact::Model;
using artifact::RuntimeValue;
using artifact::to_tensors;
using artifact::ValueRef;
using artifact::WeightFamily;
using Net = std::function<ValueRef(GraphBuilder&, ValueRef)>;

constexpr std::int64_t kChannels = 6;

// Rows whose sums round.
Tensor uneven(const Shape& shape, unsigned seed, DType dtype = DType::f32) {
  Tensor tensor = random_tensor(shape, seed);
  for (float& value : tensor.mutable_span<float>()) value *= 1.2345671F;
  return tensor.to(dtype);
}

Bundle bundle_of(const Net& net, DType dtype = DType::f32) {
  GraphBuilder b;
  const ValueRef x = b.sparse_input("x", {.channels = 4, .dtype = dtype});
  b.output("y", net(b, x));
  return b.bundle();
}

// "x"; and "moved", where the graph takes it: as many rows, one voxel further.
TensorMap inputs(const Bundle& bundle, DType dtype = DType::f32) {
  TensorMap arrays;
  SparseTensor x = random_sparse({.sites = 400, .extent = 9, .dtype = dtype, .seed = 3});
  x = x.with_features(uneven({x.rows(), 4}, 8, dtype));
  add_sparse_input(arrays, "x", x);
  if (std::ranges::count(bundle.graph.inputs, "moved_coords", &artifact::Graph::Input::name) > 0) {
    add_sparse_input(arrays, "moved", x.with_features(uneven({x.rows(), kChannels}, 9, dtype)));
    Tensor coords = arrays.at("x_coords").clone();
    const auto numbers = coords.mutable_span<std::int32_t>();
    for (std::size_t i = 1; i < numbers.size(); i += 4) ++numbers[i];
    arrays["moved_coords"] = coords;
  }
  return arrays;
}

std::vector<RuntimeValue> constants_of(const Bundle& bundle) {
  std::vector<RuntimeValue> constants(bundle.graph.values.size());
  for (const artifact::Graph::Op& op : bundle.graph.ops) {
    if (op.name != "lattice.weight") continue;
    const auto key = std::get<std::string>(op.attributes.at("storage_key").value);
    constants[static_cast<std::size_t>(op.results[0])] = Weight(bundle.weights.at(key));
  }
  return constants;
}

artifact::Graph simplified(const Bundle& bundle) {
  artifact::Graph graph = bundle.graph;
  std::vector<RuntimeValue> constants = constants_of(bundle);
  artifact::fold_batch_norms(graph, constants);
  return graph;
}

std::ptrdiff_t norms_left(const Bundle& bundle) {
  return std::ranges::count(simplified(bundle).ops, "lattice.batch_norm",
                            &artifact::Graph::Op::name);
}

std::vector<Chain> chains_of(const Bundle& bundle) {
  return artifact::find_chains(simplified(bundle));
}

TensorMap run(const Bundle& bundle, bool fuse, DType dtype = DType::f32) {
  return to_tensors(Model::from_bundle(bundle, {.fuse = fuse}).run(inputs(bundle, dtype)));
}

// Every output, not the last one alone: what others see must be what it was.
void expect_close(const Bundle& bundle) {
  const TensorMap folded = run(bundle, true), plain = run(bundle, false);
  ASSERT_EQ(folded.size(), plain.size());
  for (const auto& [name, values] : plain) {
    if (values.dtype() == DType::f32) {
      expect_near(folded.at(name), values, {1e-5, 1e-5});
    } else {
      expect_identical({{name, folded.at(name)}}, {{name, values}});
    }
  }
}

// --- pieces of networks ---

// With a bias of its own, or `bias`.
ValueRef norm(GraphBuilder& b, ValueRef features, const std::string& key,
              std::int64_t channels = kChannels, std::optional<ValueRef> bias = {}) {
  const auto vector = [&](const char* name, WeightFamily family, const Tensor& values) {
    return b.weight(key + "." + name, family, values);
  };
  return b.batch_norm(
      features,
      {.scale = vector("scale", WeightFamily::channel, uneven({channels}, 11)),
       .bias = bias ? *bias : vector("bias", WeightFamily::bias, uneven({channels}, 12)),
       .mean = vector("mean", WeightFamily::channel, uneven({channels}, 13)),
       .variance = vector("var", WeightFamily::channel, positive_tensor({channels}, 14))});
}
ValueRef normed(GraphBuilder& b, ValueRef x, const std::string& key,
                std::int64_t channels = kChannels) {
  return b.with_features(x, norm(b, b.features(x), key, channels));
}
ValueRef rectified(GraphBuilder& b, ValueRef x) {
  return b.with_features(x, b.activate(b.features(x), Activation::relu));
}
ValueRef conv(GraphBuilder& b, ValueRef x, const std::string& key, std::int64_t in = kChannels) {
  return b.subm_conv3d(x, {.weight = b.conv_weight(key, uneven({kChannels, 3, 3, 3, in}, 21), 3)});
}

TEST(FoldBatchNorms, IntoEveryKindOfProduct) {
  const Shape box = {kChannels, 2, 2, 2, 4};
  const std::vector<Net> nets = {
      [](auto& b, ValueRef x) { return rectified(b, normed(b, conv(b, x, "w", 4), "n")); },
      [&](auto& b, ValueRef x) {
        const ValueRef bias = b.weight("b", WeightFamily::bias, uneven({kChannels}, 31));
        const ValueRef weight = b.conv_weight("w", uneven(box, 1), 2);
        return normed(
            b, b.conv3d(x, {.weight = weight, .bias = bias}, {.kernel_size = 2, .stride = 2}), "n");
      },
      [&](auto& b, ValueRef x) {
        const ValueRef down = b.pool3d(x, {.kernel_size = 2, .stride = 2});
        const ValueRef weight = b.conv_weight("w", uneven(box, 2), 2);
        return normed(b, b.conv_transpose3d(down, {.weight = weight, .target = x}), "n");
      },
      [](auto& b, ValueRef x) {  // grouped, kernel-major
        const ValueRef weight =
            b.weight("w", WeightFamily::kernel, uneven({27, 2, 2, kChannels / 2}, 3));
        return normed(b, b.conv3d(x, {.weight = weight}, {.groups = 2}), "n");
      },
      [](auto& b, ValueRef x) {  // depthwise
        const ValueRef weight = b.weight("w", WeightFamily::kernel, uneven({27, 4}, 4));
        return normed(b, b.conv3d(x, {.weight = weight}, {.groups = 4}), "n", 4);
      },
      [](auto& b, ValueRef x) {
        const ValueRef matrix = b.weight("w", WeightFamily::linear, uneven({kChannels, 4}, 5));
        const ValueRef product = b.linear(b.features(x), matrix);
        return b.with_features(x, b.activate(norm(b, product, "n"), Activation::relu));
      },
  };
  for (std::size_t i = 0; i < nets.size(); ++i) {
    const Bundle bundle = bundle_of(nets[i]);
    EXPECT_EQ(norms_left(bundle), 0) << i;
    expect_close(bundle);
  }
}

TEST(FoldBatchNorms, NotWhereTheProductIsSeenOrShared) {
  const std::vector<Net> nets = {
      [](auto& b, ValueRef x) {  // the raw sums are used again
        const ValueRef y = conv(b, x, "w", 4);
        return b.binary(BinaryOp::add, normed(b, y, "n"), y, {});
      },
      [](auto& b, ValueRef x) {  // one weight for two products
        const ValueRef weight = b.conv_weight("w", uneven({4, 3, 3, 3, 4}, 21), 3);
        const ValueRef y = normed(b, b.subm_conv3d(x, {.weight = weight}), "n", 4);
        return b.subm_conv3d(y, {.weight = weight});
      },
      [](auto& b, ValueRef x) {  // divides in between
        const ValueRef weight = b.conv_weight("w", positive_tensor({kChannels, 3, 3, 3, 4}, 21), 3);
        return normed(b, b.normalized_subm_conv3d(x, {.weight = weight}), "n");
      },
      [](auto& b, ValueRef x) { return normed(b, rectified(b, conv(b, x, "w", 4)), "n"); },
      [](auto& b, ValueRef x) { return normed(b, x, "n", 4); },
      [](auto& b, ValueRef x) {  // one bias for two products
        const ValueRef bias = b.weight("b", WeightFamily::bias, uneven({4}, 31));
        const auto product = [&](ValueRef in, const std::string& key, unsigned seed) {
          const ValueRef weight = b.conv_weight(key, uneven({4, 3, 3, 3, 4}, seed), 3);
          return b.subm_conv3d(in, {.weight = weight, .bias = bias});
        };
        return product(normed(b, product(x, "w", 21), "n", 4), "v", 22);
      },
      [](auto& b, ValueRef x) {  // the norm's own bias, which would become the product's, likewise
        const ValueRef bias = b.weight("b", WeightFamily::bias, uneven({kChannels}, 31));
        const ValueRef y = conv(b, x, "w", 4);
        const ValueRef normal = b.with_features(y, norm(b, b.features(y), "n", kChannels, bias));
        const ValueRef weight = b.conv_weight("v", uneven({kChannels, 3, 3, 3, kChannels}, 22), 3);
        return b.subm_conv3d(normal, {.weight = weight, .bias = bias});
      },
      [](auto& b, ValueRef x) {  // the raw sums are an output
        const ValueRef y = conv(b, x, "w", 4);
        b.output("raw", y);
        return normed(b, y, "n");
      },
      [](auto& b, ValueRef x) {  // their features are
        const ValueRef y = conv(b, x, "w", 4);
        const ValueRef features = b.features(y);
        b.output("raw", features);
        return b.with_features(y, norm(b, features, "n"));
      },
      [](auto& b, ValueRef x) {  // they are read twice
        const ValueRef y = conv(b, x, "w", 4);
        const ValueRef features = b.features(y);
        const ValueRef normal = b.with_features(y, norm(b, features, "n"));
        return b.binary(BinaryOp::add, normal,
                        b.with_features(y, b.activate(features, Activation::tanh)), {});
      },
      [](auto& b, ValueRef x) {  // and by two that take the tensor apart
        const ValueRef y = conv(b, x, "w", 4);
        const ValueRef normal = normed(b, y, "n");
        return b.binary(BinaryOp::add, normal,
                        b.with_features(y, b.activate(b.features(y), Activation::tanh)), {});
      },
      [](auto& b, ValueRef x) {  // a linear layer's, too
        const ValueRef matrix = b.weight("w", WeightFamily::linear, uneven({kChannels, 4}, 5));
        const ValueRef product = b.linear(b.features(x), matrix);
        b.output("raw", product);
        return b.with_features(x, norm(b, product, "n"));
      },
  };
  for (std::size_t i = 0; i < nets.size(); ++i) {
    const Bundle bundle = bundle_of(nets[i]);
    EXPECT_EQ(norms_left(bundle), 1) << i;
    SCOPED_TRACE(i);
    expect_close(bundle);
  }
}

// A residual block as others write it.
ValueRef block(GraphBuilder& b, ValueRef x) {
  const ValueRef a = rectified(b, normed(b, conv(b, x, "a.w", 4), "a.n"));
  const ValueRef c = normed(b, conv(b, a, "c.w"), "c.n");
  return rectified(b, b.binary(BinaryOp::add, c, a, {}));
}

TEST(Chains, AResidualBlockIsTwoSteps) {
  const Bundle bundle = bundle_of(block);
  const std::vector<Chain> chains = chains_of(bundle);
  ASSERT_EQ(chains.size(), 2U);
  EXPECT_EQ(chains[0].residual, -1);
  EXPECT_GE(chains[0].rectifier, 0);
  EXPECT_EQ(chains[1].residual, chains[0].result);
  EXPECT_GE(chains[1].rectifier, 0);
  expect_close(bundle);
}

// Without norms nothing is rounded otherwise.
TEST(Chains, GiveTheSameBits) {
  const std::vector<Net> nets = {
      [](auto& b, ValueRef x) {
        const ValueRef a = rectified(b, conv(b, x, "a", 4));
        return rectified(b, b.binary(BinaryOp::add, a, conv(b, a, "b"), {}));
      },
      [](auto& b, ValueRef x) {  // an addition without a rectifier
        const ValueRef a = conv(b, x, "a", 4);
        return b.binary(BinaryOp::add, conv(b, a, "b"), a, {});
      },
      [](auto& b, ValueRef x) {  // the residual has other sites: its parts run one by one
        const ValueRef a = rectified(b, conv(b, x, "a", 4));
        const ValueRef part = b.crop(a, {-2, -2, -2}, {1, 3, 2});
        return rectified(b, b.binary(BinaryOp::add, conv(b, a, "b"), part,
                                     {.join = Join::left, .rhs_fill = 0.5F}));
      },
      [](auto& b, ValueRef x) {  // as many sites, and others
        const ValueRef a = rectified(b, conv(b, x, "a", 4));
        const ValueRef moved = b.sparse_input("moved", {.channels = kChannels});
        return rectified(b, b.binary(BinaryOp::add, conv(b, a, "b"), moved, {.join = Join::left}));
      },
      [](auto& b, ValueRef x) {  // up and down, with sites that are made and given
        const ValueRef w = b.conv_weight("w", uneven({4, 2, 2, 2, 4}, 2), 2);
        const ValueRef down =
            rectified(b, b.conv3d(x, {.weight = w}, {.kernel_size = 2, .stride = 2}));
        return rectified(b, b.conv_transpose3d(down, {.weight = w, .target = x}));
      },
  };
  for (std::size_t i = 0; i < nets.size(); ++i) {
    const Bundle bundle = bundle_of(nets[i]);
    EXPECT_FALSE(chains_of(bundle).empty()) << i;
    expect_identical(run(bundle, true), run(bundle, false));
  }
}

TEST(Chains, HalfPrecisionIsRoundedWhereItWas) {
  const Bundle bundle = bundle_of(
      [](auto& b, ValueRef x) {
        const ValueRef weight = b.conv_weight("w", uneven({4, 3, 3, 3, 4}, 1, DType::f16), 3);
        const ValueRef a = rectified(b, b.subm_conv3d(x, {.weight = weight}));
        const ValueRef c = b.subm_conv3d(a, {.weight = weight});
        return rectified(b, b.binary(BinaryOp::add, c, a, {}));
      },
      DType::f16);
  const std::vector<Chain> chains = chains_of(bundle);
  ASSERT_EQ(chains.size(), 1U);
  EXPECT_EQ(chains[0].addition, -1);
  expect_identical(run(bundle, true, DType::f16), run(bundle, false, DType::f16));
}

TEST(Chains, LeaveAloneWhatOthersSee) {
  const Bundle seen = bundle_of([](auto& b, ValueRef x) {
    const ValueRef a = conv(b, x, "a", 4);
    b.output("raw", a);
    return rectified(b, a);
  });
  EXPECT_TRUE(chains_of(seen).empty());
  const Bundle other = bundle_of([](auto& b, ValueRef x) {
    const ValueRef a = conv(b, x, "a", 4);
    return b.with_features(a, b.activate(b.features(a), Activation::gelu));
  });
  EXPECT_TRUE(chains_of(other).empty());
  expect_identical(run(seen, true), run(seen, false));
  const Bundle sites = bundle_of([](auto& b, ValueRef x) {  // of what stands before the rectifier
    const ValueRef a = conv(b, x, "a", 4);
    const auto parts = b.op("lattice.sparse.decompose", {a});
    b.output("sites", parts[0]);
    return b.with_features(a, b.activate(parts[1], Activation::relu));
  });
  EXPECT_TRUE(chains_of(sites).empty());
  expect_identical(run(sites, true), run(sites, false));
}

TEST(Chains, OfTwoOperandsOnlySumsAreFused) {
  for (const BinaryOp op : {BinaryOp::mul, BinaryOp::sub, BinaryOp::maximum}) {
    const Bundle bundle = bundle_of([op](auto& b, ValueRef x) {
      const ValueRef a = conv(b, x, "a", 4);
      return b.binary(op, conv(b, a, "b"), a, {});
    });
    EXPECT_TRUE(chains_of(bundle).empty());
    expect_identical(run(bundle, true), run(bundle, false));
  }
  const Bundle twice = bundle_of([](auto& b, ValueRef x) {  // no residual of its own
    const ValueRef a = conv(b, x, "a", 4);
    return b.binary(BinaryOp::add, a, a, {});
  });
  EXPECT_TRUE(chains_of(twice).empty());
  expect_identical(run(twice, true), run(twice, false));
}

TEST(Chains, ABundledGraphKeepsItsText) {
  const Bundle bundle = bundle_of(block);
  EXPECT_EQ(artifact::to_text(Model::from_bundle(bundle).graph()), artifact::to_text(bundle.graph));
}

}  // namespace
}  // namespace voxloom::test
