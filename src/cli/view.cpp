// voxloom view: a page that shows a point cloud in the browser.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/data_config.h"
#include "cli/label_table.h"
#include "cli/outputs.h"
#include "cli/page_units.h"
#include "cli/scan_options.h"
#include "cli/streams.h"
#include "cli/truth_labels.h"
#include "core/finite.h"
#include "voxloom/io.h"
#include "voxloom/page.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUsualValues = 8, kMostValues = 16;  // of a page

// What every LAS file has: shown where nothing else is left to show.
constexpr auto kLasOwn = std::to_array<std::string_view>(
    {"return_number", "number_of_returns", "synthetic", "key_point", "withheld", "overlap",
     "scan_direction_flag", "edge_of_flight_line", "scanner_channel", "user_data", "scan_angle",
     "scan_angle_rank", "point_source_id", "gps_time"});

struct ViewArguments {
  bool overwrite = false;
  std::string cloud, out, title, labels, classes, truth, unit;
  ScanOptions scan;
  std::vector<std::string> attributes;
  std::int64_t most_points = viz::PageOptions{}.most_points;
};

// Relative to the scan's origin.
std::vector<std::array<float, 3>> positions_of(const Scan& scan) {
  std::vector<std::array<float, 3>> positions(scan.positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      positions[i].at(axis) = static_cast<float>(scan.positions[i].at(axis));
    }
  }
  return positions;
}

std::vector<viz::Color> colors_of(const Scan& scan) {
  const std::optional<ByteColours> bytes = byte_colours(scan, StrayColours::clamp);
  std::vector<viz::Color> colors;
  for (std::size_t i = 0; bytes && i < (*bytes)[0].size(); ++i) {
    colors.push_back({(*bytes)[0][i], (*bytes)[1][i], (*bytes)[2][i]});
  }
  return colors;
}

struct Value {
  std::string name;
  std::vector<float> numbers;
};

// Intensity and confidence first, then what the file has of its own, then what every LAS file has.
int rank_of(const Column& column) {
  if (column.name == "intensity" || column.name == "confidence") return 0;
  return std::ranges::find(kLasOwn, column.name) == kLasOwn.end() ? 1 : 2;
}

// All but what the points have as classes.
std::vector<const Column*> usual_columns(const Scan& scan, const std::set<std::string>& classes,
                                         const OnNote& note) {
  std::vector<const Column*> columns;
  const std::set<std::string> colors = {"red", "green", "blue"};
  std::string texts;
  for (const Column& column : scan.attributes) {
    if (column.is_text()) {
      texts += (texts.empty() ? "" : ", ") + column.name;
    } else if (column.components == 1 && !classes.contains(column.name) &&
               !colors.contains(column.name)) {
      columns.push_back(&column);
    }
  }
  if (!texts.empty()) note(fmt::format("a page shows numbers, not the text of {}", texts));
  std::ranges::stable_sort(columns, {}, [](const Column* column) { return rank_of(*column); });
  if (columns.size() <= kUsualValues) return columns;
  std::string rest;
  for (std::size_t i = kUsualValues; i < columns.size(); ++i) {
    rest += (rest.empty() ? "" : ", ") + columns[i]->name;
  }
  note(fmt::format("not shown: {}; --attributes chooses", rest));
  columns.resize(kUsualValues);
  return columns;
}

std::vector<const Column*> chosen_columns(const Scan& scan, const std::vector<std::string>& names) {
  if (names.size() > kMostValues) {
    throw BadUsage(
        fmt::format("{} attributes; a page shows at most {}", names.size(), kMostValues));
  }
  std::vector<const Column*> columns;
  for (const std::string& name : names) columns.push_back(&single_column(scan, name));
  return columns;
}

std::vector<Value> values_of(const std::vector<const Column*>& columns) {
  std::vector<Value> values;
  for (const Column* column : columns) {
    Value value{column->name, {}};
    for (std::int64_t i = 0; i < column->points(); ++i) {
      value.numbers.push_back(static_cast<float>(column->as_double(i)));
    }
    values.push_back(std::move(value));
  }
  return values;
}

std::string problem_of_unit(const std::string& unit) {
  constexpr std::size_t kLongest = 16;
  return unit.size() <= kLongest ? "" : fmt::format("'{}' is no short name of a unit", unit);
}

// A page by another name is opened by what cannot show it.
void refuse_other_names(const std::string& out) {
  constexpr auto kPictures = std::to_array<std::string_view>(
      {".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".tif", ".tiff", ".pdf"});
  const std::string ending = fs::path(out).extension().string();
  const bool is_picture = std::ranges::find(kPictures, ending) != kPictures.end();
  if (!is_picture && !scan_format_of(out)) return;
  throw BadUsage(
      fmt::format("'{}' is the name of a {}, and view writes a page: call it {}.html; {}", out,
                  is_picture ? "picture" : "scan", fs::path(out).stem().string(),
                  is_picture ? "segment draws pictures" : "convert writes scans"));
}

Scan read_cloud(const ViewArguments& arguments, const OnNote& note) {
  // A file of labels has one for each point, whether that is finite or not; the page leaves out those that are not.
  const InvalidPoints invalid = arguments.truth.empty() ? InvalidPoints::drop : InvalidPoints::keep;
  Scan scan = read_scan_from(arguments.cloud, read_options(arguments.scan, invalid, note));
  const auto left_out =
      std::ranges::count_if(scan.positions, [](const auto& p) { return !is_finite(p); });
  if (left_out > 0) note(fmt::format("{} points that are not finite are left out", left_out));
  return scan;
}

// What LAS files count in, where it is the same on all axes.
double precision_of(const Scan& scan) {
  if (!scan.quantization) return 0;
  const std::array<double, 3>& scale = scan.quantization->scale;
  return scale[0] == scale[1] && scale[1] == scale[2] ? scale[0] : 0;
}

// The classes of a page by both labellings.
struct Classes {
  PageTable table;
  std::vector<std::int32_t> labels, truth = {};
  std::string truth_name = {};
};

PageTable table_of(const ViewArguments& arguments, const Scan& scan, const Column& labels,
                   const OnNote& note) {
  return arguments.classes.empty() ? legend_for(arguments.cloud, labels, scan.comments, note)
                                   : PageTable(class_table(arguments.classes));
}

std::optional<Classes> classes_of(const ViewArguments& arguments, const Scan& scan,
                                  const OnNote& note) {
  const Column* labels = labels_of(scan, arguments.labels);
  if (labels == nullptr) {
    for (const auto& [option, given] :
         {std::pair("--classes", &arguments.classes), std::pair("--truth", &arguments.truth)}) {
      if (given->empty()) continue;
      throw std::runtime_error(fmt::format(
          "there are no labels that {} could tell of: no label or classification of whole "
          "numbers; --labels names them",
          option));
    }
    return std::nullopt;
  }
  Classes classes{.table = table_of(arguments, scan, *labels, note), .labels = {}};
  const std::optional<Column> truth =
      arguments.truth.empty() ? usual_truth(scan, *labels) : truth_named(scan, arguments.truth);
  if (truth && (!arguments.truth.empty() || classes.table.knows_all(*truth))) {
    classes.table.add_unknown(*truth);
    classes.truth = classes.table.places_of(*truth);
    classes.truth_name = truth->name;
  } else if (truth) {
    note(fmt::format("{} has other labels than {}; --truth {} compares them all the same",
                     truth->name, labels->name, truth->name));
  }
  classes.labels = classes.table.places_of(*labels);
  return classes;
}

void view(const ViewArguments& arguments) {
  refuse_other_names(arguments.out);
  Outputs({arguments.cloud, arguments.truth}, arguments.overwrite).require_place(arguments.out);
  const OnNote note = note_on(shown_name(arguments.cloud));
  const Scan scan = read_cloud(arguments, note);
  const std::optional<Classes> classes = classes_of(arguments, scan, note);
  const std::vector<std::array<float, 3>> positions = positions_of(scan);
  const std::vector<viz::Color> colors = colors_of(scan);
  const Column* labels = labels_of(scan, arguments.labels);
  std::set<std::string> of_classes;
  if (classes) of_classes = {labels->name, classes->truth_name};
  const std::vector<Value> values =
      values_of(arguments.attributes.empty() ? usual_columns(scan, of_classes, note)
                                             : chosen_columns(scan, arguments.attributes));
  viz::PageCloud cloud{.positions = positions,
                       .classes = {},
                       .colors = colors,
                       .origin = scan.origin,
                       .precision = precision_of(scan),
                       .units = arguments.unit.empty()
                                    ? page_units(scan)
                                    : std::array{arguments.unit, arguments.unit}};
  if (classes) {
    cloud.classes = classes->labels;
    cloud.table = classes->table.classes();
    cloud.other_classes = classes->truth;
    if (!classes->truth_name.empty()) cloud.class_names = {labels->name, classes->truth_name};
  }
  for (const Value& value : values) cloud.values.push_back({value.name, value.numbers});
  const std::string title = arguments.title.empty()
                                ? fs::path(shown_name(arguments.cloud)).filename().string()
                                : arguments.title;
  const viz::PageOptions options{.title = title, .most_points = arguments.most_points};
  const std::string page = viz::format_page(cloud, options);
  write_text_to(arguments.out, page);
  if (arguments.out == kStream) return;
  fmt::print(report_stream(arguments.out), "{}: {} points, {} bytes\n", arguments.out, scan.size(),
             page.size());
}

}  // namespace

void add_view(Options command) {
  const auto arguments = std::make_shared<ViewArguments>();
  command
      .add_option("cloud", arguments->cloud,
                  "The point cloud, in any format `convert` reads; - is the standard input")
      .required()
      .type_name("CLOUD");
  command.add_option("-o,--out", arguments->out, "The page to write; - is the standard output")
      .required()
      .type_name("PAGE.html");
  command.add_option("--title", arguments->title, "The page's title; by default the file's name")
      .type_name("TEXT");
  command
      .add_option("--labels", arguments->labels,
                  "The attribute that holds classes; by default label or classification")
      .type_name("NAME");
  command
      .add_option("--classes", arguments->classes,
                  "The table of classes: names, colours and labels, see docs/simulator.md")
      .type_name("FILE.json");
  command
      .add_option("--truth", arguments->truth,
                  "What to compare the labels with: an attribute, or a file of the same points, a\n"
                  ".label or a cloud with a label; by default truth, ground_truth or label_2,\n"
                  "which is what `segment` calls labels that its input had")
      .type_name("NAME|FILE");
  command
      .add_option("--unit", arguments->unit,
                  "The unit of the coordinates, m say; by default that of the coordinate\n"
                  "system that the file names, or none")
      .check(Check(problem_of_unit))
      .type_name("TEXT");
  command
      .add_option("--max-points", arguments->most_points,
                  "Of a larger cloud show an even choice of so many points")
      .capture_default_str()
      .check(in_range(std::int64_t{1}, std::int64_t{20'000'000}))
      .type_name("N");
  command
      .add_option(
          "--attributes", arguments->attributes,
          "What the points can be coloured by, at most 16, with commas between; by default\n"
          "the first eight that the file has, those that every LAS file has last")
      .delimiter(',')
      .type_name("NAMES");
  add_overwrite_option(command, arguments->overwrite);
  add_read_options(command, arguments->scan);
  command.footer(
      "\nThe page is one file that needs no network: open it in any browser of 2023 or later. It\n"
      "turns, zooms, colours by class, height, the points' own colour or any attribute, hides and\n"
      "finds classes, tells of a point what is known of it, measures, saves pictures, and shows\n"
      "two colourings side by side, labels and truth with their differences too. Points that are\n"
      "not finite are left out.\n"
      "\nExamples:\n"
      "  voxloom view labelled/000008.ply --out 000008.html\n"
      "  voxloom view labelled/000008.ply --truth labels/000008.label --out compared.html\n");
  command.callback([arguments] { view(*arguments); });
}

}  // namespace voxloom::cli
