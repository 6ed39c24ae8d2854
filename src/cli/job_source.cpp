// A message: one byte that says what it is, eight of a job's number, and what the job left.
#include "cli/job_source.h"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

namespace voxloom::cli {
namespace {

enum class Kind : std::uint8_t { wants, done, leaves };
constexpr std::uint64_t kNoJob = ~std::uint64_t{0};

dist::Bytes message_of(Kind kind, std::uint64_t job = kNoJob,
                       std::span<const std::byte> result = {}) {
  dist::Bytes bytes(1 + sizeof(job));
  bytes[0] = static_cast<std::byte>(kind);
  std::memcpy(bytes.data() + 1, &job, sizeof(job));
  bytes.insert(bytes.end(), result.begin(), result.end());
  return bytes;
}

std::uint64_t job_in(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t job = kNoJob;
  if (bytes.size() < at + sizeof(job)) throw std::runtime_error("a rank sent too short a message");
  std::memcpy(&job, bytes.data() + at, sizeof(job));
  return job;
}

// A job may take hours: whoever is late is at work, and what one waits for here has no patience to run out of.
dist::Message wait_for_message(dist::Communicator& ranks) {
  while (true) {
    if (auto message = ranks.try_receive()) return std::move(*message);
    std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
}

std::size_t checked(std::uint64_t job, std::size_t count) {
  if (job >= count) throw std::runtime_error("a rank spoke of a job that there is not");
  return static_cast<std::size_t>(job);
}

}  // namespace

std::optional<std::size_t> CountedJobs::next() {
  if (next_ == count_) return std::nullopt;
  return next_++;
}

std::optional<std::size_t> JobsOfRank0::next() {
  ranks_.send(0, message_of(Kind::wants));
  const std::uint64_t job = job_in(ranks_.receive().bytes, 0);
  if (job == kNoJob) return std::nullopt;
  return checked(job, count_);
}

void JobsOfRank0::done(std::size_t job) {
  ranks_.send(0, message_of(Kind::done, job, results_.give(job)));
}

void JobsOfRank0::leave() {
  ranks_.send(0, message_of(Kind::leaves));
  static_cast<void>(wait_for_message(ranks_));
}

void let_go(dist::Communicator& ranks) {
  for (int rank = 1; rank < ranks.size(); ++rank) ranks.send(rank, message_of(Kind::leaves));
}

void serve_jobs(dist::Communicator& ranks, const JobResults& results, std::size_t count,
                const std::function<std::optional<std::size_t>()>& next,
                const std::function<void(std::size_t)>& done) {
  for (int left = ranks.size() - 1; left > 0;) {
    const dist::Message message = wait_for_message(ranks);
    const std::span<const std::byte> bytes = message.bytes;
    const std::uint64_t job = job_in(bytes, 1);
    switch (static_cast<Kind>(bytes[0])) {
      case Kind::wants: {
        const std::optional<std::size_t> given = next();
        const std::uint64_t answer = given ? *given : kNoJob;
        ranks.send(message.from, std::as_bytes(std::span(&answer, 1)));
        break;
      }
      case Kind::done:
        results.take(checked(job, count), bytes.subspan(1 + sizeof(job)));
        done(checked(job, count));
        break;
      case Kind::leaves: --left; break;
      default: throw std::runtime_error("a rank sent a message of no known kind");
    }
  }
}

}  // namespace voxloom::cli
