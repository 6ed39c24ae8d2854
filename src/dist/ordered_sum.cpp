#include <algorithm>
#include <memory>

#include "core/checked.h"
#include "core/error.h"
#include "voxloom/dist.h"

namespace voxloom::dist {
namespace {

constexpr std::string_view kOrderedSumOp = "dist::OrderedSum";

// x + -0 is x, for every x: the sum over nothing.
constexpr float kNothing = -0.0F;

}  // namespace

OrderedSum::OrderedSum(Communicator& ranks, std::int64_t count) : ranks_(ranks), count_(count) {
  require(count >= 0, kOrderedSumOp, "{} elements", count);
  static_cast<void>(checked_product(kOrderedSumOp, {count, ranks.size(), sizeof(float)}));
  const Slice own = slice(ranks.rank());
  with_memory_errors(kOrderedSumOp, [&] { sum_.assign(own.end - own.begin, kNothing); });
}

OrderedSum::Slice OrderedSum::slice(int rank) const {
  const std::int64_t size = ranks_.size();
  return {static_cast<std::size_t>(count_ * rank / size),
          static_cast<std::size_t>(count_ * (rank + 1) / size)};
}

void OrderedSum::add(std::span<const float> mine, int givers) {
  const bool gives = ranks_.rank() < givers;
  require(givers >= 0 && givers <= ranks_.size(), kOrderedSumOp, "{} of {} ranks give", givers,
          ranks_.size());
  require(mine.size() == (gives ? static_cast<std::size_t>(count_) : 0), kOrderedSumOp,
          "rank {} of {} that give has {} elements of {}", ranks_.rank(), givers, mine.size(),
          count_);
  const std::size_t length = sum_.size();
  const std::size_t places = length * static_cast<std::size_t>(givers);
  // Not kept: sums may be many, and one is added to at a time.
  const auto incoming = with_memory_errors(
      kOrderedSumOp, [&] { return std::make_unique_for_overwrite<float[]>(places); });
  const std::span<float> terms(incoming.get(), places);
  std::vector<std::span<const std::byte>> to(static_cast<std::size_t>(ranks_.size()));
  std::vector<std::span<std::byte>> from(to.size());
  for (int r = 0; r < ranks_.size(); ++r) {
    const auto i = static_cast<std::size_t>(r);
    const Slice of = slice(r);
    if (gives) to[i] = std::as_bytes(mine.subspan(of.begin, of.end - of.begin));
    if (r < givers) {
      from[i] = std::as_writable_bytes(terms.subspan(i * length, length));
    }
  }
  ranks_.exchange(to, from);
  for (int r = 0; r < givers; ++r) {
    const float* term = terms.data() + static_cast<std::size_t>(r) * length;
    for (std::size_t i = 0; i < length; ++i) sum_[i] += term[i];
  }
}

void OrderedSum::finish(std::span<float> sum) {
  require(sum.size() == static_cast<std::size_t>(count_), kOrderedSumOp,
          "room for {} elements of {}", sum.size(), count_);
  std::vector<std::span<const std::byte>> to(static_cast<std::size_t>(ranks_.size()),
                                             std::as_bytes(std::span<const float>(sum_)));
  std::vector<std::span<std::byte>> from;
  for (int r = 0; r < ranks_.size(); ++r) {
    const Slice of = slice(r);
    from.push_back(std::as_writable_bytes(sum.subspan(of.begin, of.end - of.begin)));
  }
  ranks_.exchange(to, from);
  std::ranges::fill(sum_, kNothing);
}

}  // namespace voxloom::dist
