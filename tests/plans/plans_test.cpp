// Tuned plans: their keys, their file, and who decides when.

#include "voxloom/plans.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "engine/plan_file.h"
#include "engine/plan_table.h"
#include "engine/problems.h"
#include "voxloom/context.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

engine::PlanKey some_key(std::int64_t out = 64) {
  return {.direction = engine::Direction::weight_gradient,
          .variant = "scalar",
          .features = DType::f16,
          .weights = DType::f32,
          .in = 32,
          .out = out,
          .groups = 2,
          .volume = 27,
          .rows = 16,
          .density = 7};
}

class PlanFile : public ::testing::Test {
 protected:
  PlanFile()
      : folder_(fs::temp_directory_path() /
                fmt::format("voxloom-plans-{}-{}",
                            ::testing::UnitTest::GetInstance()->current_test_info()->name(),
                            ::getpid())) {
    fs::create_directory(folder_);
  }
  ~PlanFile() override {
    fs::remove_all(folder_);
    forget_plans();
    pin_algorithm("");
  }

  [[nodiscard]] fs::path path() const { return folder_ / "cache" / "plans.txt"; }
  void write(const std::string& text) const {
    fs::create_directories(path().parent_path());
    std::ofstream(path(), std::ios::binary) << text;
  }

 private:
  fs::path folder_;
};

TEST(PlanKey, TextSaysEverything) {
  const engine::PlanKey key = some_key();
  EXPECT_EQ(engine::to_text(key), "weight_gradient scalar float16 float32 32 64 2 27 16 7");
  EXPECT_EQ(engine::parse_plan_key(engine::to_text(key)), key);
}

TEST(PlanKey, PackedWeightsAreATypeOfTheirOwn) {
  engine::PlanKey key = some_key();
  key.packed_bits = 4;
  EXPECT_EQ(engine::to_text(key), "weight_gradient scalar float16 int4 32 64 2 27 16 7");
  EXPECT_EQ(engine::parse_plan_key(engine::to_text(key)), key);
}

TEST(PlanKey, OnlyItsOwnTextIsRead) {
  const std::string text = engine::to_text(some_key());
  for (const std::string& wrong :
       {std::string(), text + " ", text + " 1", "x" + text, text.substr(0, text.size() - 2),
        std::string("forward scalar int32 float32 1 1 1 1 1 1"),
        std::string("forward scalar float32 float32 01 1 1 1 1 1"),
        std::string("forward scalar float32 float32 99999999999999999999 1 1 1 1 1")}) {
    EXPECT_FALSE(engine::parse_plan_key(wrong).has_value()) << wrong;
  }
}

TEST_F(PlanFile, KeepsWhatIsMergedIntoIt) {
  engine::merge_plans_into(path(), {{some_key(), {"reference"}}, {some_key(8), {"reference"}}});
  engine::merge_plans_into(path(), {{some_key(), {"offset_major", {2, 128}}}});
  const engine::PlanText text = engine::read_plans(path());
  EXPECT_EQ(text.warning, "");
  EXPECT_EQ(text.plans, (engine::Plans{{some_key(), {"offset_major", {2, 128}}},
                                       {some_key(8), {"reference"}}}));
}

TEST_F(PlanFile, WritersNeverLoseEachOthersPlans) {
  std::vector<std::thread> writers;
  constexpr int kWriters = 8;
  for (int i = 1; i <= kWriters; ++i) {
    writers.emplace_back([this, i] {
      engine::merge_plans_into(path(), {{some_key(i), {"reference"}}});
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(engine::read_plans(path()).plans.size(), std::size_t{kWriters});
}

TEST_F(PlanFile, AMissingFileHoldsNoPlans) {
  const LoadedPlans loaded = load_plans(path());
  EXPECT_EQ(loaded.count, 0U);
  EXPECT_EQ(loaded.warning, "");
}

TEST_F(PlanFile, ForeignAndCorruptFilesAreNotUsed) {
  const std::string good = engine::format_plans({{some_key(), {"reference"}}});
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("\0\0\0", 3), std::string("{}\n"), good + "nonsense\n",
        good.substr(0, good.size() - 1), replaced("plans 3", "plans 2"),
        replaced("version ", "version 9"), replaced("cpu ", "cpu Other "),
        replaced("reference", "no_such_algorithm"), replaced("reference", "reference:"),
        replaced("reference", "reference:2"), replaced("reference", "reference:02x0"),
        replaced("reference", "reference:0x0"), replaced("reference", "reference:-1x0"),
        replaced("reference", "reference:17x0"), replaced("reference", "reference:1x9999"),
        replaced("reference", "reference:1x1x1"), replaced(" 27 ", " twenty-seven ")}) {
    write(text);
    std::string logged;
    Context context;
    context.set_log([&](std::string_view message) { logged = message; });
    LoadedPlans loaded;
    context.run([&] {
      loaded = load_plans(path());
      EXPECT_TRUE(engine::tuned_plans().empty());
    });
    EXPECT_EQ(loaded.count, 0U) << text;
    EXPECT_NE(loaded.warning.find("plans.txt"), std::string::npos) << text;
    EXPECT_EQ(logged, "plans " + loaded.warning);
  }
  engine::merge_plans_into(path(), {{some_key(), {"reference"}}});  // replaces what cannot be used
  EXPECT_EQ(load_plans(path()).count, 1U);
}

TEST_F(PlanFile, PlansOfOneContextAreNotThoseOfAnother) {
  engine::merge_plans_into(path(), {{some_key(), {"reference"}}});
  Context a, b;
  a.run([&] { EXPECT_EQ(load_plans(path()).count, 1U); });
  b.run([] { EXPECT_TRUE(engine::tuned_plans().empty()); });
  EXPECT_TRUE(engine::tuned_plans().empty());
  b.run([] { forget_plans(); });
  a.run([] { EXPECT_EQ(engine::tuned_plans().size(), 1U); });
}

TEST_F(PlanFile, TruncationAnywhereIsNoticedOrHarmless) {
  const std::string good =
      engine::format_plans({{some_key(), {"reference"}}, {some_key(8), {"reference"}}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const engine::PlanText text = engine::parse_plans(std::string_view(good).substr(0, size));
    if (text.warning.empty()) {
      EXPECT_EQ(good[size - 1], '\n');  // whole lines
      EXPECT_LT(text.plans.size(), 2U);
    }
  }
}

TEST(PlanPath, FollowsTheEnvironment) {
  ::setenv("VOXLOOM_PLANS", "/some/where.txt", 1);
  EXPECT_EQ(default_plan_path(), "/some/where.txt");
  ::unsetenv("VOXLOOM_PLANS");
  ::setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(default_plan_path().parent_path(), "/xdg/voxloom");
  EXPECT_EQ(default_plan_path().extension(), ".txt");
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(default_plan_path().parent_path(), "/home/me/.cache/voxloom");
}

// A problem whose result tells which algorithm ran would need two that differ; watching the choice
// is enough.
TEST_F(PlanFile, DecidesUnlessAnAlgorithmIsPinned) {
  const MadeUpMap map({.in_rows = 300, .out_rows = 300, .volume = 3});
  const Tensor x = Tensor::full({300, 4}, DType::f32, 1);
  const Tensor dy = Tensor::full({300, 4}, DType::f32, 1);
  Tensor dw = Tensor::empty({3, 1, 4, 4}, DType::f32);
  const engine::ConvWeightGradient problem{.map = map.map, .x = &x, .dy = &dy, .dw = &dw};
  EXPECT_EQ(engine::tuned_choice(problem, engine::cpu_backend()), engine::Choice());
  engine::merge_plans_into(path(),
                           {{engine::key_of(problem, current_isa()), {"reference", {2, 0}}}});
  EXPECT_EQ(load_plans(path()).count, 1U);
  EXPECT_EQ(engine::tuned_choice(problem, engine::cpu_backend()),
            (engine::Choice{"reference", {2, 0}}));
  engine::run(problem);
  forget_plans();
  EXPECT_EQ(engine::tuned_choice(problem, engine::cpu_backend()), engine::Choice());
}

}  // namespace
}  // namespace voxloom::test
