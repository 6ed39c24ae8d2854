// Training whose passes are spread over ranks ends with the bits of one process.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "support/thread_ranks.h"
#include "train/run_folder.h"
#include "train/toy_data.h"
#include "voxloom/isa.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

using train::Trainer;
using train::TrainOptions;

// As ToyDataset, but its second scan has no point.
class GappedDataset : public ToyDataset {
 public:
  using ToyDataset::ToyDataset;
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t seed) const override {
    return index == 1 ? LabelledScan{} : ToyDataset::get(index, seed);
  }
};

// Which head has a part in the loss depends on the pass, and one never has.
class TwoHeads : public ToyNet {
 public:
  using ToyNet::ToyNet;
  [[nodiscard]] nn::Variable run(const nn::Variable& x, nn::Pass& pass) const override {
    const nn::Variable features = unet.run(x, pass);
    return (x.value().dim(0) % 2 == 0 ? head : other).run(features, pass);
  }
  void collect_parameters(const std::string& prefix,
                          std::vector<nn::NamedParameter>& to) const override {
    ToyNet::collect_parameters(prefix, to);
    other.collect_parameters(prefix + "other.", to);
    unused.collect_parameters(prefix + "unused.", to);
  }

  nn::Linear other{{.in = 8, .out = 3, .seed = 77}};
  nn::Linear unused{{.in = 8, .out = 3, .seed = 78}};
};

TrainOptions options_of(std::int64_t accumulation) {
  TrainOptions options;
  options.voxel_size = 0.25;
  options.batch_size = 1;
  options.accumulation = accumulation;
  options.steps = 3;
  options.rate = 0.01F;
  options.warmup = 1;
  return options;
}

class RanksTest : public RunFolderTest {
 protected:
  // Trains from where `from` stands, or from the start, for at most `steps`; the checkpoint becomes `to`.
  template <typename Net = ToyNet, typename Data = ToyDataset>
  void train(int size, const TrainOptions& options, const std::string& to,
             const std::string& from = "", std::int64_t steps = 1000) const {
    on_ranks(
        size,
        [&](dist::Communicator& ranks) {
          with_threads(1, [&] {
            Net net(static_cast<std::uint64_t>(1 + ranks.rank()));  // rank 0 tells the others
            Trainer trainer(net, std::make_shared<Data>(5, 150), options, ranks);
            if (!from.empty()) trainer.load(file(from));
            for (std::int64_t i = 0; i < steps && !trainer.is_done(); ++i) {
              static_cast<void>(trainer.step());
            }
            trainer.save(file(to));
          });
        },
        size);
  }
};

TEST_F(RanksTest, EveryNumberOfRanksHasTheSameBits) {
  for (const std::int64_t accumulation : {3, 8}) {
    train(1, options_of(accumulation), "1");
    for (const int size : {2, 3, 4, 8}) {
      if (size > accumulation) continue;
      train(size, options_of(accumulation), "many");
      EXPECT_TRUE(bytes_of("1") == bytes_of("many")) << size << " ranks, " << accumulation;
    }
  }
}

TEST_F(RanksTest, ARunGoesOnOnOtherRanks) {
  train(1, options_of(4), "whole");
  train(4, options_of(4), "a", "", 1);
  train(1, options_of(4), "b", "a", 1);
  train(3, options_of(4), "c", "b");
  EXPECT_TRUE(bytes_of("whole") == bytes_of("c"));
}

TEST_F(RanksTest, CheckpointedBlocksAndSgdToo) {
  TrainOptions options = options_of(3);
  options.checkpoint_blocks = true;
  options.optimizer.rule = train::Rule::sgd;
  train(1, options, "1");
  train(2, options, "2");
  EXPECT_TRUE(bytes_of("1") == bytes_of("2"));
}

TEST_F(RanksTest, ARankWithoutRowsSeesNoStatistics) {
  train<ToyNet, GappedDataset>(1, options_of(3), "1");
  train<ToyNet, GappedDataset>(3, options_of(3), "3");
  EXPECT_TRUE(bytes_of("1") == bytes_of("3"));
}

TEST_F(RanksTest, ParametersWithoutAPartStayAsTheyAre) {
  train<TwoHeads>(1, options_of(4), "1");
  train<TwoHeads>(4, options_of(4), "4");
  EXPECT_TRUE(bytes_of("1") == bytes_of("4"));
}

TEST_F(RanksTest, ReportsAndEvaluationsAreThoseOfAll) {
  struct Seen {
    std::vector<train::StepReport> steps;
    std::vector<std::int64_t> counts;
  };
  const auto run = [&](int size) {
    std::vector<Seen> seen(static_cast<std::size_t>(size));
    on_ranks(size, [&](dist::Communicator& ranks) {
      Seen& mine = seen[static_cast<std::size_t>(ranks.rank())];
      ToyNet net;
      Trainer trainer(net, std::make_shared<ToyDataset>(5, 150), options_of(2), ranks);
      const ToyDataset validation(3, 150);
      train::run(trainer, &validation,
                 {.on_step =
                      [&](const train::StepReport& report) {
                        mine.steps.push_back(report);
                        return true;
                      },
                  .on_evaluation =
                      [&](std::int64_t, const train::ConfusionMatrix& confusion) {
                        mine.counts.assign(confusion.counts().begin(), confusion.counts().end());
                      }});
    });
    return seen;
  };
  const Seen expected = run(1).front();
  for (const Seen& seen : run(2)) {
    EXPECT_EQ(seen.counts, expected.counts);
    ASSERT_EQ(seen.steps.size(), expected.steps.size());
    for (std::size_t i = 0; i < seen.steps.size(); ++i) {
      EXPECT_EQ(seen.steps[i].loss, expected.steps[i].loss);
      EXPECT_EQ(seen.steps[i].gradient_norm, expected.steps[i].gradient_norm);
      EXPECT_EQ(seen.steps[i].voxels, expected.steps[i].voxels);
    }
  }
}

TEST_F(RanksTest, OneRankStopsAll) {
  on_ranks(2, [&](dist::Communicator& ranks) {
    ToyNet net;
    Trainer trainer(net, std::make_shared<ToyDataset>(5, 150), options_of(2), ranks);
    const train::End end = train::run(
        trainer, nullptr, {.on_step = [&](const train::StepReport&) { return ranks.rank() == 0; }});
    EXPECT_EQ(end, train::End::stopped);
    EXPECT_EQ(trainer.step_count(), 1);
  });
}

// The words of the error that a number of ranks meets with.
template <typename Body>
std::string error_on(int size, const Body& body) {
  std::mutex mutex;
  std::string words;
  int thrown = 0;
  on_ranks(size, [&](dist::Communicator& ranks) {
    try {
      body(ranks);
    } catch (const dist::RankError& error) {
      const std::lock_guard lock(mutex);
      words = error.what();
      ++thrown;
    }
  });
  EXPECT_EQ(thrown, size) << "on all of them";
  return words;
}

TEST_F(RanksTest, MoreRanksThanPassesAreRefused) {
  const std::string words = error_on(3, [](dist::Communicator& ranks) {
    ToyNet net;
    Trainer(net, std::make_shared<ToyDataset>(5), options_of(2), ranks);
  });
  EXPECT_NE(words.find("3 ranks for 2 passes of a step"), std::string::npos) << words;
}

TEST_F(RanksTest, RanksThatTrainSomethingElseAreRefused) {
  const std::string words = error_on(2, [](dist::Communicator& ranks) {
    ToyNet net;
    TrainOptions options = options_of(2);
    if (ranks.rank() == 1) options.clip = 3;
    Trainer(net, std::make_shared<ToyDataset>(5), options, ranks);
  });
  EXPECT_NE(words.find("rank 1 trains something else than rank 0"), std::string::npos) << words;
  EXPECT_NE(words.find("clip 3"), std::string::npos) << words;
}

TEST_F(RanksTest, ACheckpointThatIsNoneIsRefusedByAll) {
  std::ofstream(file("none")) << "nothing";
  for (const char* name : {"none", "not there"}) {
    const std::string words = error_on(2, [&](dist::Communicator& ranks) {
      ToyNet net;
      Trainer trainer(net, std::make_shared<ToyDataset>(5), options_of(2), ranks);
      trainer.load(file(name));
    });
    EXPECT_NE(words.find(name), std::string::npos) << words;
  }
}

TEST_F(RanksTest, ARankThatFailsInAStepEndsTheOthers) {
  class Broken : public ToyDataset {
   public:
    using ToyDataset::ToyDataset;
    [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t seed) const override {
      if (index == 2) throw std::runtime_error("scan 2 is broken");
      return ToyDataset::get(index, seed);
    }
  };
  EXPECT_THROW(on_ranks(3,
                        [&](dist::Communicator& ranks) {
                          ToyNet net;
                          Trainer trainer(net, std::make_shared<Broken>(5, 150), options_of(3),
                                          ranks);
                          try {
                            while (!trainer.is_done()) static_cast<void>(trainer.step());
                          } catch (const std::exception& error) {
                            ranks.abort(error.what());
                          }
                        }),
               std::runtime_error);
}

// Two ranks send the bytes of the gradients once, and records.
TEST_F(RanksTest, TwoRanksSendTheGradientsOnce) {
  on_ranks(2, [&](dist::Communicator& ranks) {
    ToyNet net;
    std::uint64_t bytes = 0;
    for (const nn::NamedParameter& p : net.named_parameters()) {
      if (p.is_trained) bytes += p.value->bytes();
    }
    Trainer trainer(net, std::make_shared<ToyDataset>(5, 150), options_of(2), ranks);
    const std::uint64_t before = ranks.sent_bytes();
    static_cast<void>(trainer.step());
    EXPECT_LE(ranks.sent_bytes() - before, bytes * 105 / 100);
    EXPECT_GE(ranks.sent_bytes() - before, bytes * 99 / 100);
  });
}

}  // namespace
}  // namespace voxloom::test
