// Every call is one that does not block, and is asked again and again whether it is done.

#include <fmt/core.h>
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "voxloom/mpi.h"

namespace voxloom::mpi {
namespace {

using dist::Bytes;
using dist::Message;
using Clock = std::chrono::steady_clock;

constexpr int kExchangeTag = 1, kMessageTag = 2;
constexpr std::size_t kLargestPart = std::size_t{1} << 30;  // MPI counts with int

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw std::runtime_error(fmt::format("[mpi] {}: {}", call, text.data()));
}

// The pauses of one wait: short ones first, so that a small message costs microseconds, then long enough to
// leave the core to whoever works.
class Wait {
 public:
  explicit Wait(double patience) : patience_(patience) {}

  // Whether there is patience left.
  [[nodiscard]] bool pause() {
    constexpr int kYields = 100;
    constexpr auto kSleep = std::chrono::microseconds(100);
    if (++looks_ <= kYields) {
      ::sched_yield();
      return true;
    }
    std::this_thread::sleep_for(kSleep);
    return patience_ == 0 ||
           std::chrono::duration<double>(Clock::now() - start_).count() < patience_;
  }

 private:
  double patience_;
  int looks_ = 0;
  Clock::time_point start_ = Clock::now();
};

// Requests under way, and the rank that each waits for.
class Requests {
 public:
  MPI_Request* add(int rank) {
    ranks_.push_back(rank);
    requests_.push_back(MPI_REQUEST_NULL);
    return &requests_.back();
  }

  void wait(double patience, const char* call) {
    Wait wait(patience);
    while (!are_done(call)) {
      if (!wait.pause()) give_up(patience, call);
    }
  }

 private:
  bool are_done(const char* call) {
    int done = 0;
    check(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done,
                      MPI_STATUSES_IGNORE),
          call);
    return done != 0;
  }

  [[noreturn]] void give_up(double patience, const char* call) {
    std::vector<int> late;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      int done = 0;
      MPI_Test(&requests_[i], &done, MPI_STATUS_IGNORE);
      if (done == 0 && ranks_[i] >= 0) late.push_back(ranks_[i]);
    }
    std::ranges::sort(late);
    late.erase(std::unique(late.begin(), late.end()), late.end());
    std::string names;
    for (const int rank : late) names += fmt::format("{}{}", names.empty() ? "" : ", ", rank);
    throw std::runtime_error(fmt::format("[mpi] waited {:g} s for {} in {}", patience,
                                         late.empty() ? "the other ranks" : "rank " + names, call));
  }

  std::vector<int> ranks_;  // -1: of all
  std::vector<MPI_Request> requests_;
};

class MpiCommunicator final : public dist::Communicator {
 public:
  MpiCommunicator(MPI_Comm comm, const Options& options, bool ends_mpi)
      : patience_(options.patience), ends_mpi_(ends_mpi) {
    if (!(patience_ >= 0)) {
      throw std::invalid_argument(
          fmt::format("[mpi] the patience should not be below 0, got {}", patience_));
    }
    // One of its own: nobody else's messages meet ours.
    check(MPI_Comm_dup(comm, &comm_), "MPI_Comm_dup");
    check(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
  }
  ~MpiCommunicator() override {
    int is_over = 0;
    MPI_Finalized(&is_over);
    if (is_over != 0) return;
    MPI_Comm_free(&comm_);
    if (ends_mpi_) MPI_Finalize();
  }
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }

  void barrier() override {
    Requests requests;
    check(MPI_Ibarrier(comm_, requests.add(-1)), "MPI_Ibarrier");
    requests.wait(patience_, "a barrier");
  }

  void broadcast(std::span<std::byte> bytes, int root) override {
    check_rank(root);
    for (std::size_t at = 0; at < bytes.size(); at += kLargestPart) {
      const std::size_t length = std::min(kLargestPart, bytes.size() - at);
      Requests requests;
      check(MPI_Ibcast(bytes.data() + at, static_cast<int>(length), MPI_BYTE, root, comm_,
                       requests.add(-1)),
            "MPI_Ibcast");
      requests.wait(patience_, "a broadcast");
    }
    if (root == rank_) sent_ += bytes.size() * static_cast<std::uint64_t>(size_ - 1);
  }

  void exchange(std::span<const std::span<const std::byte>> to,
                std::span<const std::span<std::byte>> from) override {
    const auto ranks = static_cast<std::size_t>(size_);
    const auto own = static_cast<std::size_t>(rank_);
    if (to.size() != ranks || from.size() != ranks || to[own].size() != from[own].size()) {
      throw std::invalid_argument(fmt::format("[mpi] an exchange of {} and {} parts among {} ranks",
                                              to.size(), from.size(), size_));
    }
    if (!to[own].empty()) std::memcpy(from[own].data(), to[own].data(), to[own].size());
    Requests requests;
    // Each begins with its neighbour, so that not all of them turn to rank 0 first.
    for (int step = 1; step < size_; ++step) {
      receive_parts((rank_ + size_ - step) % size_, from, requests);
    }
    for (int step = 1; step < size_; ++step) send_parts((rank_ + step) % size_, to, requests);
    requests.wait(patience_, "an exchange");
  }

  void send(int to, std::span<const std::byte> bytes) override {
    check_rank(to);
    if (bytes.size() > kLargestPart) {
      throw std::invalid_argument(
          fmt::format("[mpi] a message of {} bytes; at most {}", bytes.size(), kLargestPart));
    }
    Requests requests;
    check(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, kMessageTag, comm_,
                    requests.add(to)),
          "MPI_Isend");
    sent_ += bytes.size();
    requests.wait(patience_, "a message");
  }

  [[nodiscard]] std::optional<Message> try_receive() override {
    int is_there = 0;
    MPI_Message message{};
    MPI_Status status{};
    check(MPI_Improbe(MPI_ANY_SOURCE, kMessageTag, comm_, &is_there, &message, &status),
          "MPI_Improbe");
    if (is_there == 0) return std::nullopt;
    int length = 0;
    check(MPI_Get_count(&status, MPI_BYTE, &length), "MPI_Get_count");
    if (length < 0) throw std::runtime_error("[mpi] a message without a length");
    Message got{.from = status.MPI_SOURCE, .bytes = Bytes(static_cast<std::size_t>(length))};
    Requests requests;
    check(MPI_Imrecv(got.bytes.data(), length, MPI_BYTE, &message, requests.add(got.from)),
          "MPI_Imrecv");
    requests.wait(patience_, "a message");
    return got;
  }

  [[nodiscard]] Message receive() override {
    Wait wait(patience_);
    while (true) {
      if (auto message = try_receive()) return std::move(*message);
      if (!wait.pause()) {
        throw std::runtime_error(
            fmt::format("[mpi] waited {:g} s for a message of another rank", patience_));
      }
    }
  }

  [[noreturn]] void abort(std::string_view message) override {
    const std::string line = fmt::format("voxloom: rank {}: {}\n", rank_, message);
    std::fflush(stdout);
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
    MPI_Abort(comm_, 1);
    std::_Exit(1);
  }

  [[nodiscard]] std::uint64_t sent_bytes() const override { return sent_; }

 private:
  void check_rank(int rank) const {
    if (rank < 0 || rank >= size_) {
      throw std::invalid_argument(fmt::format("[mpi] there is no rank {} of {}", rank, size_));
    }
  }

  void receive_parts(int rank, std::span<const std::span<std::byte>> from, Requests& requests) {
    const std::span<std::byte> part = from[static_cast<std::size_t>(rank)];
    for (std::size_t at = 0; at < part.size(); at += kLargestPart) {
      const auto length = static_cast<int>(std::min(kLargestPart, part.size() - at));
      check(MPI_Irecv(part.data() + at, length, MPI_BYTE, rank, kExchangeTag, comm_,
                      requests.add(rank)),
            "MPI_Irecv");
    }
  }

  void send_parts(int rank, std::span<const std::span<const std::byte>> to, Requests& requests) {
    const std::span<const std::byte> part = to[static_cast<std::size_t>(rank)];
    for (std::size_t at = 0; at < part.size(); at += kLargestPart) {
      const auto length = static_cast<int>(std::min(kLargestPart, part.size() - at));
      check(MPI_Isend(part.data() + at, length, MPI_BYTE, rank, kExchangeTag, comm_,
                      requests.add(rank)),
            "MPI_Isend");
    }
    sent_ += part.size();
  }

  MPI_Comm comm_ = MPI_COMM_NULL;
  double patience_;
  bool ends_mpi_;
  int rank_ = 0, size_ = 1;
  std::uint64_t sent_ = 0;
};

void require_threads(int provided) {
  if (provided >= MPI_THREAD_SERIALIZED) return;
  throw std::runtime_error(
      "[mpi] this MPI was initialised for calls of one thread alone; MPI_THREAD_SERIALIZED is "
      "needed");
}

}  // namespace

std::unique_ptr<dist::Communicator> world(const Options& options) {
  int is_there = 0, provided = MPI_THREAD_SINGLE;
  check(MPI_Initialized(&is_there), "MPI_Initialized");
  if (is_there == 0) {
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
  } else {
    check(MPI_Query_thread(&provided), "MPI_Query_thread");
  }
  require_threads(provided);
  return std::make_unique<MpiCommunicator>(MPI_COMM_WORLD, options, is_there == 0);
}

std::unique_ptr<dist::Communicator> from_handle(int handle, const Options& options) {
  int is_there = 0, provided = MPI_THREAD_SINGLE;
  check(MPI_Initialized(&is_there), "MPI_Initialized");
  if (is_there == 0) throw std::invalid_argument("[mpi] MPI was not initialised");
  check(MPI_Query_thread(&provided), "MPI_Query_thread");
  require_threads(provided);
  return std::make_unique<MpiCommunicator>(MPI_Comm_f2c(handle), options, false);
}

}  // namespace voxloom::mpi
