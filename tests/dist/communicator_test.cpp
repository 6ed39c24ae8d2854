// What is built on a communicator, on ranks that are threads, and on one process.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <stdexcept>

#include "support/thread_ranks.h"
#include "voxloom/dist.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;

dist::Bytes bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string text_of(const dist::Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A length of its own for each rank, and none for rank 0.
std::string own_text(int rank) { return std::string(static_cast<std::size_t>(rank), 'a'); }

TEST(Collectives, GatherWhatHasAnyLength) {
  for (const int size : {1, 2, 3, 8}) {
    on_ranks(size, [&](dist::Communicator& ranks) {
      const dist::Bytes mine = bytes_of(own_text(ranks.rank()));
      const auto all = dist::all_gather(ranks, mine);
      ASSERT_EQ(all.size(), static_cast<std::size_t>(size));
      for (int r = 0; r < size; ++r) {
        EXPECT_EQ(text_of(all[static_cast<std::size_t>(r)]), own_text(r));
      }
      const int root = size - 1;
      const auto at_root = dist::gather(ranks, mine, root);
      ASSERT_EQ(at_root.size(), ranks.rank() == root ? all.size() : 0U);
      if (ranks.rank() == root) {
        EXPECT_EQ(at_root, all);
      }
    });
  }
}

TEST(Collectives, BroadcastATextAndAskAll) {
  on_ranks(3, [](dist::Communicator& ranks) {
    EXPECT_EQ(dist::broadcast_text(ranks, own_text(ranks.rank()), 2), "aa");
    EXPECT_TRUE(dist::any(ranks, ranks.rank() == 1));
    EXPECT_FALSE(dist::any(ranks, false));
    std::array<std::int64_t, 2> numbers = {ranks.rank(), std::int64_t{1} << 40};
    dist::add_up(ranks, numbers);
    EXPECT_EQ(numbers[0], 3);
    EXPECT_EQ(numbers[1], std::int64_t{3} << 40);
    ranks.barrier();
  });
}

TEST(Together, AnErrorOfOneRankIsOneOfAll) {
  on_ranks(4, [](dist::Communicator& ranks) {
    dist::together(ranks, [] {});
    try {
      dist::together(ranks, [&] {
        if (ranks.rank() >= 2) throw Invalid("no " + std::to_string(ranks.rank()));
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const dist::RankError& error) {
      EXPECT_EQ(error.rank(), 2);
      EXPECT_STREQ(error.what(), "rank 2: no 2");
      EXPECT_EQ(error.own() != nullptr, ranks.rank() >= 2);
    }
    EXPECT_FALSE(dist::any(ranks, false));  // all can go on
  });
}

TEST(Together, ARankAloneThrowsWhatItWas) {
  EXPECT_THROW(dist::together(dist::one_process(), [] { throw Invalid("no"); }), Invalid);
}

TEST(OneProcess, IsRank0Of1) {
  dist::Communicator& alone = dist::one_process();
  EXPECT_EQ(alone.rank(), 0);
  EXPECT_EQ(alone.size(), 1);
  EXPECT_EQ(dist::broadcast_text(alone, "x"), "x");
  EXPECT_FALSE(alone.try_receive().has_value());
  EXPECT_THROW(static_cast<void>(alone.receive()), Invalid);
  EXPECT_THROW(alone.send(1, {}), Invalid);
  EXPECT_THROW(alone.broadcast({}, 1), Invalid);
  EXPECT_THROW(alone.abort("broken"), std::runtime_error);
}

// Numbers whose sum depends on the order.
float term(std::int64_t i, std::int64_t element) {
  voxloom_oracle::Random random(static_cast<std::uint64_t>(i * 1000 + element));
  return static_cast<float>(std::ldexp(random.unit() - 0.5, static_cast<int>(random.next() % 20)));
}

std::vector<float> terms(std::int64_t i, std::int64_t count) {
  std::vector<float> values;
  for (std::int64_t e = 0; e < count; ++e) values.push_back(term(i, e));
  return values;
}

TEST(OrderedSum, HasTheBitsOfTheTermsInOrder) {
  for (const std::int64_t count : {0, 1, 5, 100}) {
    for (const std::int64_t terms_in_all : {1, 3, 8}) {
      std::vector<float> expected(static_cast<std::size_t>(count), -0.0F);
      for (std::int64_t i = 0; i < terms_in_all; ++i) {
        const std::vector<float> more = terms(i, count);
        for (std::size_t e = 0; e < more.size(); ++e) expected[e] += more[e];
      }
      for (const int size : {1, 2, 3, 4, 8}) {
        on_ranks(
            size,
            [&](dist::Communicator& ranks) {
              dist::OrderedSum sum(ranks, count);
              std::vector<float> got(static_cast<std::size_t>(count));
              for (int again = 0; again < 2; ++again) {  // the second sum starts from nothing
                for (std::int64_t first = 0; first < terms_in_all; first += size) {
                  const auto givers =
                      static_cast<int>(std::min<std::int64_t>(size, terms_in_all - first));
                  sum.add(ranks.rank() < givers ? terms(first + ranks.rank(), count)
                                                : std::vector<float>(),
                          givers);
                }
                sum.finish(got);
              }
              for (std::size_t e = 0; e < got.size(); ++e) {
                EXPECT_EQ(std::bit_cast<std::uint32_t>(got[e]),
                          std::bit_cast<std::uint32_t>(expected[e]))
                    << size << " ranks, element " << e;
              }
            },
            7);
      }
    }
  }
}

TEST(OrderedSum, KeepsTheSignOfAZero) {
  dist::OrderedSum sum(dist::one_process(), 2);
  std::vector<float> got(2);
  sum.add(std::vector<float>{-0.0F, 0.0F}, 1);
  sum.finish(got);
  EXPECT_TRUE(std::signbit(got[0]));
  EXPECT_FALSE(std::signbit(got[1]));
}

TEST(OrderedSum, SendsEachElementTwiceAtMost) {
  constexpr std::int64_t kCount = 1000;
  on_ranks(4, [](dist::Communicator& ranks) {
    dist::OrderedSum sum(ranks, kCount);
    std::vector<float> got(kCount);
    sum.add(terms(ranks.rank(), kCount), 4);
    sum.finish(got);
    EXPECT_EQ(ranks.sent_bytes(), 2 * kCount * sizeof(float) * 3 / 4);
  });
}

TEST(OrderedSum, RefusesWhatDoesNotFit) {
  EXPECT_THROW(dist::OrderedSum(dist::one_process(), -1), Invalid);
  dist::OrderedSum sum(dist::one_process(), 3);
  EXPECT_THROW(sum.add(std::vector<float>(2), 1), Invalid);
  EXPECT_THROW(sum.add(std::vector<float>(3), 0), Invalid);
  EXPECT_THROW(sum.add(std::vector<float>(3), 2), Invalid);
  std::vector<float> small(2);
  EXPECT_THROW(sum.finish(small), Invalid);
}

}  // namespace
}  // namespace voxloom::test
