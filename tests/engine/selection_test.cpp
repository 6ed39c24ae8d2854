// Choosing instruction sets and algorithms by name.

#include <gtest/gtest.h>

#include "cpu/kernel_table.h"
#include "engine/problems.h"

namespace voxloom::test {
namespace {

template <typename Info>
struct ArgsOf;
template <typename Args>
struct ArgsOf<cpu::KernelInfo<Args>> {
  using type = Args;
};

TEST(Selection, ScalarIsAlwaysThereAndLast) {
  const std::vector<std::string> names = isa_names();
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.back(), "scalar");
}

TEST(Selection, SetIsaTakesWhatIsListedAndRefusesTheRest) {
  on_each_isa([](const std::string& isa) { EXPECT_EQ(current_isa(), isa); });
  const std::string before = current_isa();
  expect_throws<std::invalid_argument>([] { set_isa("mmx"); }, "scalar");
  EXPECT_EQ(current_isa(), before);
}

TEST(Selection, EveryInstructionSetHasEveryKind) {
  on_each_isa([](const std::string& name) {
    const cpu::Isa isa = cpu::current();
    EXPECT_FALSE(cpu::kernels_of<cpu::GemmArgs>(isa, DType::f32).empty()) << name;
    EXPECT_FALSE(cpu::kernel_names(isa).empty()) << name;
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      EXPECT_FALSE(cpu::kernels_of<cpu::StoreArgs>(isa, dtype).empty()) << name;
      EXPECT_FALSE(cpu::kernels_of<cpu::DepthwiseArgs>(isa, dtype).empty()) << name;
      EXPECT_FALSE(cpu::kernels_of<cpu::ColumnSumArgs>(isa, dtype).empty()) << name;
    }
  });
}

// Whatever the machine has: of each kind the first set whose bits are in use, and no other.
TEST(Selection, KernelsAreOfTheFirstSetWhoseBitsAreInUse) {
  const auto expect_first = [](cpu::Isa isa, const auto& all) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      using Info = typename std::remove_cvref_t<decltype(all)>::value_type;
      const auto fits = [&](const Info& kernel) {
        return kernel.type == dtype && cpu::needs_of(isa).contains(cpu::needs_of(kernel.isa));
      };
      const auto best = std::ranges::min_element(
          all, {}, [&](const Info& k) { return fits(k) ? static_cast<int>(k.isa) : 1000; });
      std::vector<std::string_view> wanted, got;
      for (const Info& kernel : all) {
        if (fits(kernel) && kernel.isa == best->isa) wanted.push_back(kernel.name);
      }
      for (const Info& kernel : cpu::kernels_of<typename ArgsOf<Info>::type>(isa, dtype)) {
        got.push_back(kernel.name);
      }
      EXPECT_EQ(got, wanted) << cpu::name_of(isa);
    }
  };
  for (const cpu::Isa isa : cpu::known_isas()) {
    expect_first(isa, cpu::kernels_of<cpu::GemmArgs>());
    expect_first(isa, cpu::kernels_of<cpu::StoreArgs>());
    expect_first(isa, cpu::kernels_of<cpu::TileGemmArgs>());
  }
}

TEST(Selection, SetsAreBitsOnTopOfOthers) {
  using cpu::Isa;
  const auto builds_on = [](Isa isa, Isa base) {
    return cpu::needs_of(isa).contains(cpu::needs_of(base)) &&
           cpu::needs_of(isa) != cpu::needs_of(base);
  };
  EXPECT_TRUE(builds_on(Isa::amx, Isa::avx512));
  EXPECT_TRUE(builds_on(Isa::avx512, Isa::avx2));
  EXPECT_TRUE(builds_on(Isa::avx2, Isa::scalar));
  EXPECT_TRUE(builds_on(Isa::neon, Isa::scalar));
  EXPECT_FALSE(cpu::needs_of(Isa::avx512).contains(cpu::Feature::amx_tile));
  for (const Isa isa : cpu::known_isas()) {
    EXPECT_EQ(cpu::can_run(isa),
              cpu::has_kernels(isa) && cpu::machine_features().contains(cpu::needs_of(isa)));
  }
}

// The pointwise product packs its weights for gemm widths.
TEST(Selection, EveryGemmWidthHasADenseKernel) {
  for (const auto& gemm : cpu::kernels_of<cpu::GemmArgs>()) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      const auto dense = cpu::kernels_of<cpu::DenseArgs>(gemm.isa, dtype);
      EXPECT_NE(std::ranges::find(dense, gemm.width, &cpu::KernelInfo<cpu::DenseArgs>::width),
                dense.end())
          << gemm.name;
    }
  }
}

// The weight gradient packs rows for either side of its tile.
TEST(Selection, EveryWeightGradientTileHasItsPacks) {
  for (const auto& wgrad : cpu::kernels_of<cpu::WgradArgs>()) {
    const int lanes = cpu::kernels_of<cpu::StoreArgs>(wgrad.isa, DType::f32).front().width;
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      const auto packs = cpu::kernels_of<cpu::PanelArgs>(wgrad.isa, dtype);
      for (const std::int64_t width :
           {cpu::panel_columns(wgrad.rows, lanes), std::int64_t{wgrad.width}}) {
        EXPECT_NE(std::ranges::find(packs, width, &cpu::KernelInfo<cpu::PanelArgs>::width),
                  packs.end())
            << wgrad.name << " " << width;
      }
    }
  }
}

TEST(Selection, ReferenceStandsLast) {
  EXPECT_EQ(engine::cpu_backend().algorithms<engine::ConvPointwise>().back().name, "reference");
  EXPECT_EQ(engine::cpu_backend().algorithms<engine::ConvForward>().back().name, "reference");
  EXPECT_EQ(engine::cpu_backend().algorithms<engine::ConvWeightGradient>().back().name,
            "reference");
}

TEST(Selection, PinTakesKnownNamesAndRefusesOthers) {
  for (const std::string& name : engine::algorithm_names())
    EXPECT_NO_THROW(engine::pin_algorithm(name));
  expect_throws<std::invalid_argument>([] { engine::pin_algorithm("fastest"); }, "offset_major");
  engine::pin_algorithm("");
}

}  // namespace
}  // namespace voxloom::test
