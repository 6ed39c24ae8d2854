// What the machine could do at best with a number of threads, measured on all of them at once: cores
// share caches, memory and often a power budget, so twice one core's peak is not two cores' peak.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace voxloom::bench {

struct Machine {
  std::string cpu;  // the processor's own name
  std::string isa;  // the instruction set in use
  int cores = 0;
};
[[nodiscard]] Machine describe_machine();

// GFLOP/s of float32 multiply-adds (each counts two), summed over `threads` threads of the current
// arena; about `milliseconds` long.
[[nodiscard]] double fma_peak(int threads, double milliseconds = 2.0);

// Copies between two buffers of its own. The buffers have the size of the case that is compared with
// it, so that both meet the same level of the memory hierarchy.
class CopyProbe {
 public:
  explicit CopyProbe(std::size_t bytes_moved);  // read plus written, by one copy

  // GB/s, bytes read plus bytes written, over `threads` threads of the current arena.
  [[nodiscard]] double measure(int threads) const;

 private:
  std::size_t bytes_;  // of each buffer
  std::shared_ptr<std::byte> from_, to_;
};

}  // namespace voxloom::bench
