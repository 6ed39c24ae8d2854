// Rows that the caller asks for, on the transposed family: however they are given, whether they lie
// inside the op's own support, contain it, or miss it.

#include "conv/cases.h"

namespace voxloom::test {
namespace {

enum class Rows { subset, superset, disjoint };

std::vector<oracle::Coord> rows_of(Rows kind, std::vector<oracle::Coord> own,
                                   oracle::Random& random) {
  own = oracle::permuted(own, oracle::random_permutation(random, oracle::row_count(own)));
  if (kind == Rows::subset) own.resize(own.size() / 2);
  if (kind == Rows::superset) {
    own.insert(own.begin(), {0, 500, -500, 3});
    own.push_back({2, 0, 0, 0});
  }
  if (kind == Rows::disjoint) {
    for (oracle::Coord& c : own) c[2] -= 1000;
  }
  return own;
}

const KernelSpec kKernel{.kernel_size = 3, .stride = 2, .origin = Origin::corner};

// Calls body(input, target, its rows, oracle's map, text): every way to give every kind of rows.
template <typename Body>
void for_each_target(const Body& body) {
  oracle::Random random(81);
  const Input in = random_input(
      random, {.count = 30, .start = {-3, -3, -3}, .extent = {6, 6, 6}, .batches = {0, 1}}, 5,
      DType::f32, 2);
  const auto own = oracle::transposed_support(to_coords(in.x.coords()), to_offsets(kKernel),
                                              to_geometry(kKernel));
  for (const Rows kind : {Rows::subset, Rows::superset, Rows::disjoint}) {
    const auto rows = rows_of(kind, own, random);
    const CoordinateSet set = CoordinateSet::from_rows(to_rows(rows));
    const SparseTensor tensor(set, Tensor::zeros({set.size(), 1}, DType::f32), 7);
    const auto map = oracle_map(in.x.coords(), set, kKernel, oracle::Direction::kTransposed);
    for (const Target& target : {Target(set), Target(tensor), Target(set.to_tensor())}) {
      const std::string what =
          fmt::format("rows {}, given as {}", static_cast<int>(kind), target.index());
      body(in, target, rows, map, what);
    }
  }
}

// A set or a tensor is used as it is; batch counts are the larger ones.
void expect_identity(const SparseTensor& y, const Target& target, const Input& in) {
  if (const auto* set = std::get_if<CoordinateSet>(&target)) {
    EXPECT_EQ(y.coords(), *set);
  }
  if (const auto* tensor = std::get_if<SparseTensor>(&target)) {
    EXPECT_EQ(y.coords(), tensor->coords());
    EXPECT_EQ(y.batch_size(), 7);
  }
  EXPECT_GE(y.batch_size(), in.x.batch_size());
}

TEST(Targets, TransposedAndGenerative) {
  oracle::Random random(82);
  const Parameters p = random_parameters(random, {27, 1, 5, 4});
  for_each_target([&](const Input& in, const Target& target, const auto& rows, const auto& map,
                      const std::string& what) {
    const SparseTensor y = conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor,
                                            {.kernel_size = 3, .stride = 2, .target = target});
    expect_conv(y, rows, map, in.features, p, what);
    expect_identity(y, target, in);
    const SparseTensor z = generative_conv_transpose3d(
        in.x, p.weight_tensor, p.bias_tensor, {.kernel_size = 3, .stride = 2, .target = target});
    expect_conv(z, rows, map, in.features, p, what + ", generative");
    expect_identity(z, target, in);
  });
}

TEST(Targets, Normalized) {
  oracle::Random random(83);
  const Parameters p = random_parameters(random, {27, 1, 5, 4});
  for_each_target([&](const Input& in, const Target& target, const auto& rows, const auto& map,
                      const std::string& what) {
    const auto expected = oracle::normalized_conv(map, in.features, p.weight, p.bias);
    const auto check = [&](const SparseTensor& y, const std::string& form) {
      ASSERT_EQ(to_coords(y.coords()), rows) << form;
      expect_within(y.features(), expected.value.v, expected.bounds(), form);
      expect_identity(y, target, in);
    };
    check(normalized_conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor,
                                      {.kernel_size = 3, .stride = 2, .target = target}),
          what + ", transposed");
    check(normalized_generative_conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor,
                                                 {.kernel_size = 3, .stride = 2, .target = target}),
          what + ", generative");
  });
}

}  // namespace
}  // namespace voxloom::test
