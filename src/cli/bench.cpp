#include "cli/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string_view>

#include "artifact/atomic_file.h"
#include "bench/plan.h"
#include "bench/progress.h"
#include "bench/report.h"
#include "core/error.h"
#include "voxloom/isa.h"
#include "voxloom/parallel.h"

namespace voxloom::cli {
namespace {

using bench::ChannelPair;

// "64" or "32x64".
ChannelPair parse_channels(std::string_view text) {
  const auto number = [&](std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    constexpr std::int64_t kMost = 1 << 16;
    require(error == std::errc() && end == digits.data() + digits.size() && value >= 1 &&
                value <= kMost,
            "bench", "--channels takes numbers like 64 or 32x64, got '{}'", text);
    return value;
  };
  const std::size_t x = text.find('x');
  if (x == std::string_view::npos) return {number(text), number(text)};
  return {number(text.substr(0, x)), number(text.substr(x + 1))};
}

// The element of `known` whose name is `text`; an unknown name is an error that lists them all.
template <typename Known, typename NameOf>
auto find_named(std::string_view option, std::string_view text, const Known& known,
                const NameOf& name_of) {
  std::string names;
  for (const auto& candidate : known) {
    if (name_of(candidate) == text) return candidate;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(candidate));
  }
  fail("bench", "{} '{}' is not known; there are: {}", option, text, names);
}

bench::ConvOp parse_op(std::string_view text) {
  const auto& names = bench::kConvOpNames;
  const std::string_view found =
      find_named("--op", text, names, [](std::string_view name) { return name; });
  return static_cast<bench::ConvOp>(std::ranges::find(names, found) - std::begin(names));
}

std::vector<int> threads_of(const BenchOptions& options) {
  if (!options.threads.empty()) return options.threads;
  const int all = available_threads();
  return all == 1 ? std::vector{1} : std::vector{1, all};
}

bench::Selection selection_of(const BenchOptions& options) {
  bench::Selection selection;
  for (const std::string& text : options.channels) {
    selection.conv.channels.push_back(parse_channels(text));
  }
  for (const std::string& text : options.ops) selection.conv.ops.push_back(parse_op(text));
  for (const std::string& text : options.dtypes) {
    selection.conv.storages.push_back(
        find_named("--dtype", text, bench::kStorages, [](const auto& s) { return s.name; }));
  }
  if (options.kernel > 0 || options.stride > 0) {
    selection.conv.cube = bench::Cube{.size = options.kernel > 0 ? options.kernel : 3,
                                      .stride = std::max(options.stride, 1)};
  }
  const bool all = options.what == "all";
  selection.convs = all || options.what == "conv";
  selection.maps = all || options.what == "map";
  selection.nets = all || options.what == "net";
  selection.threads = threads_of(options);
  for (const int threads : selection.threads) {
    require(threads >= 1, "bench", "--threads takes numbers from 1, got {}", threads);
  }
  return selection;
}

std::vector<bench::Scene> scenes_of(const BenchOptions& options) {
  if (options.scenes.empty()) return {bench::generated_scene()};
  std::vector<bench::Scene> scenes;
  for (const std::string& path : options.scenes) scenes.push_back(bench::load_scene(path));
  return scenes;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void run_scene(bench::Scene scene, const bench::Selection& selection,
               const bench::MeasureOptions& measuring, std::vector<bench::Record>& records) {
  bench::Progress progress(stderr);
  const auto maps = std::make_shared<bench::SceneMaps>(std::move(scene));
  const std::vector<bench::Entry> entries = bench::entries_of(maps, selection);
  print(fmt::format("\n{}, {} rows\n", maps->name(), maps->rows().size()));
  std::string group;
  std::size_t done = 0;
  for (const bench::Entry& entry : entries) {
    progress.show(fmt::format("{} {}/{}: {}, {} threads", maps->name(), ++done, entries.size(),
                              entry.label, entry.threads));
    bench::MeasureOptions with_threads = measuring;
    with_threads.threads = entry.threads;
    records.push_back(bench::measure(entry.make(), with_threads));
    progress.clear();
    if (records.back().task.group != group) {
      group = records.back().task.group;
      print(fmt::format("\n{}\n", bench::table_header(records.back())));
    }
    print(fmt::format("{}\n", bench::table_row(records.back())));
  }
}

}  // namespace

int run_bench(const BenchOptions& options) {
  if (!options.isa.empty()) set_isa(options.isa);
  const bench::Selection selection = selection_of(options);
  const bench::MeasureOptions measuring{.least_repetitions = options.repeat,
                                        .least_seconds = options.seconds};
  std::vector<bench::Scene> scenes = scenes_of(options);
  const bench::Machine machine = bench::describe_machine();
  print(fmt::format("{}, {} cores, {}\n", machine.cpu, machine.cores, machine.isa));
  std::vector<bench::Record> records;
  for (bench::Scene& scene : scenes) {
    run_scene(std::move(scene), selection, measuring, records);
  }
  print(fmt::format("\n{}", bench::table_legend()));
  if (!options.json.empty()) {
    AtomicFile file(options.json);
    file.write(bench::to_json(machine, records));
    file.commit();
  }
  return 0;
}

}  // namespace voxloom::cli
