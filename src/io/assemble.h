// From a source's columns to a scan: x, y and z, or one column of three numbers, become positions, the others
// attributes under the names that the caller gives or the library knows (column_names.h).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "io/origin.h"
#include "io/point_source.h"

namespace voxloom::io {

class Assembler {
 public:
  // FormatError when the source has no x, y and z. `file` is for messages.
  Assembler(const PointSource& source, const std::string& file, const ReadOptions& options);

  // Whether positions may be too far from 0 for float32: those of float32 files never are.
  [[nodiscard]] bool may_need_origin() const { return position_type_ != ColumnType::f32; }
  // Shows points to the search, which then gives the origin.
  void look(OriginSearch& search, const std::vector<Column>& columns) const;
  void set_origin(const OriginSearch& search);

  // Says once where whole numbers of 64 bits do not fit float64.
  [[nodiscard]] Scan operator()(std::vector<Column> columns);

 private:
  [[nodiscard]] double place(std::size_t axis, double stored) const;
  void note_rounding(const Column& column, std::size_t axis);

  // Where a coordinate lies in the columns.
  struct Axis {
    std::size_t field = 0;
    std::int64_t component = 0;
  };
  void find_axes(const PointSource& source, const std::string& file);
  [[nodiscard]] bool is_axis(std::size_t field) const;

  std::array<Axis, 3> axes_ = {};
  std::vector<std::string> names_;  // unique, per field
  std::vector<bool> hidden_;        // fields that are left out
  std::optional<Quantization> quantization_;
  ColumnType position_type_ = ColumnType::f64;
  std::array<double, 3> origin_ = {0, 0, 0};
  std::optional<Pose> pose_, viewpoint_;
  std::optional<LasRecords> las_;
  std::vector<std::string> comments_;
  std::optional<Interval> intensity_range_;
  OnNote on_note_;
  bool said_rounding_ = false;
};

// Drops the points that are not finite, or throws; `first` is the file's number of the first point.
void apply_policy(Scan& scan, InvalidPoints policy, const PointSource& source,
                  const std::string& file, std::int64_t first);

}  // namespace voxloom::io
