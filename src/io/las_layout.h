// How a scan is laid out in LAS: decided once, before the first byte is written.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/out_field.h"
#include "voxloom/io.h"

namespace voxloom::io {

struct LasLayout {
  const Scan& scan;
  int format = 0;  // the point format
  Quantization quantization = {};
  // The attributes behind the format's own fields, by those fields' names.
  std::map<std::string, const Column*, std::less<>> sources = {};
  double colour_factor = 1;                // what makes 16 bits of the colours
  std::vector<const Column*> extras = {};  // what the format has no place for: extra bytes

  // The attribute behind one of the format's own fields, or null.
  [[nodiscard]] const Column* source_of(std::string_view name) const;
};

// The oldest version and format that hold the scan. The layout refers to the scan.
[[nodiscard]] LasLayout las_layout(const Scan& scan, const WriteOptions& options);

// The fields of a point. They refer to the layout.
[[nodiscard]] std::vector<OutField> las_out_fields(const LasLayout& layout);

}  // namespace voxloom::io
