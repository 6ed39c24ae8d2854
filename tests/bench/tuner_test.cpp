// Tuning chooses among algorithms that agree with the reference, and notices those that do not.

#include "bench/tuner.h"

#include <gtest/gtest.h>

#include <memory>

#include "bench/agreement.h"
#include "bench/cases.h"
#include "engine/problems.h"

namespace voxloom::bench {
namespace {

template <typename Problem>
void run_reference(const Problem& problem) {
  engine::cpu_backend().algorithms<Problem>().back().run(problem);
}

void wrong_by_a_little(const engine::ConvForward& problem) {
  run_reference(problem);
  problem.y->mutable_span<float>()[5] += 1e-2F;
}

void not_a_number(const engine::ConvWeightGradient& problem) {
  run_reference(problem);
  problem.dw->mutable_span<float>()[0] = std::nanf("");
}

// A forward and a weight gradient of one layer, as tune meets them.
void run_case(ConvOp op, const Storage& storage = kStorages[0]) {
  const auto scene = std::make_shared<SceneMaps>(small_scene());
  ConvSpec spec;
  spec.op = op;
  spec.channels = {8, 8};
  spec.storage = storage;
  conv_case(scene, spec).body();
}

TEST(Tuner, MeasuresEachShapeOnceAndPlansAnAgreeingAlgorithm) {
  std::vector<TunedShape> shapes;
  Tuner tuner({.seconds = 0, .report = [&](const TunedShape& shape) { shapes.push_back(shape); }});
  run_case(ConvOp::forward);
  run_case(ConvOp::forward);
  run_case(ConvOp::wgrad);
  run_case(ConvOp::forward, kStorages[1]);  // float16
  run_case(ConvOp::forward, kStorages[4]);  // int4
  ASSERT_EQ(shapes.size(), 4U);
  EXPECT_EQ(tuner.plans().size(), 4U);
  EXPECT_TRUE(tuner.all_agree());
  for (const TunedShape& shape : shapes) {
    EXPECT_EQ(shape.rows, 1000);
    EXPECT_FALSE(shape.winner.algorithm.empty());
    EXPECT_EQ(tuner.plans().at(shape.key), shape.winner);
    for (const TunedCandidate& c : shape.candidates)
      EXPECT_LE(c.error_share, 1) << to_text(c.choice);
  }
}

TEST(Tuner, ThereIsOneAtATimeAndNoneAfterwards) {
  {
    const Tuner tuner({});
    EXPECT_THROW(Tuner({}), std::invalid_argument);
  }
  EXPECT_EQ(engine::installed_tuning(), nullptr);
}

TEST(Agreement, EveryAlgorithmAgrees) {
  for (const bool permuted : {false, true}) {
    const test::MadeUpMap map({.in_rows = 500, .out_rows = 700, .volume = 5, .permuted = permuted});
    Tensor x = Tensor::empty({500, 6}, DType::f32);
    Tensor dy = Tensor::empty({700, 10}, DType::f32);
    Tensor w = Tensor::empty({5, 6, 10}, DType::f32);
    Random random(3);
    for (Tensor* t : {&x, &dy, &w}) {
      for (float& value : t->mutable_span<float>()) value = random.uniform(-1, 1);
    }
    Tensor y = Tensor::empty({700, 10}, DType::f32);
    Tensor dw = Tensor::empty({5, 1, 6, 10}, DType::f32);
    const engine::WeightView view{.data = w.raw(),
                                  .dtype = DType::f32,
                                  .volume = 5,
                                  .groups = 1,
                                  .in = 6,
                                  .out = 10,
                                  .stride_k = 60,
                                  .stride_g = 0,
                                  .stride_i = 10,
                                  .stride_o = 1};
    const engine::ConvForward forward{.map = map.map, .x = &x, .weight = view, .y = &y};
    const engine::ConvWeightGradient gradient{.map = map.map, .x = &x, .dy = &dy, .dw = &dw};
    for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvForward>()) {
      if (!algorithm.is_able(forward)) continue;
      EXPECT_LE(error_share(algorithm, forward, true), 1) << algorithm.name;
    }
    for (const auto& algorithm : engine::cpu_backend().algorithms<engine::ConvWeightGradient>()) {
      if (!algorithm.is_able(gradient)) continue;
      EXPECT_LE(error_share(algorithm, gradient, true), 1) << algorithm.name;
    }
    const engine::Algorithm<engine::ConvForward> wrong{"wrong", nullptr, wrong_by_a_little};
    EXPECT_GT(error_share(wrong, forward, true), 1);
    const engine::Algorithm<engine::ConvWeightGradient> broken{"broken", nullptr, not_a_number};
    EXPECT_GT(error_share(broken, gradient, true), 1);
  }
}

}  // namespace
}  // namespace voxloom::bench
