#include "cli/scan_options.h"

#include <fmt/format.h>

namespace voxloom::cli {

void add_format_option(Options command, const char* option, std::string& format, const char* help) {
  std::vector<std::string> names;
  for (const ScanFormatInfo& info : scan_formats()) names.emplace_back(info.name);
  command.add_option(option, format, help).check(one_of(names)).type_name("FORMAT");
}

void add_fields_option(Options command, std::vector<std::string>& fields) {
  command
      .add_option(
          "--fields", fields,
          "What the columns of text or of a .bin are, with commas between: x,y,z,intensity,...;\n"
          "_ passes one over. Numbers of a .bin are float32, or as in x:float64")
      .delimiter(',')
      .type_name("NAMES");
}

OnNote note_on(const std::string& file) {
  return [file](const std::string& note) { fmt::print(stderr, "voxloom: {}: {}\n", file, note); };
}

}  // namespace voxloom::cli
