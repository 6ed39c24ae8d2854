#include "cli/truth_labels.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "cli/scan_options.h"
#include "cli/streams.h"
#include "core/error.h"
#include "core/finite.h"
#include "data/layouts.h"
#include "voxloom/io.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTruthOp = "view";

const Column* single(const Scan& scan, const std::string& name) {
  const Column* column = scan.find(name);
  const bool is_number = column != nullptr && column->components == 1 && !column->is_text();
  return is_number ? column : nullptr;
}

// In another order of the points nearly every one would lie elsewhere.
void require_same_points(const Scan& scan, const Scan& other, const std::string& file) {
  require(scan.size() == other.size(), kTruthOp, "'{}' has {} points, the cloud {}", file,
          other.size(), scan.size());
  const Box box = bounds(scan);
  double size = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    size = std::hypot(size, box.high.at(axis) - box.low.at(axis));
  }
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    const std::array<double, 3> a = scan.at(i), b = other.at(i);
    const double apart = std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    const bool have_none = !is_finite(a) && !is_finite(b);
    require(apart <= 1e-3 * size || have_none, kTruthOp,
            "point {} of '{}' is {} from that of the cloud: they must be the same points in the "
            "same order",
            i, file, apart);
  }
}

Column labels_in_cloud(const Scan& scan, const std::string& file) {
  const Scan other =
      read_scan_from(file, read_options({}, InvalidPoints::keep, note_on(shown_name(file))));
  const Column* labels = labels_of(other, "");
  require(labels != nullptr, kTruthOp, "'{}' has no label or classification of whole numbers",
          file);
  require_same_points(scan, other, file);
  return *labels;
}

}  // namespace

const Column& single_column(const Scan& scan, const std::string& name) {
  if (const Column* column = single(scan, name)) return *column;
  const Column* any = scan.find(name);
  if (any != nullptr && any->is_text()) {
    throw std::runtime_error(fmt::format("the attribute '{}' holds text, not numbers", name));
  }
  throw std::runtime_error(fmt::format("the cloud has no attribute '{}' with one number", name));
}

const Column* labels_of(const Scan& scan, const std::string& name) {
  if (!name.empty()) return &single_column(scan, name);
  for (const char* usual : {"label", "classification"}) {
    const Column* column = single(scan, usual);
    if (column != nullptr && !is_float(column->type())) return column;
  }
  return nullptr;
}

Column truth_named(const Scan& scan, const std::string& name) {
  if (const Column* column = single(scan, name)) return *column;
  require(fs::is_regular_file(name), kTruthOp,
          "'{}' is no attribute of the cloud with one number, and no file", name);
  Column column =
      fs::path(name).extension() == ".label"
          ? Column{"", 1,
                   data::read_labels({.scan = {}, .labels = name, .kind = data::LabelFile::kitti},
                                     scan.size())}
          : labels_in_cloud(scan, name);
  column.name = fs::path(name).filename().string();
  return column;
}

std::optional<Column> usual_truth(const Scan& scan, const Column& labels) {
  for (const char* usual : {"truth", "ground_truth", "label_2"}) {
    const Column* column = single(scan, usual);
    if (column != nullptr && column != &labels && !is_float(column->type())) return *column;
  }
  return std::nullopt;
}

}  // namespace voxloom::cli
