// voxloom convert: scans from one format to another; cropped, thinned, shifted, merged and split on the way.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/outputs.h"
#include "cli/part_names.h"
#include "cli/scan_options.h"
#include "cli/streams.h"
#include "cli/survey_options.h"
#include "io/formats.h"
#include "io/sidecar.h"
#include "voxloom/io.h"
#include "voxloom/survey.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

struct ConvertArguments {
  std::vector<std::string> files;  // IN OUT, or, with --merge, IN ...
  std::string merge, split;
  ScanOptions scan;
  SurveyOptions survey;
  std::string to, classification;
  std::string invalid = "error";
  bool wide = false, overwrite = false;
  std::string encoding = "binary";
};

const std::map<std::string, InvalidPoints> kInvalid = {
    {"error", InvalidPoints::error}, {"drop", InvalidPoints::drop}, {"keep", InvalidPoints::keep}};
const std::map<std::string, Encoding> kEncodings = {
    {"binary", Encoding::binary}, {"ascii", Encoding::ascii}, {"big-endian", Encoding::big_endian}};

struct Files {
  std::vector<std::string> inputs;
  std::string output;
};

Files files_of(const ConvertArguments& arguments) {
  if (!arguments.merge.empty()) return {arguments.files, arguments.merge};
  if (arguments.files.size() != 2) {
    throw BadUsage(
        fmt::format("expected a scan to read and one to write, got {} names; --merge OUT "
                    "puts several scans together",
                    arguments.files.size()));
  }
  return {{arguments.files[0]}, arguments.files[1]};
}

Scan read_input(const std::string& file, const ConvertArguments& arguments) {
  const OnNote note = note_on(shown_name(file));
  const ReadOptions how = read_options(arguments.scan, kInvalid.at(arguments.invalid), note);
  const std::vector<std::byte> bytes = file == kStream ? read_stdin() : std::vector<std::byte>();
  ScanReader reader =
      file == kStream ? ScanReader(bytes, shown_name(file), how) : ScanReader(file, how);
  CroppedScan read = read_cropped(reader, arguments.survey, note);
  if (read.not_finite > 0) {
    note(fmt::format("{} points that are not finite are left out", read.not_finite));
  }
  return std::move(read.scan);
}

Scan read_inputs(const Files& files, const ConvertArguments& arguments) {
  if (files.inputs.size() == 1) return read_input(files.inputs[0], arguments);
  std::vector<NamedScan> scans;
  for (const std::string& file : files.inputs) {
    scans.push_back({shown_name(file), read_input(file, arguments)});
  }
  return merge_scans(std::move(scans), note_on(files.output));
}

WriteOptions write_options_of(const ConvertArguments& arguments, const OnNote& note) {
  return {.format = scan_format_named(arguments.to),
          .encoding = kEncodings.at(arguments.encoding),
          .separator = separator_named(arguments.to),
          .classification = arguments.classification,
          .shift = true,
          .wide = arguments.wide,
          .on_note = note};
}

void report(const std::string& file, const Scan& scan) {
  std::string line = fmt::format("{}: {} points", file, scan.size());
  for (const Column& column : scan.attributes) line += ", " + column.name;
  fmt::print(report_stream(file), "{}\n", line);
}

std::optional<ScanFormat> format_of(const fs::path& file, const ConvertArguments& arguments) {
  const auto named = scan_format_named(arguments.to);
  return named ? named : scan_format_of(file);
}

// What would do nothing was meant for another format.
void require_use(const std::string& option, bool is_given, const std::string& file,
                 std::initializer_list<ScanFormat> formats, const ConvertArguments& arguments) {
  const auto format = format_of(file, arguments);
  if (!is_given || !format || std::ranges::find(formats, *format) != formats.end()) return;
  throw BadUsage(fmt::format("{} does nothing for {}", option, name_of(*format)));
}

void require_uses(const std::string& file, const ConvertArguments& arguments) {
  using enum ScanFormat;
  require_use("--double", arguments.wide, file, {pcd}, arguments);
  require_use("--classification", !arguments.classification.empty(), file, {las}, arguments);
  require_use("--encoding ascii", arguments.encoding == "ascii", file, {ply, pcd, text, ptx, pts},
              arguments);
  require_use("--encoding big-endian", arguments.encoding == "big-endian", file, {ply, pcd},
              arguments);
}

// Whether the output's format holds float32, so that far positions need a file that says where they are.
bool may_have_sidecar(const fs::path& file, const ConvertArguments& arguments) {
  if (file == kStream) return false;
  const auto format = format_of(file, arguments);
  return format && io::spec_of(*format).is_narrow;
}

// PCD and PTX hold where the sensor stood, which tells networks what lies how far.
void note_lost_sensor(const std::string& file, const Scan& scan,
                      const ConvertArguments& arguments) {
  const auto format = format_of(file, arguments);
  if (!scan.viewpoint || format == ScanFormat::pcd || format == ScanFormat::ptx) return;
  std::array<double, 3> place{};
  for (std::size_t axis = 0; axis < 3; ++axis) place.at(axis) = scan.viewpoint->at(axis)[3];
  if (scan.pose) place = transform(*scan.pose, place);
  if (place == std::array<double, 3>{0, 0, 0}) return;
  note_on(file)(fmt::format("the place of the sensor, {}, is not kept: {} has none for it",
                            fmt::join(place, " "), format ? name_of(*format) : "the format"));
}

void write_one(const std::string& file, const Scan& scan, const ConvertArguments& arguments) {
  write_scan_to(file, scan, write_options_of(arguments, note_on(file)));
  note_lost_sensor(file, scan, arguments);
  Outputs::mark(file);
  const fs::path sidecar = io::sidecar_of(file);
  if (may_have_sidecar(file, arguments) && io::is_sidecar(sidecar)) Outputs::mark(sidecar);
  report(file, scan);
}

void require_free(const Outputs& outputs, const fs::path& file, const ConvertArguments& arguments) {
  outputs.require_free(file);
  if (may_have_sidecar(file, arguments)) outputs.require_free(io::sidecar_of(file));
}

// Nothing is written before everything can be.
void write_parts(const Files& files, const Scan& scan, const Outputs& outputs,
                 const ConvertArguments& arguments) {
  const auto size = length_in(arguments.split);
  const std::vector<ScanPart> parts =
      size ? parts_by_tile(scan, *size) : parts_by_column(scan, arguments.split);
  std::vector<std::string> names;
  for (const ScanPart& part : parts) {
    names.push_back(part_name(files.output, part.name));
    require_free(outputs, names.back(), arguments);
    check_writable(names.back(), pick_points(scan, part.points), write_options_of(arguments, {}));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    write_one(names[i], pick_points(scan, parts[i].points), arguments);
  }
}

void convert(const ConvertArguments& arguments) {
  const Files files = files_of(arguments);
  const bool splits = !arguments.split.empty();
  if (splits && files.output == kStream) {
    throw BadUsage("--split-by writes several files: the standard output is one");
  }
  require_uses(files.output, arguments);
  const Outputs outputs({files.inputs.begin(), files.inputs.end()}, arguments.overwrite);
  if (!splits) {
    require_free(outputs, files.output, arguments);
    outputs.require_place(files.output);
  }
  Scan scan = read_inputs(files, arguments);
  thin(scan, arguments.survey, note_on(files.output));
  shift(scan, arguments.survey, note_on(files.output));
  if (splits) return write_parts(files, scan, outputs, arguments);
  write_one(files.output, scan, arguments);
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

void add_files(Options command, ConvertArguments& arguments) {
  command
      .add_option("files", arguments.files,
                  "The scan to read and the scan to write, whose ending tells the format; with "
                  "--merge\nall are read. - is the standard input, or, with --to, output")
      .required()
      .type_name("IN OUT");
  command
      .add_option("--merge", arguments.merge,
                  "Put all scans into this one, with the columns of all; what a scan lacks is said")
      .type_name("OUT");
  command
      .add_option(
          "--split-by", arguments.split,
          "Write several scans, OUT_6.las and so on: one for each value of a column of "
          "whole\nnumbers or words, or for each square of this size, named by its lower corner")
      .type_name("COLUMN|SIZE");
}

void add_writing(Options command, ConvertArguments& arguments) {
  add_format_option(command, "--to", arguments.to,
                    "The output's format; by default its name tells");
  command
      .add_option("--invalid", arguments.invalid,
                  "What to do with points that are not finite: error (the default), drop or keep")
      .check(one_of_keys(kInvalid))
      .type_name("POLICY");
  command
      .add_option("--encoding", arguments.encoding,
                  "binary (the default), ascii (PLY, PCD) or big-endian (PLY)")
      .check(one_of_keys(kEncodings))
      .type_name("ENCODING");
  add_overwrite_option(command, arguments.overwrite);
  command.add_flag("--double", arguments.wide,
                   "PCD: positions as float64, which PCL's own point types cannot read");
  command
      .add_option("--classification", arguments.classification,
                  "LAS: the attribute to write as the classification")
      .type_name("NAME");
}

}  // namespace

void add_convert(Options command) {
  const auto arguments = std::make_shared<ConvertArguments>();
  add_files(command, *arguments);
  add_read_options(command, arguments->scan);
  add_survey_options(command, arguments->survey);
  add_writing(command, *arguments);
  command.footer(
      "\nFormats:\n" + format_lines() +
      "What each of them keeps is told in docs/formats.md.\n"
      "\nScans are cropped as they are read, then merged, thinned, shifted and split.\n"
      "\nKITTI, nuScenes and PCD hold float32. What that cannot hold, as coordinates of a "
      "map, is\nwritten relative to a point that OUT.origin names beside it; voxloom reads it "
      "again.\n"
      "\nExamples:\n"
      "  voxloom convert 000008.bin 000008.ply\n"
      "  voxloom convert radar.bin radar.ply --fields x,y,z,rcs,_,time\n"
      "  zcat scan.ply.gz | voxloom convert - - --to pcd > scan.pcd\n"
      "  voxloom convert survey.csv survey.las --column x=easting,y=northing --drop comment\n"
      "  voxloom convert town.las mill.las --crop 448000 5411000 448200 5411150 --thin 0.1\n"
      "  voxloom convert a.las b.las c.las --merge all.las\n"
      "  voxloom convert town.las tiles/town.las --split-by 500\n");
  command.callback([arguments] { convert(*arguments); });
}

}  // namespace voxloom::cli
