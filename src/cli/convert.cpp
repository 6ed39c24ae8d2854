// voxloom convert: a scan from one format to another.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/outputs.h"
#include "cli/scan_options.h"
#include "cli/streams.h"
#include "io/sidecar.h"
#include "voxloom/io.h"

namespace voxloom::cli {
namespace {

struct ConvertArguments {
  std::string input, output;
  ScanOptions scan;
  std::string to, classification;
  std::string invalid = "error";
  bool wide = false, overwrite = false;
  std::string encoding = "binary";
};

const std::map<std::string, InvalidPoints> kInvalid = {
    {"error", InvalidPoints::error}, {"drop", InvalidPoints::drop}, {"keep", InvalidPoints::keep}};
const std::map<std::string, Encoding> kEncodings = {
    {"binary", Encoding::binary}, {"ascii", Encoding::ascii}, {"big-endian", Encoding::big_endian}};

void convert(const ConvertArguments& arguments) {
  const Outputs outputs({arguments.input}, arguments.overwrite);
  outputs.require_free(arguments.output);
  if (arguments.output != kStream) outputs.require_free(io::sidecar_of(arguments.output));
  const Scan scan =
      read_scan_from(arguments.input, read_options(arguments.scan, kInvalid.at(arguments.invalid),
                                                   note_on(shown_name(arguments.input))));
  write_scan_to(arguments.output, scan,
                {.format = scan_format_named(arguments.to),
                 .encoding = kEncodings.at(arguments.encoding),
                 .classification = arguments.classification,
                 .shift = true,
                 .wide = arguments.wide,
                 .on_note = note_on(arguments.output)});
  Outputs::mark(arguments.output);
  Outputs::mark(io::sidecar_of(arguments.output));
  std::string line = fmt::format("{}: {} points", arguments.output, scan.size());
  for (const Column& column : scan.attributes) line += ", " + column.name;
  fmt::print(report_stream(arguments.output), "{}\n", line);
}

// A line of help for each format.
std::string format_lines() {
  std::string lines;
  for (const ScanFormatInfo& info : scan_formats()) {
    lines += fmt::format("  {:<9} {}{}\n", info.name, fmt::join(info.endings, " "),
                         info.is_written ? "" : " (read only)");
  }
  return lines;
}

}  // namespace

void add_convert(Options command) {
  const auto arguments = std::make_shared<ConvertArguments>();
  command.add_option("input", arguments->input, "The scan to read; - is the standard input")
      .required()
      .type_name("IN");
  command
      .add_option(
          "output", arguments->output,
          "The scan to write; its ending tells the format. - is the standard output, with --to")
      .required()
      .type_name("OUT");
  add_read_options(command, arguments->scan);
  add_format_option(command, "--to", arguments->to,
                    "The output's format; by default its name tells");
  command
      .add_option("--invalid", arguments->invalid,
                  "What to do with points that are not finite: error (the default), drop or keep")
      .check(one_of_keys(kInvalid))
      .type_name("POLICY");
  command
      .add_option("--encoding", arguments->encoding,
                  "binary (the default), ascii (PLY, PCD) or big-endian (PLY)")
      .check(one_of_keys(kEncodings))
      .type_name("ENCODING");
  add_overwrite_option(command, arguments->overwrite);
  command.add_flag("--double", arguments->wide,
                   "PCD: positions as float64, which PCL's own point types cannot read");
  command
      .add_option("--classification", arguments->classification,
                  "LAS: the attribute to write as the classification")
      .type_name("NAME");
  command.footer(
      "\nFormats:\n" + format_lines() +
      "What each of them keeps is told in docs/formats.md.\n"
      "\nKITTI, nuScenes and PCD hold float32. What that cannot hold, as coordinates of a "
      "map, is\nwritten relative to a point that OUT.origin names beside it; voxloom reads it "
      "again.\n"
      "\nExamples:\n"
      "  voxloom convert 000008.bin 000008.ply\n"
      "  voxloom convert radar.bin radar.ply --fields x,y,z,rcs,_,time\n"
      "  zcat scan.ply.gz | voxloom convert - - --to pcd > scan.pcd\n"
      "  voxloom convert survey.csv survey.las --column x=easting,y=northing --drop comment\n");
  command.callback([arguments] { convert(*arguments); });
}

}  // namespace voxloom::cli
