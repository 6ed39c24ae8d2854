// What follows from an exchange.

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "voxloom/dist.h"

namespace voxloom::dist {
namespace {

using Part = std::span<const std::byte>;

std::size_t count_of(const Communicator& ranks) { return static_cast<std::size_t>(ranks.size()); }

// The sizes that other ranks name are those of this program's own messages, and bounded all the same: a
// wrong one is an error, not an allocation.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 40;

std::uint64_t checked_size(std::uint64_t size, int rank) {
  require(size <= kMostBytes, "dist", "rank {} says that it sends {} bytes", rank, size);
  return size;
}

// Each rank's size at those that `is_told` names.
template <typename IsTold>
std::vector<std::uint64_t> sizes_of(Communicator& ranks, std::uint64_t mine,
                                    const IsTold& is_told) {
  std::vector<std::uint64_t> sizes(count_of(ranks), 0);
  std::vector<Part> to(count_of(ranks));
  std::vector<std::span<std::byte>> from(count_of(ranks));
  for (int r = 0; r < ranks.size(); ++r) {
    const auto i = static_cast<std::size_t>(r);
    if (is_told(r)) to[i] = std::as_bytes(std::span(&mine, 1));
    if (is_told(ranks.rank())) from[i] = std::as_writable_bytes(std::span(&sizes[i], 1));
  }
  ranks.exchange(to, from);
  return sizes;
}

template <typename IsTold>
std::vector<Bytes> gather_at(Communicator& ranks, Part mine, const IsTold& is_told) {
  const std::vector<std::uint64_t> sizes = sizes_of(ranks, mine.size(), is_told);
  std::vector<Bytes> all(count_of(ranks));
  std::vector<Part> to(count_of(ranks));
  std::vector<std::span<std::byte>> from(count_of(ranks));
  for (int r = 0; r < ranks.size(); ++r) {
    const auto i = static_cast<std::size_t>(r);
    if (is_told(r)) to[i] = mine;
    all[i].resize(checked_size(sizes[i], r));
    from[i] = all[i];
  }
  ranks.exchange(to, from);
  return is_told(ranks.rank()) ? all : std::vector<Bytes>();
}

}  // namespace

std::vector<Bytes> gather(Communicator& ranks, Part mine, int root) {
  return gather_at(ranks, mine, [&](int rank) { return rank == root; });
}

std::vector<Bytes> all_gather(Communicator& ranks, Part mine) {
  return gather_at(ranks, mine, [](int) { return true; });
}

Bytes broadcast_bytes(Communicator& ranks, Bytes bytes, int root) {
  std::uint64_t size = bytes.size();
  ranks.broadcast(std::as_writable_bytes(std::span(&size, 1)), root);
  bytes.resize(checked_size(size, root));
  ranks.broadcast(bytes, root);
  return bytes;
}

std::string broadcast_text(Communicator& ranks, std::string text, int root) {
  const Part mine = std::as_bytes(std::span(text));
  const Bytes bytes = broadcast_bytes(ranks, Bytes(mine.begin(), mine.end()), root);
  text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text;
}

bool any(Communicator& ranks, bool mine) {
  std::int64_t count = mine ? 1 : 0;
  add_up(ranks, {&count, 1});
  return count > 0;
}

void add_up(Communicator& ranks, std::span<std::int64_t> numbers) {
  if (ranks.size() == 1) return;
  const std::vector<Bytes> all = all_gather(ranks, std::as_bytes(numbers));
  std::ranges::fill(numbers, 0);
  for (const Bytes& bytes : all) {
    require(bytes.size() == numbers.size_bytes(), "dist::add_up", "{} bytes met {}", bytes.size(),
            numbers.size_bytes());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      std::int64_t number = 0;
      std::memcpy(&number, bytes.data() + i * sizeof(number), sizeof(number));
      numbers[i] += number;
    }
  }
}

RankError::RankError(int of, const std::string& words, std::exception_ptr own)
    : std::runtime_error(fmt::format("rank {}: {}", of, words)), rank_(of), own_(std::move(own)) {}

void together(Communicator& ranks, const std::function<void()>& work) {
  if (ranks.size() == 1) return work();
  std::exception_ptr own;
  std::string words = "+";  // or - and what went wrong
  try {
    work();
  } catch (const std::exception& error) {
    own = std::current_exception();
    words = std::string("-") + error.what();
  } catch (...) {
    own = std::current_exception();
    words = "-an unknown error";
  }
  const std::vector<Bytes> all = all_gather(ranks, std::as_bytes(std::span(words)));
  const auto failed = std::ranges::find_if(
      all, [](const Bytes& bytes) { return bytes.empty() || bytes[0] != std::byte{'+'}; });
  if (failed == all.end()) return;
  const auto which = static_cast<int>(failed - all.begin());
  const std::string text(reinterpret_cast<const char*>(failed->data()), failed->size());
  throw RankError(which, text.substr(std::min<std::size_t>(1, text.size())), own);
}

}  // namespace voxloom::dist
