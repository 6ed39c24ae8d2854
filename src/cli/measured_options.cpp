#include "cli/measured_options.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string_view>

#include "voxloom/isa.h"
#include "voxloom/parallel.h"

namespace voxloom::cli {
namespace {

using bench::ChannelPair;

std::optional<std::int64_t> parse_count(std::string_view digits) {
  constexpr std::int64_t kMost = 1 << 16;
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || last != end || value < 1 || value > kMost) return std::nullopt;
  return value;
}

// "64" or "32x64".
std::optional<ChannelPair> parse_channels(std::string_view text) {
  const std::size_t x = text.find('x');
  const auto in = parse_count(text.substr(0, x));
  const auto out = x == std::string_view::npos ? in : parse_count(text.substr(x + 1));
  if (!in || !out) return std::nullopt;
  return ChannelPair{*in, *out};
}

std::string check_channels(const std::string& text) {
  if (parse_channels(text)) return "";
  return "channels are numbers from 1 to 65536, or pairs like 32x64, not '" + text + "'";
}

std::vector<std::string> op_names() {
  return {std::begin(bench::kConvOpNames), std::end(bench::kConvOpNames)};
}

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const bench::Storage& storage : bench::kStorages) names.emplace_back(storage.name);
  return names;
}

}  // namespace

void add_measured_options(Options command, MeasuredOptions& options) {
  command
      .add_option("--scene", options.scenes,
                  "Scenes: .npy (int32 N x 4: batch, x, y, z), or scans, voxelized at 0.05 m.\n"
                  "Without one: a generated surface")
      .type_name("FILE");
  command.add_option("--channels", options.channels, "Channels, like 32,64 or 32x64")
      .delimiter(',')
      .check(Check(check_channels))
      .type_name("C");
  command.add_option("--op", options.ops, "Convolutions").delimiter(',').check(one_of(op_names()));
  command.add_option("--dtype", options.dtypes, "Types of features, or of packed weights")
      .delimiter(',')
      .check(one_of(dtype_names()));
  command.add_option("--kernel", options.kernel, "Edge of the kernel")
      .check(in_range(1, 31))
      .type_name("K");
  command.add_option("--stride", options.stride, "Stride of forward, dgrad and wgrad")
      .check(in_range(1, 1024))
      .type_name("S");
  command.add_option("--threads", options.threads, "Numbers of threads; default: one, and all")
      .delimiter(',')
      .check(in_range(1, kMostThreads))
      .type_name("N");
  command.add_option("--isa", options.isa, "Instruction set instead of the best one")
      .check(one_of(isa_names()));
}

void apply_isa(const MeasuredOptions& options) {
  if (!options.isa.empty()) set_isa(options.isa);
}

bench::ConvSelection conv_selection(const MeasuredOptions& options) {
  bench::ConvSelection selection;
  for (const std::string& text : options.channels) {
    selection.channels.push_back(*parse_channels(text));  // checked by the parser
  }
  for (const std::string& text : options.ops) {
    const auto at = std::ranges::find(bench::kConvOpNames, text) - std::begin(bench::kConvOpNames);
    selection.ops.push_back(static_cast<bench::ConvOp>(at));
  }
  for (const std::string& text : options.dtypes) {
    selection.storages.push_back(*std::ranges::find(bench::kStorages, text, &bench::Storage::name));
  }
  if (options.kernel > 0 || options.stride > 0) {
    selection.cube = bench::Cube{.size = options.kernel > 0 ? options.kernel : 3,
                                 .stride = std::max(options.stride, 1)};
  }
  return selection;
}

std::vector<int> thread_counts(const MeasuredOptions& options) {
  if (!options.threads.empty()) return options.threads;
  const int all = available_threads();
  return all == 1 ? std::vector{1} : std::vector{1, all};
}

std::vector<bench::Scene> load_scenes(const MeasuredOptions& options) {
  if (options.scenes.empty()) return {bench::generated_scene()};
  std::vector<bench::Scene> scenes;
  for (const std::string& path : options.scenes) scenes.push_back(bench::load_scene(path));
  return scenes;
}

}  // namespace voxloom::cli
