// What tests start as ranks of MPI: rank_program WHAT [RANK].

#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "voxloom/dist.h"
#include "voxloom/mpi.h"

namespace {

using namespace voxloom;

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string("does not hold: ") + what);
}

// Every call of a communicator, with parts that have no bytes, one byte, and too many for one packet.
void check_calls(dist::Communicator& ranks) {
  const int own = ranks.rank(), size = ranks.size();
  ranks.barrier();
  expect(dist::broadcast_text(ranks, fmt::format("from {}", own), size - 1) ==
             fmt::format("from {}", size - 1),
         "a text of the last rank");
  const std::vector<std::size_t> lengths = {0, 1, 3'000'000};
  const auto part = [&](int from, int to) {
    const std::size_t length = lengths[static_cast<std::size_t>(from + to) % lengths.size()];
    return dist::Bytes(length, static_cast<std::byte>(10 * from + to));
  };
  std::vector<dist::Bytes> out, in;
  for (int r = 0; r < size; ++r) {
    out.push_back(part(own, r));
    in.emplace_back(part(r, own).size());
  }
  ranks.exchange(std::vector<std::span<const std::byte>>(out.begin(), out.end()),
                 std::vector<std::span<std::byte>>(in.begin(), in.end()));
  for (int r = 0; r < size; ++r) {
    expect(in[static_cast<std::size_t>(r)] == part(r, own), "an exchange");
  }
  const auto all = dist::all_gather(ranks, part(own, 1));
  for (int r = 0; r < size; ++r) expect(all[static_cast<std::size_t>(r)] == part(r, 1), "a gather");
  expect(dist::gather(ranks, part(own, 0)).size() == (own == 0 ? all.size() : 0), "at the root");

  // Everyone asks rank 0, which answers.
  if (own == 0) {
    for (int i = 1; i < size; ++i) {
      const dist::Message question = ranks.receive();
      expect(question.bytes == part(question.from, 0), "a question");
      ranks.send(question.from, question.bytes);
    }
  } else {
    ranks.send(0, part(own, 0));
    const dist::Message answer = ranks.receive();
    expect(answer.from == 0 && answer.bytes == part(own, 0), "an answer");
  }
  expect(!ranks.try_receive().has_value(), "no more messages");

  constexpr std::int64_t kCount = 100'003;
  dist::OrderedSum sum(ranks, kCount);
  std::vector<float> mine(kCount, 0.1F * static_cast<float>(own + 1)), got(kCount);
  sum.add(mine, size);
  sum.finish(got);
  float expected = -0.0F;
  for (int r = 0; r < size; ++r) expected += 0.1F * static_cast<float>(r + 1);
  for (const float value : got) expect(value == expected, "a sum in order");
}

int run(const std::string& what, int which) {
  // Patience only where a rank is late: machines that test are slow.
  const auto ranks = mpi::world({.patience = what == "late" ? 1.0 : 600.0});
  const bool is_it = ranks->rank() == which;
  try {
    if (what == "calls") check_calls(*ranks);
    if (what == "throw" && is_it) throw std::runtime_error("a broken scan");
    if (what == "kill" && is_it) ::raise(SIGKILL);
    if (what == "late" && is_it) ::sleep(600);
    if (what != "calls") static_cast<void>(dist::any(*ranks, false));
    if (ranks->rank() == 0) fmt::print("{} ranks did it\n", ranks->size());
  } catch (const std::exception& error) {
    ranks->abort(error.what());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run(argc > 1 ? argv[1] : "calls", argc > 2 ? std::atoi(argv[2]) : -1);
}
