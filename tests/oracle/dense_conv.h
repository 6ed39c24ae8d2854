// Dense 3-D convolution on a full grid, as dense frameworks define it. It knows nothing of
// coordinates or maps: on a full grid a sparse convolution must agree with it.
#pragma once

#include <stdexcept>
#include <vector>

#include "oracle/types.h"

namespace voxloom_oracle {

// Channels-last grid of one batch; everything outside it is 0.
struct Grid {
  Triple size;
  int64_t channels = 0;
  std::vector<double> v;

  static Grid zeros(const Triple& size, int64_t channels) {
    const auto length = static_cast<size_t>(size.x * size.y * size.z * channels);
    return {size, channels, std::vector<double>(length, 0.0)};
  }
  bool holds(const Triple& p) const {
    return p.x >= 0 && p.x < size.x && p.y >= 0 && p.y < size.y && p.z >= 0 && p.z < size.z;
  }
  size_t index(const Triple& p, int64_t c) const {
    return static_cast<size_t>(((p.x * size.y + p.y) * size.z + p.z) * channels + c);
  }
  double& at(const Triple& p, int64_t c) { return v.at(index(p, c)); }
  double at(const Triple& p, int64_t c) const { return v.at(index(p, c)); }
};

// The dense framework's parameters: the window starts at o*stride - padding.
struct DenseConv {
  Triple kernel{3, 3, 3};
  Triple stride{1, 1, 1};
  Triple padding{0, 0, 0};
  Triple dilation{1, 1, 1};
  int64_t groups = 1;
  int64_t c_out = 1;
};

template <typename Visit>
void for_each_cell(const Triple& size, Visit visit) {
  for (int64_t x = 0; x < size.x; ++x) {
    for (int64_t y = 0; y < size.y; ++y) {
      for (int64_t z = 0; z < size.z; ++z) visit(Triple{x, y, z});
    }
  }
}

inline Triple shifted(const Triple& base, const Triple& i, const DenseConv& p) {
  return {base.x * p.stride.x + i.x * p.dilation.x - p.padding.x,
          base.y * p.stride.y + i.y * p.dilation.y - p.padding.y,
          base.z * p.stride.z + i.z * p.dilation.z - p.padding.z};
}

// Element (co, i, ci) of a weight laid out (C_out, Kx, Ky, Kz, C_in/G).
inline double dense_weight(const std::vector<double>& w, const DenseConv& p, int64_t group_in,
                           int64_t co, const Triple& i, int64_t ci) {
  const int64_t k = (i.x * p.kernel.y + i.y) * p.kernel.z + i.z;
  const int64_t volume = p.kernel.x * p.kernel.y * p.kernel.z;
  return w.at(static_cast<size_t>((co * volume + k) * group_in + ci));
}

// to[co] += sum over the input channels of co's group.
inline void add_cell(Grid& to, const Triple& out, const Grid& from, const Triple& in,
                     const Triple& i, const std::vector<double>& w, const DenseConv& p) {
  if (from.channels % p.groups != 0 || p.c_out % p.groups != 0) {
    throw std::invalid_argument("oracle: groups do not divide the channels");
  }
  const int64_t group_in = from.channels / p.groups;
  const int64_t group_out = p.c_out / p.groups;
  for (int64_t co = 0; co < p.c_out; ++co) {
    for (int64_t ci = 0; ci < group_in; ++ci) {
      to.at(out, co) +=
          from.at(in, co / group_out * group_in + ci) * dense_weight(w, p, group_in, co, i, ci);
    }
  }
}

// Gather form: out[o] = sum over i of x[o*stride + i*dilation - padding] W[i].
inline Grid dense_conv3d(const Grid& x, const std::vector<double>& w, const DenseConv& p,
                         const Triple& out_size) {
  Grid y = Grid::zeros(out_size, p.c_out);
  for_each_cell(out_size, [&](const Triple& out) {
    for_each_cell(p.kernel, [&](const Triple& i) {
      const Triple in = shifted(out, i, p);
      if (x.holds(in)) add_cell(y, out, x, in, i, w, p);
    });
  });
  return y;
}

// Scatter form: out[in*stride + i*dilation - padding] += x[in] W[i]; cells beyond the output are
// cut off.
inline Grid dense_conv_transpose3d(const Grid& x, const std::vector<double>& w, const DenseConv& p,
                                   const Triple& out_size) {
  Grid y = Grid::zeros(out_size, p.c_out);
  for_each_cell(x.size, [&](const Triple& in) {
    for_each_cell(p.kernel, [&](const Triple& i) {
      const Triple out = shifted(in, i, p);
      if (y.holds(out)) add_cell(y, out, x, in, i, w, p);
    });
  });
  return y;
}

}  // namespace voxloom_oracle
