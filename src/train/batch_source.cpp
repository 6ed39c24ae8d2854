#include "train/batch_source.h"

#include <numeric>
#include <utility>

#include "core/random.h"
#include "voxloom/context.h"
#include "voxloom/parallel.h"

namespace voxloom::train {
namespace {

// Fisher and Yates.
std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Random random(seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.next() % i]);
  return order;
}

}  // namespace

std::uint64_t seed_of(std::uint64_t seed, Stream stream, std::int64_t number) {
  const std::uint64_t own = Random(seed + static_cast<std::uint64_t>(stream)).next();
  return Random::at(own, static_cast<std::uint64_t>(number)).next();
}

BatchSource::BatchSource(DatasetPtr data, const TrainOptions& options)
    : data_(std::move(data)), options_(options) {}

BatchSource::~BatchSource() {
  if (ahead_.valid()) ahead_.wait();
}

std::int64_t BatchSource::index_of(std::int64_t sample) {
  const std::int64_t epoch = sample / data_->size();
  if (epoch != epoch_) {
    order_ = shuffled(data_->size(), seed_of(options_.seed, Stream::order, epoch));
    epoch_ = epoch;
  }
  return order_[static_cast<std::size_t>(sample % data_->size())];
}

VoxelBatch BatchSource::make(std::int64_t pass) {
  const PoolScope memory(pool_);
  std::vector<LabelledScan> scans;
  for (std::int64_t i = 0; i < options_.batch_size; ++i) {
    const std::int64_t sample = pass * options_.batch_size + i;
    LabelledScan scan =
        data_->get(index_of(sample), seed_of(options_.seed, Stream::variant, sample));
    complete(scan, options_.features);
    scans.push_back(std::move(scan));
  }
  return make_batch(scans, options_.voxel_size, options_.features);
}

VoxelBatch BatchSource::take(std::int64_t pass, std::int64_t next) {
  std::optional<VoxelBatch> batch;
  if (ahead_.valid()) {
    // One that nobody wants any more, since the run was taken up at another step, is let go, and its errors
    // with it.
    const bool is_wanted = pass_ahead_ == pass;
    if (is_wanted) {
      batch = ahead_.get();
    } else {
      ahead_.wait();
      ahead_ = {};
    }
  }
  if (!batch) batch = make(pass);
  if (next >= 0) begin(next);
  return std::move(*batch);
}

void BatchSource::begin(std::int64_t pass) {
  pass_ahead_ = pass;
  ahead_ = std::async(std::launch::async,
                      [this, pass, &context = Context::current(), threads = available_threads()] {
                        const ContextScope scope(context);
                        std::optional<VoxelBatch> batch;
                        with_threads(threads, [&] { batch = make(pass); });
                        return std::move(*batch);
                      });
}

}  // namespace voxloom::train
