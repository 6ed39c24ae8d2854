#include "cli/scan_options.h"

#include <fmt/format.h>

namespace voxloom::cli {
namespace {

// "ROLE=NAME"; what a check says of it, or nothing.
std::string problem_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool fits = equals != std::string::npos && equals > 0 && equals + 1 < text.size();
  return fits ? "" : fmt::format("'{}' is not like intensity=reflectivity", text);
}

std::vector<ColumnRole> roles_of(const std::vector<std::string>& columns) {
  std::vector<ColumnRole> roles;
  for (const std::string& text : columns) {
    if (const std::string problem = problem_of(text); !problem.empty()) throw BadUsage(problem);
    const std::size_t equals = text.find('=');
    roles.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return roles;
}

}  // namespace

bool says_something(const ScanOptions& options) {
  return !options.from.empty() || !options.fields.empty() || !options.columns.empty() ||
         !options.drop.empty() || !options.keep.empty() || options.intensity_range ||
         options.strict;
}

void refuse_of_made(const ScanOptions& options) {
  if (!says_something(options)) return;
  throw BadUsage(
      "the data are simulated: --from, --fields, --column, --drop, --keep, "
      "--intensity-range and --strict are for files");
}

void add_format_option(Options command, const char* option, std::string& format, const char* help) {
  command.add_option(option, format, help).check(one_of(scan_format_names())).type_name("FORMAT");
}

void add_read_options(Options command, ScanOptions& options) {
  add_format_option(command, "--from", options.from,
                    "The scans' format; by default their content tells, then their names");
  command
      .add_option(
          "--fields", options.fields,
          "What the columns of text or of a .bin are, with commas between: x,y,z,intensity,...;\n"
          "_ passes one over. Numbers of a .bin are float32, or as in x:float64")
      .delimiter(',')
      .type_name("NAMES");
  command
      .add_option("--column", options.columns,
                  "The column NAME is read as ROLE, as in intensity=reflectivity or x=easting,\n"
                  "whatever the columns are called; several with commas between")
      .delimiter(',')
      .check(Check(problem_of))
      .type_name("ROLE=NAME");
  command.add_option("--drop", options.drop, "Columns to leave out, with commas between")
      .delimiter(',')
      .type_name("NAMES");
  command.add_option("--keep", options.keep, "The only columns to keep beside x, y and z")
      .delimiter(',')
      .type_name("NAMES");
}

void add_input_options(Options command, ScanOptions& options) {
  command
      .add_option("--intensity-range", options.intensity_range,
                  "What no intensity and a full one are in the scans; by default what the format\n"
                  "says, the type, or most of the values, see docs/formats.md")
      .type_name("LO HI");
  command.add_flag("--strict", options.strict,
                   "Refuse scans that lack what the network reads, or where a value of it is not\n"
                   "finite, instead of taking 0");
}

void add_votes_option(Options command, int& votes) {
  command
      .add_option(
          "--votes", votes,
          "Label each scan so many times, turned and mirrored, and take what most say; it takes\n"
          "so many times as long. Default 1")
      .check(in_range(1, 64))
      .type_name("N");
}

ReadOptions read_options(const ScanOptions& options, InvalidPoints invalid, const OnNote& note) {
  ReadOptions read{.format = scan_format_named(options.from),
                   .invalid = invalid,
                   .fields = options.fields,
                   .columns = roles_of(options.columns),
                   .drop = options.drop,
                   .on_note = note};
  if (!options.keep.empty()) read.keep = options.keep;
  return read;
}

InputOptions input_options(const ScanOptions& options, const OnNote& note) {
  InputOptions input{.strict = options.strict, .on_note = note};
  if (options.intensity_range) {
    input.intensity_range = {(*options.intensity_range)[0], (*options.intensity_range)[1]};
  }
  return input;
}

OnNote note_on(const std::string& file) {
  return [file](const std::string& note) { fmt::print(stderr, "voxloom: {}: {}\n", file, note); };
}

std::string range_text(const Interval& range) {
  return fmt::format("{}..{}", range.low, range.high);
}

}  // namespace voxloom::cli
