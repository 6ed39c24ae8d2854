// The batch of a pass by its number. While the network computes one, the next is read, augmented and put
// into voxels on another thread, with the same result.
#pragma once

#include <cstdint>
#include <future>
#include <vector>

#include "voxloom/train.h"

namespace voxloom::train {

// What a seed is used for; each use draws from a stream of its own.
enum class Stream : std::uint64_t { order = 1, variant = 2, dropout = 3 };
[[nodiscard]] std::uint64_t seed_of(std::uint64_t seed, Stream stream, std::int64_t number);

class BatchSource {
 public:
  BatchSource(DatasetPtr data, const TrainOptions& options);
  ~BatchSource();  // waits for what is being made
  BatchSource(const BatchSource&) = delete;
  BatchSource& operator=(const BatchSource&) = delete;

  // `next` is the pass that will be asked for after this one, -1: none. What its scans throw is thrown when
  // it is its turn.
  [[nodiscard]] VoxelBatch take(std::int64_t pass, std::int64_t next);

 private:
  [[nodiscard]] VoxelBatch make(std::int64_t pass);
  [[nodiscard]] std::int64_t index_of(std::int64_t sample);
  void begin(std::int64_t pass);

  DatasetPtr data_;
  TrainOptions options_;
  std::int64_t epoch_ = -1;  // whose order follows
  std::vector<std::int64_t> order_;
  MemoryPool pool_;
  std::int64_t pass_ahead_ = -1;
  std::future<VoxelBatch> ahead_;  // alone at the three above while it runs
};

}  // namespace voxloom::train
