// voxloom tune: measures the algorithms on this machine and remembers the fastest for each shape.
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string>

#include "bench/cases.h"
#include "bench/progress.h"
#include "bench/tuner.h"
#include "cli/command.h"
#include "cli/measured_options.h"
#include "engine/plan_file.h"
#include "voxloom/artifact.h"
#include "voxloom/parallel.h"
#include "voxloom/plans.h"

namespace voxloom::cli {
namespace {

struct TuneArguments {
  MeasuredOptions measured;
  std::string bundle, inputs, plans;
  bool net = false;
  double seconds = 0.3;
};

std::string shape_text(const engine::PlanKey& key) {
  return fmt::format("{}->{}{}", key.in, key.out,
                     key.groups == 1 ? "" : fmt::format(" x{}", key.groups));
}

std::string weights_text(const engine::PlanKey& key) {
  return key.packed_bits == 0 ? std::string(name_of(key.weights))
                              : fmt::format("int{}", key.packed_bits);
}

std::string candidates_text(const bench::TunedShape& shape) {
  std::string text;
  for (const bench::TunedCandidate& c : shape.candidates) {
    text += fmt::format("{}{} {:.3f}{}", text.empty() ? "" : ", ", to_text(c.choice),
                        c.seconds * 1e3, c.error_share > 1 ? " WRONG" : "");
  }
  return text;
}

void print_header() {
  fmt::print("{:<16}{:>12}{:>9}{:>9}{:>8}{:>9}  {:<20}{}\n", "direction", "channels", "type",
             "weights", "volume", "rows", "fastest", "candidates, ms");
}

void print_shape(const bench::TunedShape& shape) {
  const engine::PlanKey& key = shape.key;
  const char* direction =
      key.direction == engine::Direction::forward ? "forward" : "weight gradient";
  fmt::print("{:<16}{:>12}{:>9}{:>9}{:>8}{:>9}  {:<20}{}\n", direction, shape_text(key),
             name_of(key.features), weights_text(key), key.volume, shape.rows,
             shape.winner.algorithm.empty() ? "none agrees" : to_text(shape.winner),
             candidates_text(shape));
  std::fflush(stdout);
}

void run_bundle(const TuneArguments& arguments) {
  using namespace artifact;
  const Model model = Model::load(arguments.bundle);
  const Safetensors inputs = read_safetensors(arguments.inputs);
  static_cast<void>(model.run(inputs.tensors));
}

void run_scenes(const TuneArguments& arguments, bench::Progress& progress) {
  for (bench::Scene& scene : load_scenes(arguments.measured)) {
    const auto maps = std::make_shared<bench::SceneMaps>(std::move(scene));
    if (arguments.net) {
      progress.show(fmt::format("{}: MinkUNet34C", maps->name()));
      bench::net_case(maps).body();
      continue;
    }
    for (const bench::ConvSpec& spec : bench::conv_specs(conv_selection(arguments.measured))) {
      if (spec.op == bench::ConvOp::whole) continue;  // a forward product, and no other
      progress.show(fmt::format("{}: {}", maps->name(), name_of(spec)));
      bench::conv_case(maps, spec).body();
    }
  }
}

void run_tune(const TuneArguments& arguments) {
  apply_isa(arguments.measured);
  const std::filesystem::path path =
      arguments.plans.empty() ? default_plan_path() : std::filesystem::path(arguments.plans);
  if (path.empty()) {
    throw BadUsage("--plans: names no file, and neither XDG_CACHE_HOME nor HOME is set");
  }
  if (const std::string warning = engine::read_plans(path).warning; !warning.empty()) {
    fmt::print(stderr, "voxloom: warning: plans {}; replaced\n", warning);
  }
  engine::merge_plans_into(path, {});  // a place that cannot be written to is found now
  bench::Progress progress(stderr);
  // A network's activations are no zero-mean data.
  bench::Tuner tuner({.zero_mean = arguments.bundle.empty() && !arguments.net,
                      .seconds = arguments.seconds,
                      .report = [&](const bench::TunedShape& shape) {
                        progress.clear();
                        print_shape(shape);
                      }});
  print_header();
  const int threads = arguments.measured.threads.empty() ? 0 : arguments.measured.threads.front();
  with_threads(threads, [&] {
    if (arguments.bundle.empty()) return run_scenes(arguments, progress);
    run_bundle(arguments);
  });
  progress.clear();
  engine::merge_plans_into(path, tuner.plans());
  fmt::print("\n{} plans kept in {}\n", tuner.plans().size(), path.string());
  if (!tuner.all_agree()) {
    throw std::runtime_error("[tune] an algorithm does not agree with the reference: see WRONG");
  }
}

}  // namespace

void add_tune(Options command) {
  const auto arguments = std::make_shared<TuneArguments>();
  add_measured_options(command, arguments->measured);
  command.add_flag("--net", arguments->net, "Tune the shapes of MinkUNet34C on the scenes");
  const Option bundle =
      command.add_option("--bundle", arguments->bundle, "Tune the shapes of this model")
          .type_name("BUNDLE");
  const Option inputs =
      command.add_option("--inputs", arguments->inputs, "The model's inputs, as for `voxloom run`")
          .type_name("FILE");
  bundle.needs(inputs);
  inputs.needs(bundle);
  command.add_option("--plans", arguments->plans, "The file that keeps the plans")
      .type_name("FILE");
  command.add_option("--seconds", arguments->seconds, "Measure each shape for about that long")
      .check(in_range(0.0, 3600.0))
      .type_name("S");
  command.footer(
      "\nCandidates are algorithms, and for some of them NAME:BxC: other cuts of the work, into B\n"
      "blocks of 256 output rows and C output channels (0: the algorithm's own choice).\n"
      "Every algorithm is also checked against the plain reference; one that does not agree is\n"
      "marked WRONG, never chosen, and makes the command fail.\n"
      "Plans belong to one processor model and one version of voxloom. The other commands use\n"
      "those in the default file: $VOXLOOM_PLANS, or voxloom/plans-<processor>.txt in the cache\n"
      "folder. VOXLOOM_ALGORITHM=NAME pins one algorithm instead.\n"
      "\nExamples:\n"
      "  voxloom tune --scene scan.npy --channels 32,64\n"
      "  voxloom tune --bundle unet.lattice --inputs scan.safetensors\n");
  command.callback([arguments] { run_tune(*arguments); });
}

}  // namespace voxloom::cli
