// What every format's reader comes down to: typed columns, read front to back. A source knows
// nothing of positions; assemble.h makes scans of its columns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/byte_source.h"
#include "voxloom/io.h"
#include "voxloom/scan.h"

namespace voxloom::io {

struct Field {
  std::string name;
  ColumnType type = ColumnType::f32;
  std::int64_t components = 1;
};

class PointSource {
 public:
  virtual ~PointSource() = default;
  PointSource(const PointSource&) = delete;
  PointSource& operator=(const PointSource&) = delete;

  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  // Set when x, y and z are lattice coordinates.
  [[nodiscard]] const std::optional<Quantization>& quantization() const { return quantization_; }

  // See Scan.
  [[nodiscard]] const std::optional<Pose>& pose() const { return pose_; }
  [[nodiscard]] const std::optional<Pose>& viewpoint() const { return viewpoint_; }

  [[nodiscard]] const std::optional<LasRecords>& las() const { return las_; }
  [[nodiscard]] const std::vector<std::string>& comments() const { return comments_; }
  void set_comments(std::vector<std::string> comments) { comments_ = std::move(comments); }
  // Columns of the file that are no fields, as they hold no numbers.
  [[nodiscard]] const std::vector<std::string>& left_out() const { return left_out_; }
  void set_left_out(std::vector<std::string> names) { left_out_ = std::move(names); }
  // What the format says that the field `intensity` goes from and to.
  [[nodiscard]] const std::optional<Interval>& intensity_range() const { return intensity_range_; }
  void set_intensity_range(const Interval& range) { intensity_range_ = range; }
  void set_viewpoint(const std::optional<Pose>& viewpoint) { viewpoint_ = viewpoint; }

  // The next `count` points; the caller never asks beyond size(). One column per field.
  [[nodiscard]] virtual std::vector<Column> read(std::int64_t count) = 0;
  // Passes over the next `count`; reads them where their place cannot be told.
  virtual void skip(std::int64_t count);
  // Where a point stands in the file, for messages.
  [[nodiscard]] virtual std::string where(std::int64_t point) const;

 protected:
  PointSource(std::vector<Field> fields, std::int64_t size)
      : fields_(std::move(fields)), size_(size) {}
  [[nodiscard]] std::vector<Column> make_columns(std::int64_t count) const;

  std::vector<Field> fields_;
  std::int64_t size_;
  std::optional<Quantization> quantization_;
  std::optional<Pose> pose_, viewpoint_;
  std::optional<LasRecords> las_;
  std::vector<std::string> comments_, left_out_;
  std::optional<Interval> intensity_range_;
};

using Points = std::unique_ptr<PointSource>;

// Several sources of equal size side by side.
[[nodiscard]] Points join(std::vector<Points> parts);

}  // namespace voxloom::io
