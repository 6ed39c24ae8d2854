// Whole runs: they learn, they can be stopped anywhere, and they refuse what does not fit.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

#include "support/oracle_bridge.h"
#include "support/same_bits.h"
#include "train/run_folder.h"
#include "train/toy_data.h"
#include "voxloom/augment.h"
#include "voxloom/safetensors.h"
#include "voxloom/simulator.h"

namespace voxloom::test {
namespace {

using Invalid = std::invalid_argument;
using train::Trainer;
using train::TrainOptions;

std::shared_ptr<const Dataset> toy(std::int64_t scans, std::int64_t points = 400) {
  return std::make_shared<ToyDataset>(scans, points);
}

TrainOptions toy_options() {
  TrainOptions options;
  options.voxel_size = 0.25;
  options.accumulation = 2;
  options.steps = 7;
  options.rate = 0.01F;
  options.warmup = 2;
  options.label_smoothing = 0.05F;
  options.class_weights = {1, 2, 0.5F};
  return options;
}

class TrainerTest : public RunFolderTest {};

TEST_F(TrainerTest, AStoppedRunEndsWithTheSameBits) {
  for (const train::Rule rule : {train::Rule::adamw, train::Rule::sgd}) {
    TrainOptions options = toy_options();
    options.optimizer.rule = rule;
    ToyNet whole_net;
    Trainer whole(whole_net, toy(3), options);
    while (!whole.is_done()) static_cast<void>(whole.step());
    whole.save(file("whole"));

    ToyNet first_net;
    Trainer first(first_net, toy(3), options);
    for (int i = 0; i < 3; ++i) static_cast<void>(first.step());
    first.save(file("part"));

    ToyNet second_net(99);  // whatever it was, the checkpoint says what it is
    Trainer second(second_net, toy(3), options);
    second.load(file("part"));
    EXPECT_EQ(second.step_count(), 3);
    while (!second.is_done()) static_cast<void>(second.step());
    second.save(file("resumed"));
    EXPECT_TRUE(bytes_of("whole") == bytes_of("resumed"));
  }
}

TEST_F(TrainerTest, ASweepOfRatesRisesAndEndsWhereTheLossDoes) {
  TrainOptions options = toy_options();
  options.steps = 60;
  ToyNet net;
  Trainer trainer(net, toy(3), options);
  std::int64_t steps = 0;
  const train::RateCurve curve =
      train::sweep_rates(trainer, {.lowest = 1e-5F, .highest = 10.0F, .steps = 60},
                         [&](const train::StepReport& seen) {
                           EXPECT_EQ(seen.step, ++steps);
                           return true;
                         });
  ASSERT_EQ(curve.rates.size(), static_cast<std::size_t>(steps));
  ASSERT_EQ(curve.losses.size(), curve.rates.size());
  ASSERT_EQ(curve.smoothed.size(), curve.rates.size());
  EXPECT_EQ(curve.rates.front(), 1e-5F);
  EXPECT_EQ(curve.smoothed.front(), curve.losses.front());
  for (std::size_t i = 1; i < curve.rates.size(); ++i) {
    EXPECT_NEAR(curve.rates[i] / curve.rates[i - 1], std::pow(1e6, 1.0 / 59), 1e-3);
  }
  // The mean of the losses so far, each weighing 0.9 of the one after it.
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < curve.losses.size(); ++i) {
    sum = 0.9 * sum + curve.losses[i];
    weights = 0.9 * weights + 1;
    EXPECT_NEAR(curve.smoothed[i], sum / weights, 1e-9 * curve.smoothed[i]);
  }
  ASSERT_TRUE(curve.suggestion.has_value());
  const double lowest = std::ranges::min(curve.smoothed);
  std::size_t there = 0;
  while (2 * (curve.smoothed[there] - lowest) > curve.smoothed.front() - lowest) ++there;
  EXPECT_EQ(*curve.suggestion, curve.rates[there]);
  EXPECT_GT(*curve.suggestion, 1e-4F);
  EXPECT_LT(*curve.suggestion, 0.1F);

  // Rates that change nothing, though the losses scatter: there is none to name.
  options.steps = 40;
  ToyNet still_net;
  Trainer still(still_net, toy(3), options);
  EXPECT_FALSE(
      train::sweep_rates(still, {.lowest = 1e-12F, .highest = 1e-11F, .steps = 38}).suggestion);
  EXPECT_THROW(static_cast<void>(train::sweep_rates(still, {.lowest = 0})), Invalid);
  EXPECT_THROW(still.step(std::numeric_limits<float>::quiet_NaN()), Invalid);
  EXPECT_THROW(still.step(-1.0F), Invalid);
  EXPECT_THROW(static_cast<void>(train::sweep_rates(still, {.steps = 39})), Invalid);
}

TEST_F(TrainerTest, ALossThatIsNoNumberEndsTheRun) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), 1e38F}) {
    ToyNet net;
    for (const nn::NamedParameter& p : net.named_parameters()) {
      if (p.is_trained) *p.value = Tensor::full(p.value->shape(), DType::f32, value);
    }
    Trainer trainer(net, toy(3), toy_options());
    expect_throws<train::LossNotFinite>([&] { return trainer.step(); },
                                        "in step 1: try a smaller rate");
    EXPECT_EQ(trainer.step_count(), 0);
  }
}

TEST_F(TrainerTest, HasTheSameBitsAtEveryThreadCount) {
  TrainOptions options = toy_options();
  options.steps = 2;
  std::string expected;
  for (const int threads : {1, 2, 3}) {
    with_threads(threads, [&] {
      ToyNet net;
      Trainer trainer(net, toy(3), options);
      while (!trainer.is_done()) static_cast<void>(trainer.step());
      trainer.save(file("threads"));
    });
    if (expected.empty()) expected = bytes_of("threads");
    EXPECT_TRUE(bytes_of("threads") == expected) << threads;
  }
}

TEST_F(TrainerTest, CheckpointedBlocksChangeNoBit) {
  TrainOptions options = toy_options();
  options.steps = 2;
  std::string expected;
  for (const bool checkpoint : {false, true}) {
    options.checkpoint_blocks = checkpoint;
    ToyNet net;
    Trainer trainer(net, toy(3), options);
    while (!trainer.is_done()) static_cast<void>(trainer.step());
    trainer.save(file("blocks"));
    if (expected.empty()) expected = bytes_of("blocks");
    EXPECT_TRUE(bytes_of("blocks") == expected);
  }
}

TEST_F(TrainerTest, LearnsToTellThingsApart) {
  TrainOptions options = toy_options();
  options.accumulation = 1;
  options.steps = 30;
  options.label_smoothing = 0;
  ToyNet net;
  Trainer trainer(net, toy(4, 250), options);
  std::vector<double> losses;
  const ToyDataset validation(2, 250);
  std::int64_t evaluations = 0;
  double miou = 0;
  const auto end = train::run(trainer, &validation,
                              {.evaluate_every = 15,
                               .on_step =
                                   [&](const train::StepReport& report) {
                                     losses.push_back(report.loss);
                                     return true;
                                   },
                               .on_evaluation =
                                   [&](std::int64_t, const train::ConfusionMatrix& seen) {
                                     ++evaluations;
                                     miou = seen.mean_iou();
                                   }});
  EXPECT_EQ(end, train::End::finished);
  EXPECT_EQ(losses.size(), 30U);
  EXPECT_EQ(evaluations, 2);
  EXPECT_LT(losses.back(), 0.5 * losses.front());
  EXPECT_GT(miou, 0.6);
  EXPECT_GT(trainer.take_confusion().accuracy(), 0.5);
  EXPECT_EQ(trainer.take_confusion().accuracy(), 0.0);  // taken
}

// The recipe for streets on a few small scans: it must at least learn these.
TEST_F(TrainerTest, LearnsStreets) {
  TrainOptions options;
  options.voxel_size = 0.6;
  options.batch_size = 1;
  options.steps = 30;
  options.rate = 0.01F;
  options.warmup = 3;
  const DatasetPtr streets =
      cached(sim::street_dataset({.scans = 2, .sensor = sim::Sensor::vlp16}));
  nn::MinkUNet net({.in_channels = train::kPointFeatures,
                    .classes = kStreetClasses,
                    .depth = 14,
                    .width = 0.25});
  Trainer trainer(net, streets, options);
  std::vector<double> losses;
  static_cast<void>(train::run(trainer, nullptr, {.on_step = [&](const train::StepReport& report) {
                                 losses.push_back(report.loss);
                                 return true;
                               }}));
  EXPECT_LT(losses.back(), 0.5 * losses.front());
}

TEST_F(TrainerTest, StopsWhenAsked) {
  ToyNet net;
  Trainer trainer(net, toy(3), toy_options());
  const auto end =
      train::run(trainer, nullptr,
                 {.checkpoint = file("stopped"),
                  .on_step = [](const train::StepReport& report) { return report.step < 2; }});
  EXPECT_EQ(end, train::End::stopped);
  Trainer again(net, toy(3), toy_options());
  again.load(file("stopped"));
  EXPECT_EQ(again.step_count(), 2);
  EXPECT_EQ(train::run(again, nullptr), train::End::finished);
  expect_throws<Invalid>([&] { static_cast<void>(again.step()); }, "all 7 steps are done");
}

TEST_F(TrainerTest, RefusesCheckpointsOfOtherRuns) {
  ToyNet net;
  Trainer trainer(net, toy(3), toy_options());
  trainer.save(file("checkpoint"));
  TrainOptions other = toy_options();
  other.seed = 1;
  Trainer stranger(net, toy(3), other);
  expect_throws<FormatError>([&] { stranger.load(file("checkpoint")); },
                             "belongs to a run with other options");
  nn::Linear linear({.in = 3, .out = 3});
  Trainer narrow(linear, toy(3), toy_options());
  expect_throws<FormatError>([&] { narrow.load(file("checkpoint")); }, "the state has no");
  std::string bytes = bytes_of("checkpoint");
  bytes.resize(bytes.size() / 2);
  std::ofstream(file("half"), std::ios::binary) << bytes;
  expect_throws<FormatError>([&] { trainer.load(file("half")); }, "half");
}

TEST_F(TrainerTest, ACheckpointHoldsTheConfusionSinceItWasTaken) {
  ToyNet net, other(5);
  Trainer trainer(net, toy(3), toy_options()), resumed(other, toy(3), toy_options());
  static_cast<void>(trainer.step());
  trainer.save(file("checkpoint"));
  resumed.load(file("checkpoint"));
  static_cast<void>(trainer.step());
  static_cast<void>(resumed.step());
  const train::ConfusionMatrix a = trainer.take_confusion(), b = resumed.take_confusion();
  EXPECT_TRUE(std::ranges::equal(a.counts(), b.counts()));
  EXPECT_GT(a.accuracy(), 0.0);
}

// Not the parameters of one and the moments of another.
TEST_F(TrainerTest, ACheckpointThatIsRefusedChangesNothing) {
  ToyNet net;
  Trainer trainer(net, toy(3), toy_options());
  static_cast<void>(trainer.step());
  trainer.save(file("good"));
  const Safetensors good = read_safetensors(file("good"));
  const auto without = [&](const std::string& name) {
    Safetensors spoiled = good;
    EXPECT_EQ(std::erase_if(spoiled.tensors,
                            [&](const auto& entry) { return entry.first.starts_with(name); }) > 0,
              true);
    write_safetensors(file("spoiled"), spoiled.tensors, spoiled.metadata);
  };
  ToyNet other(77);
  Trainer stranger(other, toy(3), toy_options());
  stranger.save(file("before"));
  for (const char* missing :
       {"optimizer.second.head.weight", "parameter.head.weight", "confusion"}) {
    without(missing);
    expect_throws<FormatError>([&] { stranger.load(file("spoiled")); }, "spoiled");
    stranger.save(file("after"));
    EXPECT_TRUE(bytes_of("after") == bytes_of("before")) << missing;
  }
}

// Whatever a run's result depends on.
TEST_F(TrainerTest, RefusesCheckpointsWhenAnyOptionChanged) {
  ToyNet net;
  const auto options_with = [](auto change) {
    TrainOptions options = toy_options();
    change(options);
    return options;
  };
  using O = TrainOptions;
  const std::vector<std::pair<std::string, TrainOptions>> changed = {
      {"voxel size", options_with([](O& o) { o.voxel_size = 0.5; })},
      {"batch size", options_with([](O& o) { o.batch_size = 1; })},
      {"accumulation", options_with([](O& o) { o.accumulation = 1; })},
      {"steps", options_with([](O& o) { o.steps = 8; })},
      {"rule", options_with([](O& o) { o.optimizer.rule = train::Rule::sgd; })},
      {"momentum", options_with([](O& o) { o.optimizer.momentum = 0.5F; })},
      {"beta1", options_with([](O& o) { o.optimizer.beta1 = 0.5F; })},
      {"beta2", options_with([](O& o) { o.optimizer.beta2 = 0.5F; })},
      {"eps", options_with([](O& o) { o.optimizer.eps = 1e-3F; })},
      {"decay", options_with([](O& o) { o.optimizer.weight_decay = 0.5F; })},
      {"rate", options_with([](O& o) { o.rate = 0.5F; })},
      {"last rate", options_with([](O& o) { o.last_rate = 0.5F; })},
      {"warmup", options_with([](O& o) { o.warmup = 1; })},
      {"clip", options_with([](O& o) { o.clip = 1; })},
      {"cross entropy", options_with([](O& o) { o.cross_entropy = 0.5F; })},
      {"lovasz", options_with([](O& o) { o.lovasz = 0.5F; })},
      {"smoothing", options_with([](O& o) { o.label_smoothing = 0; })},
      {"class weights", options_with([](O& o) {
         o.class_weights = {1, 2, 3};
       })},
      {"the norms' momentum", options_with([](O& o) { o.statistics_momentum = 0.5F; })},
      {"seed", options_with([](O& o) { o.seed = 1; })},
  };
  Trainer trainer(net, toy(3), toy_options());
  trainer.save(file("checkpoint"));
  for (const auto& [name, options] : changed) {
    SCOPED_TRACE(name);
    Trainer stranger(net, toy(3), options);
    expect_throws<FormatError>([&] { stranger.load(file("checkpoint")); },
                               "belongs to a run with other options");
  }
  TrainOptions same = toy_options();
  same.checkpoint_blocks = true;  // changes no bit
  EXPECT_NO_THROW(Trainer(net, toy(3), same).load(file("checkpoint")));
}

TEST_F(TrainerTest, RefusesCheckpointsWhenTheDataChanged) {
  ToyNet net;
  const DatasetPtr plain = toy(3);
  ClassTable table = plain->classes();
  const auto with_table = [](const ClassTable& classes) {
    return std::make_shared<ToyDataset>(3, 400, classes);
  };
  ClassTable renamed = table, revalued = table, ignoring = table, painted = table;
  renamed.classes[1].name = "hedge";
  revalued.classes[1].values = {1, 7};
  ignoring.ignored = {9};
  painted.classes[1].color = {1, 2, 3};
  AugmentOptions turned = moderate_augmentation(), still = turned;
  still.rotation = 0;
  const DatasetPtr data = augmented(plain, turned);
  Trainer trainer(net, data, toy_options());
  trainer.save(file("checkpoint"));
  const std::vector<std::pair<std::string, DatasetPtr>> changed = {
      {"not augmented", plain},
      {"augmented otherwise", augmented(plain, still)},
      {"fewer scans", augmented(toy(2), turned)},
      {"a class of another name", augmented(with_table(renamed), turned)},
      {"a class of other labels", augmented(with_table(revalued), turned)},
      {"other labels ignored", augmented(with_table(ignoring), turned)},
  };
  for (const auto& [name, other] : changed) {
    SCOPED_TRACE(name);
    Trainer stranger(net, other, toy_options());
    expect_throws<FormatError>([&] { stranger.load(file("checkpoint")); },
                               "belongs to a run with other options");
  }
  Trainer same(net, augmented(cached(with_table(painted)), turned), toy_options());
  EXPECT_NO_THROW(same.load(file("checkpoint")));
}

TEST_F(TrainerTest, RefusesMisuse) {
  ToyNet net;
  const auto refuses = [&](const std::string& text, auto change) {
    TrainOptions options = toy_options();
    change(options);
    expect_throws<Invalid>([&] { Trainer(net, toy(3), options); }, text);
  };
  refuses("batch size", [](TrainOptions& o) { o.batch_size = 0; });
  refuses("the voxel size", [](TrainOptions& o) { o.voxel_size = 0; });
  refuses("the rate", [](TrainOptions& o) { o.rate = -1; });
  refuses("shares", [](TrainOptions& o) { o.cross_entropy = o.lovasz = 0; });
  refuses("2 class weights for 3 classes", [](TrainOptions& o) { o.class_weights = {1, 2}; });
  refuses("should lie in [0, 1)", [](TrainOptions& o) { o.optimizer.beta1 = 1; });
  expect_throws<Invalid>([&] { Trainer(net, nullptr, {}); }, "no scans to train on");
  nn::Linear wrong({.in = train::kPointFeatures, .out = 5});
  TrainOptions options;
  options.voxel_size = 0.25;
  Trainer trainer(wrong, toy(1), options);
  expect_throws<Invalid>([&] { static_cast<void>(trainer.step()); },
                         "the network gives 5 scores, the data have 3 classes");
}

TEST(Run, BalancesClasses) {
  const std::vector<float> weights = train::balanced_weights(*toy(2, 300), 2);
  EXPECT_NEAR(weights[0] + weights[1] + weights[2], 3.0F, 1e-5F);
  EXPECT_GT(weights[1], weights[0] - 0.1F);
}

}  // namespace
}  // namespace voxloom::test
