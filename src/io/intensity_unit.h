// What a full intensity is, as far as a scan itself says so.
#pragma once

#include <optional>

#include "io/spread.h"
#include "voxloom/scan.h"

namespace voxloom::io {

// By the column's type: 255 for 8 bits, for 16 bits the first of 255, 4095 and 65535 that holds the largest value;
// nothing for other types.
[[nodiscard]] std::optional<double> unit_of_type(ColumnType type, double largest);

// Whether most of the values keep to a range that a format promises (Scan::intensity_range), and it tells something of
// them: one that begins below 0 says nothing of values that do not.
[[nodiscard]] bool keep_to(const Interval& range, const Spread& values);

// The scan's intensities as a format wants them that goes from 0 to `full`: float32, where the type or the format that
// they come from says what they went to before, and that is another number, which is said; else as they are, which is
// said where the format cannot mean it. Nothing where the scan has none of one number each.
[[nodiscard]] std::optional<Column> intensities_to(double full, const Scan& scan,
                                                   const OnNote& note);

}  // namespace voxloom::io
