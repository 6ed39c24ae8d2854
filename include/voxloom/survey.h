// What is done to surveys before anything else: cropped, thinned, moved, put together, split into parts.
//
// Coordinates are those that a scan's points are written at: the file's own (Scan::at), or, where the scan has a
// pose, where that takes them. All of it is computed in float64, and the same on every machine.
// Errors: std::invalid_argument with what was expected and what came; FormatError where a file is read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/io.h"
#include "voxloom/scan.h"

namespace VOXLOOM_API voxloom {

// A rectangle seen from above, its edges included, and what heights of it, if not all.
struct CropBox {
  std::array<double, 2> low = {0, 0}, high = {0, 0};
  std::optional<Interval> height = {};
};

// The points within the box, in order; those whose positions are not finite lie in none. std::invalid_argument unless
// low <= high on every axis, and finite.
[[nodiscard]] std::vector<std::int64_t> points_within(const Scan& scan, const CropBox& box);

// The first point of each voxel of `size`, in order: voxel floor(coordinate / size). Points whose positions are not
// finite stay. std::invalid_argument for a size that is not above 0, and for voxels beyond int64.
[[nodiscard]] std::vector<std::int64_t> thinned_points(const Scan& scan, double size);

// The points of these numbers, in this order, with all that the scan says besides. std::out_of_range for a number that is
// none.
[[nodiscard]] Scan pick_points(const Scan& scan, std::span<const std::int64_t> points);

// Moves the scan, its viewpoint and its lattice; of a scan with a pose that alone. Positions of float32 become float64,
// since the moved ones need not fit. Records of LAS files stay, the coordinate system among them. Steps beyond
// kFarthestShift are std::invalid_argument: float64 would not keep a tenth of a millimetre there.
inline constexpr double kFarthestShift = 1e12;
void translate(Scan& scan, const std::array<double, 3>& by);

struct CroppedScan {
  Scan scan = {};
  std::int64_t outside = 0;     // finite points that the box does not hold
  std::int64_t not_finite = 0;  // points that were left out as such
};
// What a reader has left, as far as it lies in the box: holds no more of the file than that, and a piece.
[[nodiscard]] CroppedScan read_within(ScanReader& reader, const CropBox& box);

// A scan and what to call it in messages.
struct NamedScan {
  std::string name;
  Scan scan;
};
// The points of all scans, one scan's behind another's. The columns are those of all, by their names, with the smallest
// type that holds them all; where a scan has none of a name it is NaN, 0 for integers, no word for text, which is said. Poses are applied.
// The lattice is kept where one holds all. Records of LAS files are those of the first scan that has some.
// std::invalid_argument where coordinate systems or the meanings of gps_time differ, and for columns of one name that have
// no common type, or not as many components.
[[nodiscard]] Scan merge_scans(std::vector<NamedScan> scans, const OnNote& on_note = {});

struct ScanPart {
  std::string name;  // "6"; "448000_5411000"
  std::vector<std::int64_t> points;
};
// A part for each value of a column, the smallest first, or for each word of text, in the order of their bytes; its name
// has '_' for what is no ASCII letter or digit, '-' or '.', and a number behind it where two would be equal.
// std::invalid_argument where there is no such column of whole numbers or words, one for a point, and for more than
// 10,000 values.
[[nodiscard]] std::vector<ScanPart> parts_by_column(const Scan& scan, std::string_view column);
// A part for each square of the ground that has points; its name is the corner of the smallest coordinates. A point on an
// edge is the upper square's. std::invalid_argument for a size that is not above 0, for positions that are not finite, and for
// more than 10,000 squares.
[[nodiscard]] std::vector<ScanPart> parts_by_tile(const Scan& scan, double size);

// What coordinates mean, as a LAS file says it: OGC's well known text, or the keys of GeoTIFF.
struct CoordinateSystem {
  std::string name = {};         // "ETRS89 / UTM zone 32N"; may be empty
  std::optional<int> epsg = {};  // its number in EPSG's registry
  std::string unit = {};         // "metre"; may be empty
  // What heights are above. Nothing where it does not say.
  struct Heights {
    std::string name;  // "NAVD88 height"; may be empty, as the others
    std::optional<int> epsg;
    std::string unit;
    friend bool operator==(const Heights&, const Heights&) = default;
  };
  std::optional<Heights> heights = {};
  friend bool operator==(const CoordinateSystem&, const CoordinateSystem&) = default;
};
// Nothing where the scan does not say.
[[nodiscard]] std::optional<CoordinateSystem> coordinate_system(const Scan& scan);
// "ETRS89 / UTM zone 32N (EPSG:25832), in metre", then "; heights: DHHN2016 height (EPSG:7837), in metre"
[[nodiscard]] std::string to_string(const CoordinateSystem& system);

}  // namespace voxloom
