// voxloom view: a page that shows a point cloud in the browser.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/label_table.h"
#include "cli/scan_options.h"
#include "voxloom/io.h"
#include "voxloom/page.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostValues = 8;

struct Arguments {
  std::string cloud, out, title, labels, classes, from;
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

const Column* labels_of(const Scan& scan, const std::string& name) {
  if (!name.empty()) {
    const Column* column = scan.find(name);
    if (column != nullptr && column->components == 1) return column;
    throw std::runtime_error(fmt::format("the cloud has no attribute '{}' with one number", name));
  }
  for (const char* usual : {"label", "classification"}) {
    const Column* column = scan.find(usual);
    if (column != nullptr && column->components == 1 && !is_float(column->type())) return column;
  }
  return nullptr;
}

std::vector<viz::Color> colors_of(const Scan& scan) {
  const std::optional<ByteColours> bytes = byte_colours(scan);
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

// The attributes that are one number a point: intensity and confidence first.
std::vector<Value> values_of(const Scan& scan, const Column* labels) {
  std::vector<const Column*> columns;
  const std::set<std::string> colors = {"red", "green", "blue"};
  for (const Column& column : scan.attributes) {
    if (column.components == 1 && &column != labels && !colors.contains(column.name)) {
      columns.push_back(&column);
    }
  }
  std::stable_partition(columns.begin(), columns.end(), [](const Column* column) {
    return column->name == "intensity" || column->name == "confidence";
  });
  if (columns.size() > kMostValues) columns.resize(kMostValues);
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

void view(const Arguments& arguments) {
  const Scan scan = read_scan(arguments.cloud, {.format = scan_format_named(arguments.from),
                                                .invalid = InvalidPoints::drop});
  const Column* column = labels_of(scan, arguments.labels);
  PageLabels labels;
  if (column != nullptr) {
    labels = arguments.classes.empty() ? labels_by_name(*column)
                                       : labels_by(read_classes(arguments.classes), *column);
  }
  const std::vector<std::array<float, 3>> positions = positions_of(scan);
  const std::vector<viz::Color> colors = colors_of(scan);
  const std::vector<Value> values = values_of(scan, column);
  viz::PageCloud cloud{.positions = positions,
                       .classes = labels.classes,
                       .table = labels.table,
                       .colors = colors,
                       .origin = scan.origin};
  for (const Value& value : values) cloud.values.push_back({value.name, value.numbers});
  const std::string title =
      arguments.title.empty() ? fs::path(arguments.cloud).filename().string() : arguments.title;
  viz::write_page(arguments.out, cloud, {.title = title, .most_points = arguments.most_points});
  fmt::print("{}: {} points, {} bytes\n", arguments.out, scan.size(), fs::file_size(arguments.out));
}

}  // namespace

void add_view(Options command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("cloud", arguments->cloud, "The point cloud, in any format `convert` reads")
      .required()
      .type_name("CLOUD");
  command.add_option("--out", arguments->out, "The page to write")
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
  add_format_option(command, "--from", arguments->from,
                    "The cloud's format; by default its content tells, then its name");
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
