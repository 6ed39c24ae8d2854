// Ranks that are threads of one process: what spreads over ranks is tested without a launcher.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "oracle/random.h"
#include "voxloom/dist.h"

namespace voxloom::test {

// What all ranks share.
class ThreadWorld {
 public:
  explicit ThreadWorld(int size) : size_(size), messages_(static_cast<std::size_t>(size)) {}
  [[nodiscard]] int size() const { return size_; }

  void post(int from, int to, dist::Bytes bytes) {
    const std::lock_guard lock(mutex_);
    parts_[{from, to}].push_back(std::move(bytes));
    changed_.notify_all();
  }
  dist::Bytes take(int from, int to) {
    std::unique_lock lock(mutex_);
    auto& queue = parts_[{from, to}];
    changed_.wait(lock, [&] { return is_over_ || !queue.empty(); });
    if (queue.empty()) throw std::runtime_error("the ranks were ended");
    dist::Bytes bytes = std::move(queue.front());
    queue.pop_front();
    return bytes;
  }

  void send(int to, dist::Message message) {
    const std::lock_guard lock(mutex_);
    messages_.at(static_cast<std::size_t>(to)).push_back(std::move(message));
    changed_.notify_all();
  }
  std::optional<dist::Message> receive(int rank, bool waits) {
    std::unique_lock lock(mutex_);
    auto& queue = messages_.at(static_cast<std::size_t>(rank));
    if (waits) changed_.wait(lock, [&] { return is_over_ || !queue.empty(); });
    if (queue.empty() && is_over_) throw std::runtime_error("the ranks were ended");
    if (queue.empty()) return std::nullopt;
    dist::Message message = std::move(queue.front());
    queue.pop_front();
    return message;
  }

  void end() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }

 private:
  int size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int, int>, std::deque<dist::Bytes>> parts_;
  std::vector<std::deque<dist::Message>> messages_;
  bool is_over_ = false;
};

class ThreadRank final : public dist::Communicator {
 public:
  // With a seed, calls are held up: other threads get the core a random number of times.
  ThreadRank(ThreadWorld& world, int rank, std::optional<std::uint64_t> seed)
      : world_(world), rank_(rank), delay_(seed.value_or(0) + static_cast<std::uint64_t>(rank)) {
    is_slow_ = seed.has_value();
  }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return world_.size(); }
  void barrier() override { static_cast<void>(dist::any(*this, false)); }
  void broadcast(std::span<std::byte> bytes, int root) override {
    std::vector<std::span<const std::byte>> to(count());
    std::vector<std::span<std::byte>> from(count());
    if (rank_ == root) std::ranges::fill(to, std::span<const std::byte>(bytes));
    from[static_cast<std::size_t>(root)] = bytes;
    exchange(to, from);
  }
  void exchange(std::span<const std::span<const std::byte>> to,
                std::span<const std::span<std::byte>> from) override {
    hold_up();
    for (int r = 0; r < size(); ++r) {
      const auto part = to[static_cast<std::size_t>(r)];
      if (part.empty()) continue;
      if (r != rank_) sent_ += part.size();
      world_.post(rank_, r, {part.begin(), part.end()});
    }
    for (int r = 0; r < size(); ++r) {
      const auto part = from[static_cast<std::size_t>(r)];
      if (part.empty()) continue;
      const dist::Bytes bytes = world_.take(r, rank_);
      if (bytes.size() != part.size()) throw std::logic_error("two sides of an exchange differ");
      std::ranges::copy(bytes, part.begin());
    }
  }
  void send(int to, std::span<const std::byte> bytes) override {
    hold_up();
    sent_ += bytes.size();
    world_.send(to, {.from = rank_, .bytes = {bytes.begin(), bytes.end()}});
  }
  [[nodiscard]] std::optional<dist::Message> try_receive() override {
    return world_.receive(rank_, false);
  }
  [[nodiscard]] dist::Message receive() override { return *world_.receive(rank_, true); }
  [[noreturn]] void abort(std::string_view message) override {
    world_.end();
    throw std::runtime_error(std::string(message));
  }
  [[nodiscard]] std::uint64_t sent_bytes() const override { return sent_; }

 private:
  [[nodiscard]] std::size_t count() const { return static_cast<std::size_t>(size()); }
  void hold_up() {
    if (!is_slow_) return;
    for (std::uint64_t turns = delay_.next() % 1000; turns > 0; --turns) std::this_thread::yield();
  }

  ThreadWorld& world_;
  int rank_;
  voxloom_oracle::Random delay_;
  bool is_slow_ = false;
  std::uint64_t sent_ = 0;
};

// Runs `body` on `size` ranks. A rank that throws ends the others, and what the lowest one threw goes on.
inline void on_ranks(int size, const std::function<void(dist::Communicator&)>& body,
                     std::optional<std::uint64_t> delays = std::nullopt) {
  ThreadWorld world(size);
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadRank own(world, rank, delays);
      try {
        body(own);
      } catch (...) {
        errors[static_cast<std::size_t>(rank)] = std::current_exception();
        world.end();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace voxloom::test
