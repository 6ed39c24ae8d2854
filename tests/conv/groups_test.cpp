// Grouped and depthwise convolutions in the forms that are not submanifold.

#include "conv/cases.h"

namespace voxloom::test {
namespace {

struct GroupSplit {
  std::int64_t in, out, groups;
};

// Full and broken vectors per group, as many groups as channels, and more than one output each.
std::vector<GroupSplit> splits() {
  std::vector<GroupSplit> all;
  for (const std::int64_t groups : {2, 4}) {
    for (const std::int64_t in : {std::int64_t{1}, std::int64_t{4}, std::int64_t{33}}) {
      all.push_back({in * groups, 3 * groups, groups});
    }
  }
  all.push_back({130, 130, 2});
  for (const std::int64_t channels : {8, 33, 130}) {
    all.push_back({channels, channels, channels});
    all.push_back({channels, 2 * channels, channels});
  }
  return all;
}

Input input_of(const GroupSplit& s, DType dtype) {
  oracle::Random random(static_cast<std::uint64_t>(s.in + s.groups));
  return random_input(random, {.count = 40, .start = {-3, -3, -3}, .extent = {6, 6, 6}}, s.in,
                      dtype, 2);
}

std::string describe_split(const GroupSplit& s, DType dtype) {
  return fmt::format("{} -> {} channels, {} groups, {}", s.in, s.out, s.groups, name_of(dtype));
}

// Calls body(split, input, 2x2x2 parameters, text).
template <typename Body>
void for_each_split(const Body& body) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const GroupSplit& s : splits()) {
      oracle::Random random(71);
      const Parameters p = random_parameters(random, {8, s.groups, s.in, s.out}, dtype);
      body(s, input_of(s, dtype), p, describe_split(s, dtype));
    }
  }
}

const KernelSpec kDown{.kernel_size = 2, .stride = 2};
const KernelSpec kUp{.kernel_size = 2, .stride = 2, .origin = Origin::corner};

TEST(Groups, Strided) {
  for_each_split(
      [](const GroupSplit& s, const Input& in, const Parameters& p, const std::string& what) {
        const SparseTensor y =
            conv3d(in.x, p.weight_tensor, p.bias_tensor,
                   {.kernel_size = 2, .stride = 2, .groups = static_cast<std::int32_t>(s.groups)});
        const auto map = oracle_map(in.x.coords(), y.coords(), kDown, oracle::Direction::kForward);
        expect_conv(y, oracle::strided_support(to_coords(in.x.coords()), {2, 2, 2}), map,
                    in.features, p, what);
      });
}

TEST(Groups, Transposed) {
  for_each_split(
      [](const GroupSplit& s, const Input& in, const Parameters& p, const std::string& what) {
        const auto groups = static_cast<std::int32_t>(s.groups);
        const SparseTensor y =
            conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor, {.groups = groups});
        const auto rows =
            oracle::transposed_support(to_coords(in.x.coords()), to_offsets(kUp), to_geometry(kUp));
        const auto map = oracle_map(in.x.coords(), y.coords(), kUp, oracle::Direction::kTransposed);
        expect_conv(y, rows, map, in.features, p, what);
        const SparseTensor generated =
            generative_conv_transpose3d(in.x, p.weight_tensor, p.bias_tensor, {.groups = groups});
        expect_conv(generated, rows, map, in.features, p, what + ", generative");
      });
}

TEST(Groups, Target) {
  const std::vector<oracle::Coord> rows{{0, 1, 0, -1}, {0, 40, 0, 0}, {0, 0, 0, 0}, {0, -1, 1, 1}};
  for_each_split([&](const GroupSplit& s, const Input& in, const Parameters& p,
                     const std::string& what) {
    const SparseTensor y = conv3d(in.x, p.weight_tensor, p.bias_tensor,
                                  {.kernel_size = 2,
                                   .stride = 2,
                                   .target = CoordinateSet::from_rows(to_rows(rows), {.stride = 4}),
                                   .groups = static_cast<std::int32_t>(s.groups)});
    const auto map = oracle_map(in.x.coords(), y.coords(), kDown, oracle::Direction::kForward);
    expect_conv(y, rows, map, in.features, p, what);
  });
}

TEST(Groups, Inverse) {
  for_each_split(
      [](const GroupSplit& s, const Input& in, const Parameters& p, const std::string& what) {
        // The input stands for a coarse tensor: its rows are the output of a forward op.
        const CoordinateSet fine = transposed_support(in.x.coords(), kUp);
        const KernelMap forward = forward_map(fine, in.x.coords(), kDown);
        const SparseTensor y = inverse_conv3d(in.x, p.weight_tensor, p.bias_tensor, forward,
                                              static_cast<std::int32_t>(s.groups));
        const auto map =
            oracle::swapped(oracle_map(fine, in.x.coords(), kDown, oracle::Direction::kForward));
        expect_conv(y, to_coords(fine), map, in.features, p, what);
      });
}

}  // namespace
}  // namespace voxloom::test
