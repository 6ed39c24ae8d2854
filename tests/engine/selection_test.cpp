// Choosing instruction sets and algorithms by name.

#include <gtest/gtest.h>

#include "cpu/kernel_table.h"
#include "engine/problems.h"

namespace voxloom::test {
namespace {

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
  for (const std::string& name : isa_names()) {
    set_isa(name);
    const cpu::Isa isa = cpu::current();
    EXPECT_FALSE(cpu::kernels_of<cpu::GemmArgs>(isa, DType::f32).empty()) << name;
    EXPECT_FALSE(cpu::kernel_names(isa).empty()) << name;
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      EXPECT_FALSE(cpu::kernels_of<cpu::StoreArgs>(isa, dtype).empty()) << name;
      EXPECT_FALSE(cpu::kernels_of<cpu::DepthwiseArgs>(isa, dtype).empty()) << name;
      EXPECT_FALSE(cpu::kernels_of<cpu::ColumnSumArgs>(isa, dtype).empty()) << name;
    }
  }
  set_isa(isa_names().front());
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
