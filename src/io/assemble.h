// From a source's columns to a scan: x, y and z become positions, the others attributes.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "io/point_source.h"

namespace voxloom::io {

class Assembler {
 public:
  // FormatError when the source has no x, y and z. `file` is for messages.
  Assembler(const PointSource& source, const std::string& file);
  [[nodiscard]] Scan operator()(std::vector<Column> columns) const;

 private:
  std::array<std::size_t, 3> axes_ = {};
  std::vector<std::string> names_;  // unique, per field
  std::optional<Quantization> quantization_;
  ColumnType position_type_ = ColumnType::f64;
};

// Drops the points that are not finite, or throws; `first` is the file's number of the first point.
void apply_policy(Scan& scan, InvalidPoints policy, const PointSource& source,
                  const std::string& file, std::int64_t first);

}  // namespace voxloom::io
