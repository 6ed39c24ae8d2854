// voxloom voxelize: a scan onto a grid, as arrays.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/outputs.h"
#include "cli/scan_options.h"
#include "cli/streams.h"
#include "cli/survey_options.h"
#include "voxloom/io.h"
#include "voxloom/points.h"
#include "voxloom/safetensors.h"

namespace voxloom::cli {
namespace {

struct VoxelizeArguments {
  std::string input, output;
  double size = 0;
  std::optional<std::array<double, 3>> origin = {};
  std::vector<std::string> features;
  ScanOptions scan;
  std::string reduction = "mean";
  bool drop_invalid = false, overwrite = false;
};

const std::map<std::string, Reduction> kReductions = {{"mean", Reduction::mean},
                                                      {"sum", Reduction::sum},
                                                      {"max", Reduction::max},
                                                      {"first", Reduction::first}};

// Features are float32. What that cannot hold at all is an error; what is no number, or of times and the like hardly
// anything, is said.
void look_at_feature(const Column& column, const OnNote& note) {
  constexpr double kSteps = 4096;  // of a range, that are enough
  std::int64_t not_finite = 0;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  bool is_rounded = false;
  const std::int64_t values = column.points() * column.components;
  for (std::int64_t i = 0; i < values; ++i) {
    const double value = column.as_double(i);
    if (!std::isfinite(value)) {
      ++not_finite;
      continue;
    }
    if (std::abs(value) > std::numeric_limits<float>::max()) {
      throw std::invalid_argument(fmt::format("{} of point {} is {}: float32 does not hold it",
                                              column.name, i / column.components, value));
    }
    low = std::min(low, value);
    high = std::max(high, value);
    is_rounded = is_rounded || static_cast<double>(static_cast<float>(value)) != value;
  }
  if (not_finite > 0) {
    note(fmt::format("{} values of {} are not finite, and so are the features of their voxels",
                     not_finite, column.name));
  }
  const double step = std::max(std::abs(low), std::abs(high)) *
                      static_cast<double>(std::numeric_limits<float>::epsilon());
  if (is_rounded && high > low && step * kSteps > high - low) {
    note(fmt::format("float32 keeps {} to {:.2g}, of a range of {:.2g}", column.name, step,
                     high - low));
  }
}

void voxelize_file(const VoxelizeArguments& arguments) {
  Outputs({arguments.input}, arguments.overwrite).require_place(arguments.output);
  const Scan scan = read_scan_from(
      arguments.input,
      read_options(arguments.scan,
                   arguments.drop_invalid ? InvalidPoints::drop : InvalidPoints::error,
                   note_on(shown_name(arguments.input))));
  std::vector<std::string> names = arguments.features;
  if (names.empty() && scan.find("intensity") != nullptr) names = {"intensity"};
  for (const std::string& name : names) {
    const Column* column = scan.find(name);
    if (column != nullptr) look_at_feature(*column, note_on(shown_name(arguments.input)));
  }
  const std::array<double, 3> origin = arguments.origin.value_or(cell_origin(scan, arguments.size));
  if (!arguments.origin && origin != std::array<double, 3>{0, 0, 0}) {
    note_on(shown_name(arguments.input))(
        fmt::format("is far from 0: voxel (0,0,0) begins at {}", fmt::join(origin, " ")));
  }
  // In float64: what float32 rounds would fall into other voxels far away than near 0.
  const Voxelized voxels = sparse_from_points(
      to_cells(scan, arguments.size, origin), names.empty() ? Tensor{} : to_features(scan, names),
      names.empty() ? Reduction::count : kReductions.at(arguments.reduction));
  const TensorMap tensors = {{"coords", voxels.tensor.coords().to_tensor()},
                             {"features", voxels.tensor.features()},
                             {"row_of_point", Tensor::from(voxels.row_of_point, {scan.size()})}};
  const MetadataMap facts = {
      {"voxel_size", fmt::format("{}", arguments.size)},
      {"origin", fmt::format("{}", fmt::join(origin, " "))},
      {"features", names.empty() ? "count" : fmt::format("{}", fmt::join(names, " "))}};
  if (arguments.output == kStream) {
    write_bytes_to_stdout(format_safetensors(tensors, facts));
  } else {
    write_safetensors(arguments.output, tensors, facts);
    Outputs::mark(arguments.output);
  }
  fmt::print(report_stream(arguments.output), "{}: {} points, {} voxels\n", arguments.output,
             scan.size(), voxels.tensor.rows());
}

}  // namespace

void add_voxelize(Options command) {
  const auto arguments = std::make_shared<VoxelizeArguments>();
  command.add_option("input", arguments->input, "The scan to read; - is the standard input")
      .required()
      .type_name("IN");
  command
      .add_option("output", arguments->output,
                  "The safetensors file to write; - is the standard output")
      .required()
      .type_name("OUT");
  command.add_option("--size", arguments->size, "The edge of a voxel, in the scan's unit")
      .required()
      .check(Check(problem_of_length))
      .type_name("LENGTH");
  command
      .add_option("--origin", arguments->origin,
                  "The corner of voxel (0,0,0); by default 0 0 0, and for\n"
                  "a scan far away, as of a map, a point in its middle, which is then said")
      .check(Check(problem_of_coordinate))
      .type_name("X Y Z");
  add_overwrite_option(command, arguments->overwrite);
  add_read_options(command, arguments->scan);
  command
      .add_option("--features", arguments->features,
                  "Attributes to reduce, with commas between; by default intensity,\n"
                  "and without that the number of points")
      .delimiter(',')
      .type_name("NAMES");
  command.add_option("--reduce", arguments->reduction, "mean (the default), sum, max or first")
      .check(one_of_keys(kReductions))
      .type_name("HOW");
  command.add_flag("--drop-invalid", arguments->drop_invalid,
                   "Leave out points that are not finite instead of refusing the file");
  command.footer(
      "\nThe arrays are coords (N,4) int32: batch, x, y, z; features (N,C) float32; and "
      "row_of_point\n"
      "(P) int32, the voxel of each point.\n"
      "\nExample:\n"
      "  voxloom voxelize 000008.bin voxels.safetensors --size 0.05\n");
  command.callback([arguments] { voxelize_file(*arguments); });
}

}  // namespace voxloom::cli
