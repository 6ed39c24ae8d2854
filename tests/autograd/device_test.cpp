// Every operation and its gradients on a second backend, with the same bits: nothing reaches around the
// seam between what is wanted and who computes it.

#include <gtest/gtest.h>

#include <algorithm>

#include "autograd/cases.h"
#include "engine/every_problem.h"
#include "support/same_bits.h"

namespace voxloom::test {
namespace {

// The value and the gradients of a case whose variables lie on `device`, brought back.
std::vector<Tensor> results_on(const GradientCase& c, Device device) {
  oracle::Random random(7);
  autograd::Tape tape(3);
  std::vector<Variable> variables;
  for (const CaseInput& input : c.inputs) {
    std::int64_t size = 1;
    for (const std::int64_t n : input.shape) size *= n;
    std::vector<double> values = oracle::random_values(random, size);
    for (double& v : values) v += input.shift;
    variables.push_back(tape.watch(to_tensor(values, input.shape).to(device)));
  }
  const Variable y = c.library(tape, variables);
  EXPECT_EQ(y.value().device(), device);
  std::vector<Tensor> results = {y.value().to(Device{})};
  tape.backward(
      y, to_tensor(oracle::random_values(random, y.value().size()), y.value().shape()).to(device));
  for (const Variable& variable : variables) {
    const Tensor gradient = tape.gradient(variable);
    if (!gradient.defined()) continue;
    EXPECT_EQ(gradient.device(), device);
    results.push_back(gradient.to(Device{}));
  }
  return results;
}

class DeviceTest : public testing::TestWithParam<GradientCase> {};

TEST_P(DeviceTest, RunsOnAnotherBackendWithTheSameBits) {
  const std::vector<Tensor> expected = results_on(GetParam(), Device{});
  CheckingDevice device;
  offer_every_problem(device);
  const std::vector<Tensor> actual = results_on(GetParam(), kChecked);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_TRUE(same_bits(actual[i], expected[i])) << "result " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, DeviceTest, testing::ValuesIn(all_cases()),
                         [](const auto& test) { return test.param.name; });

TEST(EveryProblem, IsOnTheCheckingDevice) {
  CheckingDevice device;
  offer_every_problem(device);
  std::vector<std::string_view> here = engine::backend_of(kChecked).problem_names();
  std::vector<std::string_view> there = engine::cpu_backend().problem_names();
  std::ranges::sort(here);
  std::ranges::sort(there);
  EXPECT_EQ(here, there);
}

}  // namespace
}  // namespace voxloom::test
