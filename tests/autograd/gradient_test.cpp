// Every operation's value and gradients against central differences of the binary64 oracle.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "autograd/cases.h"
#include "oracle/numeric_grad.h"

namespace voxloom::test {
namespace {

// Sums of at most some hundred float32 products of numbers near 1.
void expect_near(const Tensor& actual, const std::vector<double>& expected,
                 const std::string& what) {
  ASSERT_TRUE(actual.defined()) << what;
  ASSERT_EQ(static_cast<std::size_t>(actual.size()), expected.size()) << what;
  double largest = 1;
  for (const double v : expected) largest = std::max(largest, std::abs(v));
  const std::vector<double> values = to_doubles(actual);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(values[i], expected[i], 2e-5 * largest) << what << ", element " << i;
  }
}

class GradientTest : public testing::TestWithParam<GradientCase> {};

TEST_P(GradientTest, AgreesWithCentralDifferences) {
  const GradientCase& c = GetParam();
  oracle::Random random(7);
  Arrays arrays;
  autograd::Tape tape(3);
  std::vector<Variable> variables;
  for (const CaseInput& input : c.inputs) {
    std::int64_t size = 1;
    for (const std::int64_t n : input.shape) size *= n;
    arrays.push_back(oracle::random_values(random, size));
    for (double& v : arrays.back()) v = oracle::round_to_f32(v + input.shift);
    variables.push_back(tape.watch(to_tensor(arrays.back(), input.shape)));
  }
  const Variable y = c.library(tape, variables);
  const auto operations = tape.operations();
  EXPECT_NE(std::find(operations.begin(), operations.end(), c.operation), operations.end());
  expect_near(y.value(), c.oracle(arrays), "value");

  const std::vector<double> dy = oracle::random_values(random, y.value().size());
  tape.backward(y, to_tensor(dy, y.value().shape()));
  EXPECT_TRUE(tape.operations().empty());
  EXPECT_EQ(tape.saved_bytes(), 0U);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (i < c.constant.size() && c.constant[i]) continue;
    const oracle::Vector of_input = [&](const std::vector<double>& at) {
      Arrays moved = arrays;
      moved[i] = at;
      return c.oracle(moved);
    };
    expect_near(tape.gradient(variables[i]), oracle::numeric_vjp(of_input, arrays[i], dy),
                "gradient of input " + std::to_string(i));
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, GradientTest, testing::ValuesIn(all_cases()),
                         [](const auto& test) { return test.param.name; });

TEST(GradientTable, HasACaseForEveryOperation) {
  std::set<std::string> covered;
  for (const GradientCase& c : all_cases()) covered.insert(c.operation);
  for (const std::string_view name : autograd::operation_names()) {
    EXPECT_TRUE(covered.contains(std::string(name))) << name << " has no case";
  }
}

}  // namespace
}  // namespace voxloom::test
