// Results must be the same to the last bit, NaN included, whatever the number of threads.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "voxloom/parallel.h"
#include "voxloom/tensor.h"

namespace voxloom::test {

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         (a.bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.bytes()) == 0);
}

// `make` returns a Tensor.
template <typename Make>
void expect_same_bits_at_every_thread_count(const Make& make, const std::string& what) {
  Tensor reference;
  with_threads(1, [&] { reference = make(); });
  for (const int threads : {2, 3}) {
    Tensor other;
    with_threads(threads, [&] { other = make(); });
    EXPECT_TRUE(same_bits(reference, other)) << what << " with " << threads << " threads";
  }
}

}  // namespace voxloom::test
