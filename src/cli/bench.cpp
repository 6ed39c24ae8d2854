// voxloom bench: how fast the library is here, as shares of what the machine can do.
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include "bench/entries.h"
#include "bench/progress.h"
#include "bench/report.h"
#include "cli/command.h"
#include "cli/measured_options.h"
#include "cli/outputs.h"
#include "cli/plan_options.h"
#include "core/atomic_file.h"

namespace voxloom::cli {
namespace {

struct BenchArguments {
  std::string what = "all";
  MeasuredOptions measured;
  std::string json;  // empty: no file
  bool overwrite = false;
  double seconds = 0.5;  // per case, at least
  int repeat = 5;        // per case, at least
};

void print_now(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // a row shows when it is measured, also in a pipe
}

bench::Selection selection_of(const BenchArguments& arguments) {
  bench::Selection selection;
  selection.conv = conv_selection(arguments.measured);
  const bool all = arguments.what == "all";
  selection.convs = all || arguments.what == "conv";
  selection.maps = all || arguments.what == "map";
  selection.nets = all || arguments.what == "net";
  selection.trains = all || arguments.what == "train";
  selection.threads = thread_counts(arguments.measured);
  return selection;
}

void run_scene(bench::Scene scene, const bench::Selection& selection,
               const bench::MeasureOptions& measuring, std::vector<bench::Record>& records) {
  const auto maps = std::make_shared<bench::SceneMaps>(std::move(scene));
  const std::vector<bench::Entry> entries = bench::entries_of(maps, selection);
  print_now(fmt::format("\n{}, {} rows\n", maps->name(), maps->rows().size()));
  bench::Progress progress(stderr);
  std::string group;
  std::size_t done = 0;
  for (const bench::Entry& entry : entries) {
    progress.show(fmt::format("{} {}/{}: {}, {} threads", maps->name(), ++done, entries.size(),
                              entry.label, entry.threads));
    bench::MeasureOptions with_threads = measuring;
    with_threads.threads = entry.threads;
    const bench::Record& record = records.emplace_back(bench::measure(entry.make(), with_threads));
    progress.clear();
    if (record.task.group != group) {
      group = record.task.group;
      print_now(fmt::format("\n{}\n", bench::table_header(record)));
    }
    print_now(fmt::format("{}\n", bench::table_row(record)));
  }
}

void run_bench(const BenchArguments& arguments) {
  apply_isa(arguments.measured);
  std::vector<bench::Scene> scenes = load_scenes(arguments.measured);
  // A place that cannot be written to is found now, not after the measurements.
  Outputs({}, arguments.overwrite).require_place(arguments.json);
  const std::size_t plans = use_tuned_plans();
  const bench::Machine machine = bench::describe_machine();
  print_now(fmt::format("{}, {} cores, {}, {} tuned plans\n", machine.cpu, machine.cores,
                        machine.isa, plans));
  std::vector<bench::Record> records;
  for (bench::Scene& scene : scenes) {
    run_scene(std::move(scene), selection_of(arguments),
              {.least_repetitions = arguments.repeat, .least_seconds = arguments.seconds}, records);
  }
  print_now(fmt::format("\n{}", bench::table_legend()));
  if (arguments.json.empty()) return;
  AtomicFile file(arguments.json);
  file.write(bench::to_json(machine, records));
  file.commit();
  Outputs::mark(arguments.json);
}

}  // namespace

void add_bench(Options command) {
  const auto arguments = std::make_shared<BenchArguments>();
  command.add_option("what", arguments->what, "conv, map, net, train or all, the default")
      .check(one_of({"conv", "map", "net", "train", "all"}, List::hidden))
      .type_name("WHAT");
  add_measured_options(command, arguments->measured);
  add_algorithm_option(command);
  add_overwrite_option(command, arguments->overwrite);
  command.add_option("--json", arguments->json, "Also write everything to this file")
      .type_name("FILE");
  command.add_option("--seconds", arguments->seconds, "Measure each case for at least that long")
      .check(in_range(0.0, 3600.0))
      .type_name("S");
  command.add_option("--repeat", arguments->repeat, "Run each case at least that often")
      .check(in_range(1, 1000))
      .type_name("N");
  command.footer(
      "\nExamples:\n"
      "  voxloom bench\n"
      "  voxloom bench conv --scene scan.npy --channels 64,128 --op forward --threads 1\n"
      "  voxloom bench net --scene scan.bin --json result.json\n");
  command.callback([arguments] { run_bench(*arguments); });
}

}  // namespace voxloom::cli
