// One-operation graphs beside the library's own call.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "artifact/random_data.h"
#include "voxloom/graph_builder.h"

namespace voxloom::test {

// x and y live on the same lattice of stride 2, fine on one of stride 1.
struct OpData {
  SparseTensor x = random_sparse({.stride = 2, .seed = 1});
  SparseTensor y = random_sparse({.stride = 2, .seed = 2});
  SparseTensor fine = random_sparse({.extent = 12, .channels = 1, .seed = 3});
};

struct OpInputs {
  artifact::ValueRef x, y, fine;
};

struct OpCase {
  std::string name;  // the operation that the graph must hold
  std::function<artifact::ValueRef(artifact::GraphBuilder&, const OpInputs&)> build;
  std::function<artifact::Result(const OpData&)> direct;
};

inline void PrintTo(const OpCase& c, std::ostream* out) { *out << c.name; }

[[nodiscard]] std::vector<OpCase> convolution_cases();  // convolution_cases.cpp

}  // namespace voxloom::test
