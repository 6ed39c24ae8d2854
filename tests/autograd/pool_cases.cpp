#include "autograd/cases.h"
#include "oracle/pool.h"

namespace voxloom::test {
namespace {

using autograd::Tape;
using Variables = std::vector<Variable>;

constexpr std::int64_t kPoolChannels = 3;

struct Pooled {
  CaseSet s = case_set(21, 40, {6, 6, 6});
  CoordinateSet coarse = strided_support(s.set, 2);
  Origin origin = Origin::centered;
  oracle::KernelMap map =
      oracle_map(s.set, coarse, {.kernel_size = 3, .stride = 2, .origin = origin},
                 oracle::Direction::kForward);
};

GradientCase pool_case(const std::string& name, PoolMode mode, oracle::PoolMode expected,
                       Origin origin = Origin::centered) {
  const Pooled p{.origin = origin};
  return {.name = name,
          .operation = "pool3d",
          .inputs = {{{p.s.set.size(), kPoolChannels}}},
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::pool3d(
                    Variable(v[0], p.s.set),
                    {.mode = mode, .kernel_size = 3, .stride = 2, .origin = origin});
              },
          .oracle =
              [=](const Arrays& a) {
                return oracle::pool(expected, p.map, features_of(a[0], kPoolChannels)).v;
              }};
}

// The first input only says who won.
GradientCase unpool_case() {
  const Pooled p;
  return {.name = "MaxUnpool",
          .operation = "max_unpool3d",
          .inputs = {{{p.s.set.size(), kPoolChannels}}, {{p.coarse.size(), kPoolChannels}}},
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::max_unpool3d(Variable(v[0], p.s.set), Variable(v[1], p.coarse),
                                              {.kernel_size = 3, .stride = 2});
              },
          .oracle =
              [=](const Arrays& a) {
                return oracle::max_unpool(p.map, features_of(a[0], kPoolChannels),
                                          features_of(a[1], kPoolChannels))
                    .v;
              },
          .constant = {true, false}};
}

std::vector<GradientCase> upsampling_cases() {
  const Pooled p;
  const std::vector<CaseInput> input = {{{p.coarse.size(), kPoolChannels}}};
  const auto coarse_coords = to_coords(p.coarse);
  const auto up = oracle_map(
      p.coarse, p.s.set, {.kernel_size = 3, .stride = 2, .padding = 1, .origin = Origin::corner},
      oracle::Direction::kTransposed);
  return {{.name = "PoolTranspose",
           .operation = "pool_transpose3d",
           .inputs = input,
           .library =
               [=](Tape&, const Variables& v) {
                 return autograd::pool_transpose3d(
                     Variable(v[0], p.coarse),
                     {.kernel_size = 3, .stride = 2, .padding = 1, .target = p.s.set});
               },
           .oracle =
               [=](const Arrays& a) {
                 return oracle::pool_transpose(up, features_of(a[0], kPoolChannels)).v;
               }},
          {.name = "TrilinearUpsample",
           .operation = "trilinear_upsample3d",
           .inputs = input,
           .library =
               [=](Tape&, const Variables& v) {
                 return autograd::trilinear_upsample3d(Variable(v[0], p.coarse),
                                                       {.stride = 2, .target = p.s.set});
               },
           .oracle =
               [=](const Arrays& a) {
                 return oracle::trilinear_upsample(
                            {coarse_coords, features_of(a[0], kPoolChannels)}, p.s.coords,
                            {2, 2, 2})
                     .v;
               }}};
}

GradientCase global_case(const std::string& name, PoolMode mode, oracle::PoolMode expected) {
  const CaseSet s = case_set(22, 20);
  return {
      .name = name,
      .operation = "global_pool",
      .inputs = {{{s.set.size(), kPoolChannels}}},
      .library =
          [=](Tape&, const Variables& v) {
            return autograd::global_pool(Variable(v[0], s.set), mode);
          },
      .oracle =
          [=](const Arrays& a) {
            return oracle::global_pool(expected, {s.coords, features_of(a[0], kPoolChannels)}, 2).v;
          }};
}

}  // namespace

std::vector<GradientCase> pool_cases() {
  using P = oracle::PoolMode;
  std::vector<GradientCase> cases = {
      pool_case("PoolSum", PoolMode::sum, P::kSum),
      pool_case("PoolAvg", PoolMode::avg, P::kAvg),
      pool_case("PoolMax", PoolMode::max, P::kMax),
      pool_case("PoolAvgCorner", PoolMode::avg, P::kAvg, Origin::corner),
      pool_case("PoolMaxCorner", PoolMode::max, P::kMax, Origin::corner),
      unpool_case(),
      global_case("GlobalSum", PoolMode::sum, P::kSum),
      global_case("GlobalAvg", PoolMode::avg, P::kAvg),
      global_case("GlobalMax", PoolMode::max, P::kMax)};
  for (GradientCase& c : upsampling_cases()) cases.push_back(std::move(c));
  return cases;
}

}  // namespace voxloom::test
