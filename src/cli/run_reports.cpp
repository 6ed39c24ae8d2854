#include "cli/run_reports.h"

#include <nlohmann/json.hpp>

#include "cli/event_log.h"
#include "cli/metrics_table.h"
#include "cli/streams.h"

namespace voxloom::cli {

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
  write_text_to(folder.table().string(), table.csv());
  write_text_to(folder.events().string(), events.bytes());
  viz::write_png(folder.curves(), curves.picture());
  return curves;
}

}  // namespace voxloom::cli
