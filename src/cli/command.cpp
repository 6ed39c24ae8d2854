#include "cli/command.h"

#include <vector>

#include "voxloom/io.h"

namespace voxloom::cli {

void add_threads_option(Options command, int& threads) {
  command.add_option("--threads", threads, "How many threads to use; 0, the default: all there are")
      .check(in_range(0, 4096))
      .type_name("N");
}

void add_format_option(Options command, const char* option, std::string& format, const char* help) {
  std::vector<std::string> names;
  for (const ScanFormatInfo& info : scan_formats()) names.emplace_back(info.name);
  command.add_option(option, format, help).check(one_of(names)).type_name("FORMAT");
}

}  // namespace voxloom::cli
