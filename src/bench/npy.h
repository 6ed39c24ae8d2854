// Reads an int32 (N,4) array from numpy's .npy format, versions 1 to 3:
//
//   "\x93NUMPY"  major minor   header length (uint16; uint32 from version 2)   header   data
//
// The header is a Python dictionary: {'descr': '<i4', 'fortran_order': False, 'shape': (N, 4), }.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "voxloom/coordinate_set.h"

namespace voxloom::bench {

// `name` is for messages. FormatError for another type, order or shape, or a length that differs.
[[nodiscard]] std::vector<Coordinate> parse_npy(std::span<const std::byte> bytes,
                                                std::string_view name);

}  // namespace voxloom::bench
