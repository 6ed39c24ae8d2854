// Ranks: processes, on one machine or on many, that do one thing together, numbered from 0. A Communicator
// is how they talk: one_process() is a rank alone, mpi.h has those of MPI.
//
//   dist::broadcast_text(ranks, settings);            // what rank 0 has, everywhere
//   dist::together(ranks, [&] { data = open(); });    // fails on all ranks when it fails on one
//   dist::OrderedSum sum(ranks, gradient.size());     // one result, whatever the number of ranks
//
// A call that says (all) is made by every rank, in the same order. One rank calls from one thread at a
// time; which thread does not matter.
//
// Errors: std::invalid_argument for misuse; std::runtime_error where the other ranks cannot be reached
// or do not come within a communicator's patience. After such an error nothing can be said about the
// others any more: abort().
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {
namespace dist {

using Bytes = std::vector<std::byte>;

struct Message {
  int from = 0;
  Bytes bytes;
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;  // at least 1

  // (all) Returns when every rank is here.
  virtual void barrier() = 0;
  // (all) The bytes of rank `root`, on every rank. The size is the same everywhere.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  // (all) `to[r]` goes to rank r, and `from[r]` is filled by it. Both sides know the size; parts without bytes
  // are no messages.
  virtual void exchange(std::span<const std::span<const std::byte>> to,
                        std::span<const std::span<std::byte>> from) = 0;

  // One message to another rank, which has to receive it. Messages between two ranks keep their order.
  virtual void send(int to, std::span<const std::byte> bytes) = 0;
  // The next message of whichever rank; nothing when there is none yet.
  [[nodiscard]] virtual std::optional<Message> try_receive() = 0;
  // Waits for it.
  [[nodiscard]] virtual Message receive() = 0;

  // Ends every rank with exit code 1, wherever they are; the message goes to the standard error, with the
  // rank's number. The one call of the library that ends the process. A rank alone throws
  // std::runtime_error instead.
  [[noreturn]] virtual void abort(std::string_view message) = 0;

  // Sent to others so far, by this rank.
  [[nodiscard]] virtual std::uint64_t sent_bytes() const = 0;

 protected:
  Communicator() = default;
};

// Rank 0 of 1.
[[nodiscard]] Communicator& one_process();

// (all) What each rank has, of any length, at `root`; nothing elsewhere.
[[nodiscard]] std::vector<Bytes> gather(Communicator& ranks, std::span<const std::byte> mine,
                                        int root = 0);
// (all) The same, at every rank.
[[nodiscard]] std::vector<Bytes> all_gather(Communicator& ranks, std::span<const std::byte> mine);
// (all) Bytes or a text of any length, those of rank `root`.
[[nodiscard]] Bytes broadcast_bytes(Communicator& ranks, Bytes bytes, int root = 0);
[[nodiscard]] std::string broadcast_text(Communicator& ranks, std::string text, int root = 0);
// (all) Whether it holds on any rank.
[[nodiscard]] bool any(Communicator& ranks, bool mine);
// (all) Whole numbers, added up over all ranks, in place.
void add_up(Communicator& ranks, std::span<std::int64_t> numbers);

// What a rank ran into, thrown on all of them: each can go on.
class RankError : public std::runtime_error {
 public:
  RankError(int of, const std::string& words, std::exception_ptr own);
  [[nodiscard]] int rank() const { return rank_; }  // the lowest that failed
  // What this rank ran into itself; null: nothing.
  [[nodiscard]] const std::exception_ptr& own() const { return own_; }

 private:
  int rank_;
  std::exception_ptr own_;
};

// (all) Runs `work` on every rank. When it throws on any, this throws a RankError on all of them. A rank alone
// throws what it was.
void together(Communicator& ranks, const std::function<void()>& work);

// A sum whose terms come from ranks, element by element in one order: round after round, and in a round
// rank after rank. So it has the same bits however many ranks its terms are spread over: term i of rank i
// modulo the number of ranks, in round i divided by it. Rank j of R adds up the elements from count j / R
// to count (j+1) / R.
class OrderedSum {
 public:
  OrderedSum(Communicator& ranks, std::int64_t count);

  // (all) A round: ranks below `givers` give `count` elements, the others none.
  void add(std::span<const float> mine, int givers);
  // (all) The sum, on every rank; -0 without any term. The next one starts.
  void finish(std::span<float> sum);

  [[nodiscard]] std::int64_t count() const { return count_; }

 private:
  struct Slice {
    std::size_t begin = 0, end = 0;
  };
  [[nodiscard]] Slice slice(int rank) const;

  Communicator& ranks_;
  std::int64_t count_;
  std::vector<float> sum_;  // of this rank's slice
};

}  // namespace dist
}  // namespace voxloom
