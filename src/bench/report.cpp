#include "bench/report.h"

#include <fmt/core.h>

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

enum Groups : unsigned {
  kConv = 1,
  kMap = 2,
  kNet = 4,
  kTrain = 8,
  kProducts = kConv | kNet | kTrain,
  kAll = 15
};

unsigned group_of(const Record& record) {
  if (record.task.group == "train") return kTrain;
  return record.task.group == "conv" ? kConv : record.task.group == "map" ? kMap : kNet;
}

struct Column {
  std::string_view title;
  int width;  // negative: to the left
  unsigned groups;
  std::function<std::string(const Record&)> text;
};

template <typename Number>
std::string megabytes(const std::optional<Number>& bytes) {
  return bytes ? fmt::format("{:.1f}", static_cast<double>(*bytes) / kMega) : "";
}

std::string voxel_rate(const Record& r) {
  return fmt::format("{:.2f}", static_cast<double>(r.task.voxels) / r.seconds.median / kMega);
}

// Per thread, and as if nobody else used the machine.
std::string voxel_cpu_rate(const Record& r) {
  return fmt::format("{:.2f}", static_cast<double>(r.task.voxels) / r.cpu_seconds / kMega);
}

std::string bytes_per_pair(const Task& t) {
  if (!t.map_bytes || t.pairs == 0) return "";
  return fmt::format("{:.2f}", static_cast<double>(*t.map_bytes) / static_cast<double>(t.pairs));
}

std::string map_milliseconds(const Task& t) {
  return t.map_seconds ? milliseconds(*t.map_seconds) : "";
}

std::vector<Column> all_columns() {
  using R = const Record&;
  return {
      {"case", -24, kAll, [](R r) { return r.task.name; }},
      {"channels", 9, kProducts, [](R r) { return channels_of(r.task); }},
      {"type", 6, kProducts, [](R r) { return r.task.dtype; }},
      {"thr", 4, kAll, [](R r) { return std::to_string(r.threads); }},
      {"ms", 9, kAll, [](R r) { return milliseconds(r.seconds.median); }},
      {"+-%", 4, kAll, [](R r) { return spread(r.seconds); }},
      {"GFLOP/s", 8, kProducts, [](R r) { return when(r.task.flops > 0, r.gflops(), 1); }},
      {"peak%", 6, kProducts, [](R r) { return percent(r.peak_share); }},
      {"best%", 6, kProducts, [](R r) { return percent(r.best_share); }},
      {"cpu%", 6, kProducts, [](R r) { return percent(r.cpu_share); }},
      {"GB/s", 7, kConv, [](R r) { return when(r.task.bytes > 0, r.gbs(), 1); }},
      {"copy%", 6, kConv, [](R r) { return percent(r.copy_share); }},
      {"Mvox/s", 8, kMap, voxel_rate},
      {"per cpu", 8, kMap, voxel_cpu_rate},
      {"pairs/row", 10, kConv | kMap,
       [](R r) { return when(r.task.pairs > 0, pairs_per_row(r.task), 2); }},
      {"B/pair", 7, kMap, [](R r) { return bytes_per_pair(r.task); }},
      {"map MB", 8, kMap, [](R r) { return megabytes(r.task.map_bytes); }},
      {"map ms", 8, kConv, [](R r) { return map_milliseconds(r.task); }},
      {"first ms", 9, kAll, [](R r) { return milliseconds(r.first_seconds); }},
      {"+MB", 8, kAll, [](R r) { return megabytes(r.memory_added); }},
      {"kept MB", 8, kTrain, [](R r) { return megabytes(r.task.kept_bytes); }},
      {"peak MB", 8, kNet | kTrain, [](R r) { return megabytes(r.peak_memory); }},
  };
}

const std::vector<Column>& columns() {
  static const std::vector<Column> all = all_columns();
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
  put(json, "kept_bytes", t.kept_bytes);
  put(json, "memory_added", r.memory_added);
  put(json, "peak_memory", r.peak_memory);
  return json;
}

}  // namespace

std::string table_header(const Record& record) {
  std::string line;
  for (const Column& column : columns()) {
    if ((column.groups & group_of(record)) != 0) append(line, column.title, column.width);
  }
  return line;
}

std::string table_row(const Record& record) {
  std::string line;
  for (const Column& column : columns()) {
    if ((column.groups & group_of(record)) != 0) append(line, column.text(record), column.width);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string table_legend() {
  return "ms: median; +-%: half the distance between the quartiles. peak%: share of the float32\n"
         "multiply-add peak measured beside each repetition (median); best%: the fastest "
         "repetition\n"
         "against the highest peak; cpu%, per cpu: by processor time, not disturbed by others.\n"
         "copy%: share of the time that copying the compulsory bytes takes. map ms: set, index "
         "and\n"
         "map from unsorted rows. first ms, +MB: time and memory of the first call; a net's first "
         "call\n"
         "builds its maps. peak MB: the whole process. kept MB: what a training step keeps for "
         "its\n"
         "gradients; train cases build no maps.\n";
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
