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
#include <vector>

#include "cli/command.h"
#include "cli/label_table.h"
#include "cli/outputs.h"
#include "cli/scan_options.h"
#include "cli/streams.h"
#include "cli/train_config.h"
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
  std::string cloud, out, title, labels, classes;
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

const Column& single_column(const Scan& scan, const std::string& name) {
  const Column* column = scan.find(name);
  if (column != nullptr && column->components == 1) return *column;
  throw std::runtime_error(fmt::format("the cloud has no attribute '{}' with one number", name));
}

const Column* labels_of(const Scan& scan, const std::string& name) {
  if (!name.empty()) return &single_column(scan, name);
  for (const char* usual : {"label", "classification"}) {
    const Column* column = scan.find(usual);
    if (column != nullptr && column->components == 1 && !is_float(column->type())) return column;
  }
  return nullptr;
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

std::vector<const Column*> usual_columns(const Scan& scan, const Column* labels,
                                         const OnNote& note) {
  std::vector<const Column*> columns;
  const std::set<std::string> colors = {"red", "green", "blue"};
  for (const Column& column : scan.attributes) {
    if (column.components == 1 && &column != labels && !colors.contains(column.name)) {
      columns.push_back(&column);
    }
  }
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

void view(const ViewArguments& arguments) {
  refuse_other_names(arguments.out);
  Outputs({arguments.cloud}, arguments.overwrite).require_place(arguments.out);
  const Scan scan = read_scan_from(
      arguments.cloud,
      read_options(arguments.scan, InvalidPoints::drop, note_on(shown_name(arguments.cloud))));
  const Column* column = labels_of(scan, arguments.labels);
  if (column == nullptr && !arguments.classes.empty()) {
    throw std::runtime_error(
        "there are no labels that --classes could tell of: no label or classification of whole "
        "numbers; --labels names them");
  }
  PageLabels labels;
  if (column != nullptr) {
    labels = arguments.classes.empty() ? labels_by_legend(arguments.cloud, *column, scan.comments,
                                                          note_on(shown_name(arguments.cloud)))
                                       : labels_by(class_table(arguments.classes), *column);
  }
  const std::vector<std::array<float, 3>> positions = positions_of(scan);
  const std::vector<viz::Color> colors = colors_of(scan);
  const std::vector<Value> values =
      values_of(arguments.attributes.empty()
                    ? usual_columns(scan, column, note_on(shown_name(arguments.cloud)))
                    : chosen_columns(scan, arguments.attributes));
  viz::PageCloud cloud{.positions = positions,
                       .classes = labels.classes,
                       .table = labels.table,
                       .colors = colors,
                       .origin = scan.origin};
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
      "turns, zooms, colours by class, height, the points' own colour or any attribute, hides\n"
      "classes, and tells of a point what is known of it. Points that are not finite are left "
      "out.\n"
      "\nExample:\n"
      "  voxloom view labelled/000008.ply --out 000008.html\n");
  command.callback([arguments] { view(*arguments); });
}

}  // namespace voxloom::cli
