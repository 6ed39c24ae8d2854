#include "train/gradient_exchange.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/checked.h"
#include "core/error.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kGradientExchangeOp = "train";

// Large enough that a message's fixed cost does not count, small enough that the first goes early.
constexpr std::int64_t kBucketElements = std::int64_t{1} << 19;

struct Dropped {};

std::int64_t elements_of(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count = checked_mul(kGradientExchangeOp, count, size);
  return count;
}

}  // namespace

GradientExchange::GradientExchange(dist::Communicator& ranks, std::vector<Shape> shapes,
                                   std::int64_t passes)
    : ranks_(ranks), shapes_(std::move(shapes)), passes_(passes) {
  for (const Shape& shape : shapes_) counts_.push_back(elements_of(shape));
  make_buckets();
  for (const Bucket& bucket : buckets_) adders_.emplace_back(ranks_, bucket.count);
}

GradientExchange::~GradientExchange() { stop(); }

// From the last parameter to the first, about as backward leaves them.
void GradientExchange::make_buckets() {
  for (std::size_t i = counts_.size(); i-- > 0;) {
    if (buckets_.empty() || buckets_.back().count >= kBucketElements) buckets_.emplace_back();
    buckets_.back().parameters.push_back(i);
    buckets_.back().count += counts_[i];
  }
}

std::int64_t GradientExchange::own_passes() const {
  return (passes_ - ranks_.rank() + ranks_.size() - 1) / ranks_.size();
}

void GradientExchange::start() {
  stop();
  sums_.clear();
  for (const Bucket& bucket : buckets_) sums_.push_back(Tensor::empty({bucket.count}, DType::f32));
  given_.assign(static_cast<std::size_t>(own_passes()), {});
  for (Given& given : given_) {
    given.gradients.resize(counts_.size());
    given.is_known.assign(counts_.size(), 0);
    given.is_there.assign(counts_.size(), 0);
  }
  current_ = 0;
  is_stopped_ = false;
  thread_ = std::async(std::launch::async, [this] { run(); });
}

void GradientExchange::give(std::size_t parameter, Tensor gradient) {
  if (gradient.defined()) {
    require(gradient.shape() == shapes_[parameter], kGradientExchangeOp,
            "the gradient of parameter {} is {}", parameter, gradient);
    gradient = gradient.to(Device{});
  }
  const std::lock_guard lock(mutex_);
  Given& given = given_.at(current_);
  given.is_known[parameter] = 1;
  given.is_there[parameter] = gradient.defined() ? 1 : 0;
  given.gradients[parameter] = std::move(gradient);
  changed_.notify_all();
}

std::vector<std::uint8_t> GradientExchange::end_pass() {
  const std::lock_guard lock(mutex_);
  Given& given = given_.at(current_++);
  given.is_whole = true;
  changed_.notify_all();
  return given.is_there;
}

std::vector<Tensor> GradientExchange::finish() {
  thread_.get();
  std::vector<Tensor> sums(counts_.size());
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    std::int64_t at = 0;
    for (const std::size_t i : buckets_[b].parameters) {
      sums[i] = sums_[b].rows(at, at + counts_[i]).reshape(shapes_[i]);
      at += counts_[i];
    }
  }
  sums_.clear();
  return sums;
}

// The same calls in the same order on every rank: round after round of passes, bucket after bucket.
void GradientExchange::run() {
  try {
    const auto ranks = static_cast<std::int64_t>(ranks_.size());
    const std::int64_t rounds = (passes_ + ranks - 1) / ranks;
    std::vector<float> mine;
    for (std::int64_t round = 0; round < rounds; ++round) {
      const auto givers = static_cast<int>(std::min(ranks, passes_ - round * ranks));
      for (std::size_t b = 0; b < buckets_.size(); ++b) {
        mine.clear();
        if (ranks_.rank() < givers) collect(static_cast<std::size_t>(round), buckets_[b], mine);
        adders_[b].add(mine, givers);
        if (round + 1 == rounds) adders_[b].finish(sums_[b].mutable_span<float>());
      }
    }
  } catch (const Dropped&) {
  }
}

bool GradientExchange::is_known(const Given& given, const Bucket& bucket) const {
  return given.is_whole ||
         std::ranges::all_of(bucket.parameters, [&](std::size_t i) { return given.is_known[i]; });
}

void GradientExchange::collect(std::size_t pass, const Bucket& bucket, std::vector<float>& to) {
  std::vector<Tensor> gradients;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_stopped_ || is_known(given_[pass], bucket); });
    if (is_stopped_) throw Dropped{};
    for (const std::size_t i : bucket.parameters) {
      gradients.push_back(std::exchange(given_[pass].gradients[i], {}));
    }
  }
  // What has no gradient adds nothing, not even to the sign of a zero.
  to.assign(static_cast<std::size_t>(bucket.count), -0.0F);
  float* place = to.data();
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    const Tensor& gradient = gradients[k];
    if (gradient.defined()) std::memcpy(place, gradient.data<float>(), gradient.bytes());
    place += counts_[bucket.parameters[k]];
  }
}

void GradientExchange::stop() {
  if (!thread_.valid()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    changed_.notify_all();
  }
  thread_.wait();
  thread_ = {};
}

}  // namespace voxloom::train
