// How a scan is laid out in LAS: decided once, before the first byte is written.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "io/out_field.h"
#include "io/scan_pieces.h"
#include "voxloom/io.h"

namespace voxloom::io {

// What is known of all points: of each attribute its values, and where they are.
struct LasFacts {
  struct Values {
    double largest = 0;
    bool any = false;
    bool are_shares = true;  // from 0 to 1
    bool at_most_one = true;
    bool fit_own = true;      // the field of its name
    bool fit_class = true;    // of the attribute that becomes the classification: its field
    bool fit_16_bits = true;  // of a colour
  };
  std::vector<Values> of = {};
  Box box = {};
  bool has_box = false;
  std::array<std::uint64_t, 15> by_return = {};
};

struct LasLayout {
  const Scan& head;  // its attributes stand for those of the pieces
  std::int64_t points = 0;
  LasFacts facts = {};
  int format = 0;  // the point format
  Quantization quantization = {};
  // The attributes behind the format's own fields, by those fields' names.
  std::map<std::string, const Column*, std::less<>> sources = {};
  double colour_factor = 1;                // what makes 16 bits of the colours
  std::vector<const Column*> extras = {};  // what the format has no place for: extra bytes

  // The attribute behind one of the format's own fields, or null.
  [[nodiscard]] const Column* source_of(std::string_view name) const;
  [[nodiscard]] const LasFacts::Values& values_of(const Column& column) const;
};

// The oldest version and format that hold the scan. The layout refers to its head.
[[nodiscard]] LasLayout las_layout(const ScanPieces& scan, const WriteOptions& options);

// Some of the points.
struct LasPiece {
  const LasLayout& layout;
  const Scan& scan;
  std::int64_t first = 0;  // the number of the first

  // What a column of the head stands for.
  [[nodiscard]] const Column& column_of(const Column& of_head) const;
  [[nodiscard]] const Column* source_of(std::string_view name) const;
};

// The fields of a point. They refer to the piece.
[[nodiscard]] std::vector<OutField> las_out_fields(const LasPiece& piece);

}  // namespace voxloom::io
