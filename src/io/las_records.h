// The records of a LAS file that are kept as bytes (LasRecords): found by who wrote them and their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "voxloom/scan.h"

namespace voxloom::io {

inline constexpr std::string_view kProjectionUser = "LASF_Projection";
inline constexpr std::uint16_t kTextSystem = 2112;    // the coordinate system as well known text
inline constexpr std::uint16_t kGeoKeys = 34735;      // or as GeoTIFF keys,
inline constexpr std::uint16_t kGeoKeyTexts = 34737;  // and the texts that those name

struct LasRecord {
  std::string user;
  std::uint16_t id = 0;
  std::string description;
  std::span<const std::byte> content;
};
// `header`: 54 bytes, of an extended record 60. Nothing for what is shorter than its header.
[[nodiscard]] std::optional<LasRecord> las_record(std::span<const std::byte> bytes,
                                                  std::size_t header);

// The content of the first such record, before or behind the points.
[[nodiscard]] std::optional<std::span<const std::byte>> find_record(const LasRecords& records,
                                                                    std::string_view user,
                                                                    std::uint16_t id);

}  // namespace voxloom::io
