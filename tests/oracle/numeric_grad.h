// Central differences of a binary64 function.
#pragma once

#include <functional>
#include <vector>

namespace voxloom_oracle {

using Scalar = std::function<double(const std::vector<double>&)>;
using Vector = std::function<std::vector<double>(const std::vector<double>&)>;

// d f / d x[i]. The default step balances truncation (h^2) against cancellation (2^-53 / h); for
// values near 1 about ten digits of the result are good.
inline double central_difference(const Scalar& f, std::vector<double> x, size_t i,
                                 double h = 1e-5) {
  const double middle = x.at(i);
  x[i] = middle + h;
  const double above = f(x);
  x[i] = middle - h;
  const double below = f(x);
  return (above - below) / (2 * h);
}

inline std::vector<double> numeric_gradient(const Scalar& f, const std::vector<double>& x,
                                            double h = 1e-5) {
  std::vector<double> gradient;
  for (size_t i = 0; i < x.size(); ++i) gradient.push_back(central_difference(f, x, i, h));
  return gradient;
}

// The gradient of sum(dy * f(x)): what a backward pass returns when it is given dy.
inline std::vector<double> numeric_vjp(const Vector& f, const std::vector<double>& x,
                                       const std::vector<double>& dy, double h = 1e-5) {
  const Scalar loss = [&](const std::vector<double>& at) {
    const std::vector<double> y = f(at);
    double total = 0;
    for (size_t i = 0; i < dy.size(); ++i) total += dy[i] * y.at(i);
    return total;
  };
  return numeric_gradient(loss, x, h);
}

}  // namespace voxloom_oracle
