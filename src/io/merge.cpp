// merge_scans: columns by name, in the order in which scans have them first.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "io/column_type.h"
#include "io/scan_head.h"
#include "voxloom/survey.h"

namespace voxloom {
namespace {

constexpr std::string_view kMergeOp = "merge";

struct TypeFacts {
  int bits = 0;  // of whole numbers that the type holds, all of them
  bool is_signed = false;
};

TypeFacts facts_of(ColumnType type) {
  return io::visit_column_type(type, []<typename T>() -> TypeFacts {
    return {std::numeric_limits<T>::digits, std::numeric_limits<T>::is_signed};
  });
}

// The smallest type that holds every value of both; nothing for 64-bit integers and what does not fit beside them.
std::optional<ColumnType> common_type(ColumnType a, ColumnType b) {
  if (a == b) return a;
  if (a == ColumnType::text || b == ColumnType::text) return std::nullopt;
  const TypeFacts of_a = facts_of(a), of_b = facts_of(b);
  const int bits = std::max(of_a.bits, of_b.bits);
  if (is_float(a) || is_float(b)) {
    const bool is_wide = a == ColumnType::f64 || b == ColumnType::f64;
    if (!is_wide && bits <= facts_of(ColumnType::f32).bits) return ColumnType::f32;
    return bits <= facts_of(ColumnType::f64).bits ? std::optional(ColumnType::f64) : std::nullopt;
  }
  const bool is_signed = of_a.is_signed || of_b.is_signed;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(ColumnType::i64); ++i) {
    const auto type = static_cast<ColumnType>(i);
    if (facts_of(type).is_signed == is_signed && facts_of(type).bits >= bits) return type;
  }
  return std::nullopt;
}

// Names, types and components, without points.
std::vector<Column> united_columns(const std::vector<NamedScan>& scans) {
  std::vector<Column> columns;
  for (const NamedScan& one : scans) {
    for (const Column& column : one.scan.attributes) {
      const auto found = std::ranges::find(columns, column.name, &Column::name);
      if (found == columns.end()) {
        columns.push_back(make_column(column.name, column.type(), 0, column.components));
        continue;
      }
      require(found->components == column.components, kMergeOp,
              "{}: the attribute '{}' has {} components, in other scans {}", one.name, column.name,
              column.components, found->components);
      const auto type = common_type(found->type(), column.type());
      require(type.has_value(), kMergeOp,
              "{}: the attribute '{}' is {}, in other scans {}: no type holds both", one.name,
              column.name, name_of(column.type()), name_of(found->type()));
      *found = make_column(column.name, *type, 0, column.components);
    }
  }
  return columns;
}

Column as_type(Column column, ColumnType type) {
  if (column.type() == type) return column;
  Column out = make_column(column.name, type, column.points(), column.components);
  io::visit_numbers(column, [&](const auto& from) {
    io::visit_numbers(out, [&](auto& to) {
      using To = typename std::decay_t<decltype(to)>::value_type;
      std::ranges::transform(from, to.begin(), [](auto v) { return static_cast<To>(v); });
    });
  });
  return out;
}

Column missing_column(const Column& like, std::int64_t points) {
  Column column = make_column(like.name, like.type(), points, like.components);
  std::visit(
      [](auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::numeric_limits<T>::has_quiet_NaN) {
          std::ranges::fill(values, std::numeric_limits<T>::quiet_NaN());
        }
      },
      column.values);
  return column;
}

// What a full intensity or colour is follows from the type, which becomes another.
void note_units(const std::string& name, const Column& own, ColumnType type, const OnNote& note) {
  constexpr auto kOfUnits =
      std::to_array<std::string_view>({"intensity", "red", "green", "blue", "alpha"});
  if (!note || own.type() == type || own.points() == 0) return;
  if (std::ranges::find(kOfUnits, own.name) == kOfUnits.end()) return;
  note(fmt::format("{}: {} is {}, in the merged scan {}: its values are kept as they are", name,
                   own.name, name_of(own.type()), name_of(type)));
}

void unite_columns(NamedScan& one, const std::vector<Column>& columns, const OnNote& note) {
  std::vector<Column> united;
  std::string missing;
  for (const Column& column : columns) {
    const auto own = std::ranges::find(one.scan.attributes, column.name, &Column::name);
    if (own != one.scan.attributes.end()) {
      note_units(one.name, *own, column.type(), note);
      united.push_back(as_type(std::move(*own), column.type()));
      continue;
    }
    united.push_back(missing_column(column, one.scan.size()));
    missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", column.name,
                           is_float(column.type()) ? "nan"
                           : column.is_text()      ? "''"
                                                   : "0");
  }
  one.scan.attributes = std::move(united);
  if (!missing.empty() && one.scan.size() > 0 && note) {
    note(fmt::format("{} has no {}: that is what its {} points get", one.name, missing,
                     one.scan.size()));
  }
}

// Scans far apart may each have a good lattice, and none hold all.
bool fits_lattice(const Quantization& lattice, const Box& box) {
  constexpr double kMost = 2147483647;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const double end : {box.low.at(axis), box.high.at(axis)}) {
      const double steps = (end - lattice.offset.at(axis)) / lattice.scale.at(axis);
      if (!(std::abs(steps) <= kMost)) return false;
    }
  }
  return true;
}

// Whether the points of one lattice lie on the other, to a millionth of a step.
bool is_same_lattice(const Quantization& a, const Quantization& b) {
  constexpr double kShare = 1e-6;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double steps = (a.offset.at(axis) - b.offset.at(axis)) / a.scale.at(axis);
    if (a.scale.at(axis) != b.scale.at(axis)) return false;
    if (std::abs(steps - std::round(steps)) > kShare) return false;
  }
  return true;
}

std::optional<Quantization> common_lattice(const std::vector<NamedScan>& scans) {
  const std::optional<Quantization>& first = scans.front().scan.quantization;
  for (const NamedScan& one : scans) {
    if (!first || !one.scan.quantization) return std::nullopt;
    // A scan without points, as one that was cropped, has no bounds.
    const bool fits = is_same_lattice(*first, *one.scan.quantization) &&
                      (one.scan.size() == 0 || fits_lattice(*first, bounds(one.scan)));
    if (!fits) return std::nullopt;
  }
  return first;
}

bool is_same_plane(const CoordinateSystem& a, const CoordinateSystem& b) {
  if (a.epsg && b.epsg) return a.epsg == b.epsg;
  return a.name == b.name && a.epsg == b.epsg && a.unit == b.unit;
}

// What only one of two says is no difference.
bool are_same_heights(const CoordinateSystem::Heights& a, const CoordinateSystem::Heights& b) {
  const bool has_same_unit = a.unit.empty() || b.unit.empty() || a.unit == b.unit;
  if (a.epsg && b.epsg) return a.epsg == b.epsg && has_same_unit;
  return (a.name.empty() || b.name.empty() || a.name == b.name) && has_same_unit;
}

void require_same_system(const NamedScan& chosen, const CoordinateSystem& system,
                         const NamedScan& other, const CoordinateSystem& of_other,
                         const OnNote& note) {
  const bool is_same =
      is_same_plane(system, of_other) && (!system.heights || !of_other.heights ||
                                          are_same_heights(*system.heights, *of_other.heights));
  if (!is_same) {
    fail(kMergeOp, "{} is in {}, {} in {}: bring them into one coordinate system first",
         chosen.name, to_string(system), other.name, to_string(of_other));
  }
  if (note && system.heights.has_value() != of_other.heights.has_value()) {
    note(fmt::format("{} does not say what its heights mean: taken for what {} says, {}",
                     (system.heights ? other : chosen).name, (system.heights ? chosen : other).name,
                     to_string(system.heights ? system : of_other)));
  }
}

// What scans do not have in common is not said; a merged file's system is MERGE, as the format's description has it.
LasRecords merged_identity(LasRecords records, const std::vector<NamedScan>& scans) {
  const LasRecords own = records;
  for (const NamedScan& one : scans) {
    if (!one.scan.las) continue;
    const LasRecords& other = *one.scan.las;
    if (other.source_id != own.source_id) records.source_id = 0;
    if (other.project != own.project) records.project = {};
    if (other.system != own.system) records.system = "MERGE";
    if (other.created_day == own.created_day && other.created_year == own.created_year) continue;
    records.created_day = records.created_year = 0;
  }
  return records;
}

// Records of the first that says most; the others must mean the same by their coordinates and times.
std::optional<LasRecords> common_records(const std::vector<NamedScan>& scans, const OnNote& note) {
  const auto says = [](const NamedScan& one) {
    if (!one.scan.las) return 0;
    const auto system = coordinate_system(one.scan);
    if (!system) return 1;
    return system->heights ? 3 : 2;
  };
  const NamedScan& chosen = *std::ranges::max_element(scans, {}, says);
  if (says(chosen) == 0) return std::nullopt;
  const auto system = coordinate_system(chosen.scan);
  for (const NamedScan& one : scans) {
    const auto other = coordinate_system(one.scan);
    if (system && !other && note) {
      note(fmt::format("{} does not say its coordinate system: taken for {}'s, {}", one.name,
                       chosen.name, to_string(*system)));
    }
    if (system && other) require_same_system(chosen, *system, one, *other, note);
    constexpr unsigned kTimeBit = 1;
    const bool has_times = one.scan.las && one.scan.find("gps_time") != nullptr &&
                           chosen.scan.find("gps_time") != nullptr;
    require(!has_times || ((one.scan.las->encoding ^ chosen.scan.las->encoding) & kTimeBit) == 0,
            kMergeOp,
            "the gps_time of {} and {} count from different days: without that column (--drop "
            "gps_time) they merge",
            chosen.name, one.name);
  }
  return merged_identity(*chosen.scan.las, scans);
}

}  // namespace

Scan merge_scans(std::vector<NamedScan> scans, const OnNote& note) {
  require(!scans.empty(), kMergeOp, "there is nothing to merge");
  for (NamedScan& one : scans) {
    validate(one.scan);
    apply_pose(one.scan);
  }
  const std::vector<Column> columns = united_columns(scans);
  const std::optional<Quantization> lattice = common_lattice(scans);
  const std::optional<LasRecords> records = common_records(scans, note);
  const std::optional<Pose> viewpoint = scans.front().scan.viewpoint;
  const bool is_one_viewpoint = std::ranges::all_of(
      scans, [&](const NamedScan& one) { return one.scan.viewpoint == viewpoint; });
  if (!is_one_viewpoint && note) note("the scans have different viewpoints: none is kept");

  std::optional<Scan> merged;
  for (NamedScan& one : scans) {
    unite_columns(one, columns, note);
    if (!is_one_viewpoint) one.scan.viewpoint.reset();
    if (!merged) {
      merged = std::move(one.scan);
      continue;
    }
    if (merged->intensity_range != one.scan.intensity_range && note) {
      note(
          fmt::format("the intensities of {} go from and to something else than those before: "
                      "kept as they are",
                      one.name));
    }
    append(*merged, one.scan);
    one.scan = {};
  }
  merged->quantization = lattice;
  merged->las = records;
  if (merged->position_type != ColumnType::f32) io::settle_origin(*merged);
  return *std::move(merged);
}

}  // namespace voxloom
