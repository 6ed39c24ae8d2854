// The gradients of a step whose passes are spread over ranks, added up in the order of the passes. What is
// whole is sent while the walk back through the network goes on: layers are sent in the order in which
// the walk leaves them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <span>
#include <vector>

#include "voxloom/dist.h"
#include "voxloom/tensor.h"

namespace voxloom::train {

class GradientExchange {
 public:
  // Pass i of `passes` runs on rank i modulo the number of ranks; `shapes` are those of the parameters.
  GradientExchange(dist::Communicator& ranks, std::vector<Shape> shapes, std::int64_t passes);
  ~GradientExchange();  // a step that was not finished is dropped
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  // A step. Until finish() nobody else may use the communicator.
  void start();
  // The gradient of a parameter in the pass that runs; undefined for none.
  void give(std::size_t parameter, Tensor gradient);
  // Parameters without a gradient until now have none. Returns which had one, a 1 for each.
  [[nodiscard]] std::vector<std::uint8_t> end_pass();
  // The sums over all passes of all ranks, -0 where there was none.
  [[nodiscard]] std::vector<Tensor> finish();

 private:
  // Neighbouring parameters that travel together.
  struct Bucket {
    std::vector<std::size_t> parameters;
    std::int64_t count = 0;  // elements
  };
  // What this rank gave in one of its passes.
  struct Given {
    std::vector<Tensor> gradients;
    std::vector<std::uint8_t> is_known, is_there;  // for each parameter
    bool is_whole = false;                         // nothing comes any more
  };

  void make_buckets();
  [[nodiscard]] std::int64_t own_passes() const;
  void run();
  // Waits until the bucket of one of this rank's passes is known, and writes it out.
  void collect(std::size_t pass, const Bucket& bucket, std::vector<float>& to);
  [[nodiscard]] bool is_known(const Given& given, const Bucket& bucket) const;
  void stop();

  dist::Communicator& ranks_;
  std::vector<Shape> shapes_;
  std::vector<std::int64_t> counts_;
  std::int64_t passes_;
  std::vector<Bucket> buckets_;
  std::vector<dist::OrderedSum> adders_;  // one for each bucket
  std::vector<Tensor> sums_;              // one for each bucket, while a step runs

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::vector<Given> given_;
  std::size_t current_ = 0;
  bool is_stopped_ = false;
  std::future<void> thread_;
};

}  // namespace voxloom::train
