#include "data/moments.h"

namespace voxloom::data {
namespace {

// Turns the plane of axes p and q so that their product vanishes (Jacobi).
void rotate(Matrix& a, Matrix& vectors, std::size_t p, std::size_t q) {
  if (std::abs(a[p][q]) < 1e-14) return;
  const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1), s = t * c;
  for (std::size_t k = 0; k < 3; ++k) {
    const double kp = a[k][p], kq = a[k][q];
    a[k][p] = c * kp - s * kq;
    a[k][q] = s * kp + c * kq;
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const double pk = a[p][k], qk = a[q][k];
    a[p][k] = c * pk - s * qk;
    a[q][k] = s * pk + c * qk;
    const double vp = vectors[k][p], vq = vectors[k][q];
    vectors[k][p] = c * vp - s * vq;
    vectors[k][q] = s * vp + c * vq;
  }
}

}  // namespace

PrincipalAxes principal_axes(const Matrix& covariance) {
  PrincipalAxes axes{covariance, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}};
  for (int sweep = 0; sweep < 6; ++sweep) {
    rotate(axes.variances, axes.vectors, 0, 1);
    rotate(axes.variances, axes.vectors, 0, 2);
    rotate(axes.variances, axes.vectors, 1, 2);
  }
  return axes;
}

}  // namespace voxloom::data
