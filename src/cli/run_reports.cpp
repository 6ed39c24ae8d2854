#include "cli/run_reports.h"

#include <nlohmann/json.hpp>

#include "cli/event_log.h"
#include "cli/metrics_table.h"
#include "core/atomic_file.h"

namespace voxloom::cli {
namespace {

void write_whole(const std::filesystem::path& path, const std::string& bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace

RunCurves write_run_reports(const RunFolder& folder) {
  RunCurves curves;
  MetricsTable table;
  EventLog events;
  folder.for_each_metric([&](const nlohmann::ordered_json& line) {
    curves.add(line);
    table.add(line);
    events.add(line);
  });
  if (curves.empty()) return curves;
  write_whole(folder.table(), table.csv());
  write_whole(folder.events(), events.bytes());
  viz::write_png(folder.curves(), curves.picture());
  return curves;
}

}  // namespace voxloom::cli
