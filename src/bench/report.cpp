#include "bench/report.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>

#include "voxloom/version.h"

namespace voxloom::bench {
namespace {

using nlohmann::ordered_json;

constexpr double kMega = 1e6;

std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f}", *share * 100) : "";
}

std::string channels_of(const Task& task) {
  return task.in_channels == 0 ? "" : fmt::format("{}->{}", task.in_channels, task.out_channels);
}

double pairs_per_row(const Task& task) {
  return task.rows_out == 0 ? 0.0
                            : static_cast<double>(task.pairs) / static_cast<double>(task.rows_out);
}

std::string when(bool there, double value, int digits) {
  return there ? fmt::format("{:.{}f}", value, digits) : "";
}

// Four digits or so, whatever the size.
std::string milliseconds(double seconds) {
  const double ms = seconds * 1e3;
  return fmt::format("{:.{}f}", ms, ms < 10 ? 3 : ms < 100 ? 2 : 1);
}

// Half the distance between the quartiles, as a share of the median.
std::string spread(const Spread& s) {
  return s.median > 0 ? fmt::format("{:.0f}", 50 * (s.high - s.low) / s.median) : "";
}

struct Column {
  std::string_view title;
  int width;  // negative: to the left
  std::function<std::string(const Record&)> text;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all = {
      {"case", -24, [](const Record& r) { return r.task.name; }},
      {"channels", 9, [](const Record& r) { return channels_of(r.task); }},
      {"type", 7, [](const Record& r) { return r.task.dtype; }},
      {"thr", 4, [](const Record& r) { return std::to_string(r.threads); }},
      {"ms", 9, [](const Record& r) { return milliseconds(r.seconds.median); }},
      {"+-%", 4, [](const Record& r) { return spread(r.seconds); }},
      {"GFLOP/s", 8, [](const Record& r) { return when(r.task.flops > 0, r.gflops(), 1); }},
      {"peak%", 6, [](const Record& r) { return percent(r.peak_share); }},
      {"best%", 6, [](const Record& r) { return percent(r.best_share); }},
      {"cpu%", 6, [](const Record& r) { return percent(r.cpu_share); }},
      {"GB/s", 7, [](const Record& r) { return when(r.task.bytes > 0, r.gbs(), 1); }},
      {"copy%", 6, [](const Record& r) { return percent(r.copy_share); }},
      {"pairs/row", 10,
       [](const Record& r) { return when(r.task.pairs > 0, pairs_per_row(r.task), 2); }},
      {"Mvox/s", 7,
       [](const Record& r) {
         return when(r.task.voxels > 0,
                     static_cast<double>(r.task.voxels) / r.seconds.median / kMega, 2);
       }},
      {"map ms", 8,
       [](const Record& r) {
         return r.task.map_seconds ? milliseconds(*r.task.map_seconds) : std::string();
       }},
      {"+MB", 8,
       [](const Record& r) {
         return when(r.memory_added.has_value(),
                     static_cast<double>(r.memory_added.value_or(0)) / kMega, 1);
       }},
  };
  return all;
}

void append(std::string& line, std::string_view text, int width) {
  line += width < 0 ? fmt::format("{:<{}}", text, -width) : fmt::format("{:>{}}", text, width);
}

template <typename T>
void put(ordered_json& to, const char* key, const std::optional<T>& value) {
  if (value) to[key] = *value;
}

ordered_json to_json(const Spread& s) {
  return {
      {"median", s.median}, {"low", s.low}, {"high", s.high}, {"least", s.least}, {"most", s.most}};
}

ordered_json to_json(const Record& r) {
  const Task& t = r.task;
  ordered_json json = {{"group", t.group},
                       {"case", t.name},
                       {"scene", t.scene},
                       {"dtype", t.dtype},
                       {"in_channels", t.in_channels},
                       {"out_channels", t.out_channels},
                       {"threads", r.threads},
                       {"rows_in", t.rows_in},
                       {"rows_out", t.rows_out},
                       {"pairs", t.pairs},
                       {"pairs_per_row", pairs_per_row(t)},
                       {"repetitions", r.repetitions},
                       {"seconds", to_json(r.seconds)},
                       {"cpu_seconds", r.cpu_seconds},
                       {"first_seconds", r.first_seconds},
                       {"peak_gflops", r.peak_gflops}};
  if (t.flops > 0) json.update({{"flops", t.flops}, {"gflops", r.gflops()}});
  if (t.bytes > 0) {
    json.update({{"bytes", t.bytes}, {"gbs", r.gbs()}, {"copy_gbs", r.copy_gbs}});
  }
  if (t.voxels > 0) {
    json["voxels_per_second"] = static_cast<double>(t.voxels) / r.seconds.median;
  }
  put(json, "peak_share", r.peak_share);
  put(json, "best_share", r.best_share);
  put(json, "cpu_share", r.cpu_share);
  put(json, "copy_share", r.copy_share);
  put(json, "map_seconds", t.map_seconds);
  put(json, "map_bytes", t.map_bytes);
  put(json, "memory_added", r.memory_added);
  put(json, "peak_memory", r.peak_memory);
  return json;
}

}  // namespace

std::string table_header() {
  std::string line;
  for (const Column& column : columns()) append(line, column.title, column.width);
  return line;
}

std::string table_row(const Record& record) {
  std::string line;
  for (const Column& column : columns()) append(line, column.text(record), column.width);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string table_legend() {
  return "ms: median; +-%: half the distance between the quartiles. peak%: share of the float32\n"
         "multiply-add peak measured beside each repetition (median); best%: the fastest "
         "repetition\n"
         "against the highest peak; cpu%: by processor time, which other programs do not disturb.\n"
         "copy%: share of the time that copying the compulsory bytes takes. map ms: set, index "
         "and\n"
         "map from unsorted rows. +MB: memory added by the first call.\n";
}

std::string to_json(const Machine& machine, const std::vector<Record>& records) {
  ordered_json list = ordered_json::array();
  for (const Record& record : records) list.push_back(to_json(record));
  const ordered_json json = {
      {"voxloom", version()},
      {"machine", {{"cpu", machine.cpu}, {"isa", machine.isa}, {"cores", machine.cores}}},
      {"records", list}};
  std::string text = json.dump(2);
  text += '\n';
  return text;
}

}  // namespace voxloom::bench
