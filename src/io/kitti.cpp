// Bare float32 records, little endian, no header:
//
//   KITTI      x y z intensity          16 bytes
//   nuScenes   x y z intensity ring     20 bytes
//
// Other layouts are read when ReadOptions::fields names them. Nothing in a file tells which it is: without
// being told, what cannot be meant, or what could as well be another layout, is refused.
#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/column_type.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/intensity_unit.h"
#include "io/records.h"

namespace voxloom::io {
namespace {

constexpr std::string_view kHint =
    "name the layout, as in --fields x,y,z,intensity,time (float32; or x:float64)";

// "name" or "name:type"; "_" is passed over.
RecordLayout layout_of(std::span<const std::string> names, const Bytes& bytes) {
  RecordLayout layout;
  for (const std::string& entry : names) {
    const std::size_t colon = entry.find(':');
    Field field{.name = entry.substr(0, colon)};
    if (colon != std::string::npos) {
      int type = 0;
      while (type <= static_cast<int>(ColumnType::f64) &&
             name_of(static_cast<ColumnType>(type)) != std::string_view(entry).substr(colon + 1)) {
        ++type;
      }
      if (type > static_cast<int>(ColumnType::f64)) {
        fail_file(bytes->name(), "the field {} has no type like float32, float64, uint8 or int32",
                  excerpt(entry));
      }
      field.type = static_cast<ColumnType>(type);
    }
    const std::int64_t size = byte_size(field.type);
    if (field.name != "_") layout.fields.push_back({std::move(field), layout.stride});
    layout.stride += size;
  }
  return layout;
}

Points open_layout(const Bytes& bytes, RecordLayout layout, std::string_view format) {
  layout.count = bytes->size() / layout.stride;
  if (bytes->size() % layout.stride != 0) {
    fail_byte(
        bytes->name(), layout.count * layout.stride,
        "{} bytes are left over: a {} file is a multiple of {} bytes long{}; {}",
        bytes->size() % layout.stride, format, layout.stride,
        bytes->size() % 20 == 0 ? "; nuScenes files, 20 bytes per point, are named .pcd.bin" : "",
        kHint);
  }
  return open_records(bytes, layout);
}

// An even choice of a file's records.
std::vector<Column> sample(const Bytes& bytes, const RecordLayout& layout) {
  constexpr std::int64_t kSamples = 4096;
  const std::int64_t count = bytes->size() / layout.stride;
  const std::int64_t step = std::max<std::int64_t>(1, count / kSamples);
  const std::int64_t rows = (count + step - 1) / step;
  std::vector<Column> columns;
  for (const PlacedField& placed : layout.fields) {
    columns.push_back(make_column(placed.field.name, placed.field.type, rows));
  }
  std::vector<std::byte> record(static_cast<std::size_t>(layout.stride));
  for (std::int64_t row = 0; row < rows; ++row) {
    bytes->read(row * step * layout.stride, record);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      decode_field(record, layout, layout.fields[i], columns[i], row, 1);
    }
  }
  return columns;
}

// Metres of a scan: neither as large nor, but for 0, as small as the halves of a float64 are.
bool is_coordinate(double value) {
  constexpr double kMost = 1e7, kLeast = 1e-20;
  return !std::isfinite(value) || value == 0 ||
         (std::abs(value) < kMost && std::abs(value) > kLeast);
}

void check_plausible(const Bytes& bytes, const RecordLayout& layout, std::string_view format,
                     const Interval& usual) {
  const std::vector<Column> columns = sample(bytes, layout);
  double low = 0, high = 0;  // of the intensities
  for (std::int64_t i = 0; i < columns[0].points(); ++i) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double value = columns[axis].as_double(i);
      if (is_coordinate(value)) continue;
      fail_file(bytes->name(), "does not look like {}: a coordinate would be {}. {}", format, value,
                kHint);
    }
    const double intensity = columns[3].as_double(i);
    if (!std::isfinite(intensity)) continue;
    low = std::min(low, intensity);
    high = std::max(high, intensity);
  }
  if (low >= 0 && high <= usual.high) return;
  std::string others;
  for (const std::int64_t floats :
       {std::int64_t{3}, std::int64_t{4}, std::int64_t{5}, std::int64_t{6}}) {
    if (4 * floats == layout.stride || bytes->size() % (4 * floats) != 0) continue;
    others += fmt::format("{}{}", others.empty() ? "" : ", ", floats);
  }
  constexpr double kMost = 65535;
  if (others.empty() && low >= 0 && high <= kMost) return;
  fail_file(
      bytes->name(), "may not be {}: the fourth numbers go from {} to {}{}. {}; or say the format",
      format, low, high,
      others.empty() ? "" : fmt::format(", and the size also fits {} numbers a point", others),
      kHint);
}

Points open_floats(const Bytes& bytes, std::span<const std::string> names, std::string_view format,
                   const Interval& intensity, const ReadOptions& options) {
  const RecordLayout layout = layout_of(options.fields.empty() ? names : options.fields, bytes);
  if (layout.fields.empty()) fail_file(bytes->name(), "no fields are named");
  Points points = open_layout(bytes, layout, format);
  if (options.fields.empty() && !options.format) check_plausible(bytes, layout, format, intensity);
  if (options.fields.empty()) points->set_intensity_range(intensity);
  return points;
}

// x, y, z and the named attributes as float32, intensities up to `full_intensity` where their unit is known; an
// attribute that is not there is zero.
void write_floats(ByteSink& sink, const Scan& scan, std::initializer_list<std::string_view> names,
                  double full_intensity, std::string_view format, const WriteOptions& options) {
  std::vector<OutField> fields;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    fields.push_back(position_field(scan, axis, ColumnType::f32, narrow_frame(scan, options)));
  }
  const Column zeros = make_column("zero", ColumnType::f32, scan.size());
  const std::optional<Column> intensity = intensities_to(full_intensity, scan, options.on_note);
  for (const std::string_view name : names) {
    const Column* column = name == "intensity" && intensity ? &*intensity : scan.find(name);
    if (column != nullptr) {
      require(column->components == 1, "write_scan", "'{}' has {} components", name,
              column->components);
    } else if (options.on_note) {
      options.on_note(fmt::format("there is no {}: written as 0", name));
    }
    fields.push_back(component_field(column == nullptr ? zeros : *column, 0, ColumnType::f32,
                                     std::string(name)));
  }
  note_left_out(scan, names, format, options);
  write_block(sink, scan, fields);
}

}  // namespace

Points open_kitti(const Bytes& bytes, const ReadOptions& options) {
  const std::array<std::string, 4> names = {"x", "y", "z", "intensity"};
  return open_floats(bytes, names, "KITTI", {0, 1}, options);
}

Points open_nuscenes(const Bytes& bytes, const ReadOptions& options) {
  const std::array<std::string, 5> names = {"x", "y", "z", "intensity", "ring"};
  return open_floats(bytes, names, "nuScenes", {0, 255}, options);
}

void write_kitti(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options) {
  write_floats(sink, in_one_piece(scan, "KITTI"), {"intensity"}, 1, "KITTI", options);
}

void write_nuscenes(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options) {
  write_floats(sink, in_one_piece(scan, "nuScenes"), {"intensity", "ring"}, 255, "nuScenes",
               options);
}

}  // namespace voxloom::io
