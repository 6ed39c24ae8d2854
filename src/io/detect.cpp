#include "io/detect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/failure.h"
#include "io/lines.h"

namespace voxloom {
namespace {

struct Suffix {
  std::string_view text;
  ScanFormat format;
};

// A longer ending stands before one that it ends with.
constexpr std::array<Suffix, 13> kSuffixes = {{{".pcd.bin", ScanFormat::nuscenes},
                                               {".bin", ScanFormat::kitti},
                                               {".ply", ScanFormat::ply},
                                               {".pcd", ScanFormat::pcd},
                                               {".las", ScanFormat::las},
                                               {".laz", ScanFormat::las},
                                               {".npy", ScanFormat::npy},
                                               {".npz", ScanFormat::npz},
                                               {".xyz", ScanFormat::text},
                                               {".txt", ScanFormat::text},
                                               {".csv", ScanFormat::text},
                                               {".tsv", ScanFormat::text},
                                               {".asc", ScanFormat::text}}};

constexpr std::array<std::string_view, 8> kNames = {"kitti", "nuscenes", "ply", "pcd",
                                                    "las",   "text",     "npy", "npz"};

}  // namespace

std::string_view name_of(ScanFormat format) { return kNames.at(static_cast<std::size_t>(format)); }

std::optional<ScanFormat> scan_format_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<ScanFormat>(found - kNames.begin());
}

std::optional<ScanFormat> scan_format_of(const std::filesystem::path& path) {
  const std::string name = io::lower(path.filename().string());
  const auto found = std::ranges::find_if(
      kSuffixes, [&](const Suffix& suffix) { return name.ends_with(suffix.text); });
  if (found == kSuffixes.end()) return std::nullopt;
  return found->format;
}

namespace io {
namespace {

std::optional<ScanFormat> format_by_start(std::string_view start) {
  constexpr std::array<Suffix, 9> kStarts = {{{"ply\n", ScanFormat::ply},
                                              {"ply\r\n", ScanFormat::ply},
                                              {"# .PCD", ScanFormat::pcd},
                                              {"VERSION ", ScanFormat::pcd},
                                              {"FIELDS ", ScanFormat::pcd},
                                              {"LASF", ScanFormat::las},
                                              {"\x93NUMPY", ScanFormat::npy},
                                              {"PK\x03\x04", ScanFormat::npz},
                                              {"PK\x05\x06", ScanFormat::npz}}};
  for (const Suffix& mark : kStarts) {
    if (start.starts_with(mark.text)) return mark.format;
  }
  return std::nullopt;
}

bool has_start(ScanFormat format) {
  return format != ScanFormat::kitti && format != ScanFormat::nuscenes &&
         format != ScanFormat::text;
}

bool looks_like_text(std::string_view start) {
  return std::ranges::all_of(
      start, [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t'; });
}

}  // namespace

ScanFormat detect_format(const Bytes& bytes) {
  if (bytes->size() == 0) fail_file(bytes->name(), "is empty");
  std::string start(static_cast<std::size_t>(std::min<std::int64_t>(bytes->size(), 512)), '\0');
  bytes->read(0, std::as_writable_bytes(std::span(start)));
  if (const auto format = format_by_start(start)) return *format;
  const std::optional<ScanFormat> format = scan_format_of(bytes->name());
  if (format && has_start(*format)) {
    fail_byte(bytes->name(), 0, "is named like a {} file but does not start like one",
              name_of(*format));
  }
  if (format) return *format;
  if (looks_like_text(start)) return ScanFormat::text;
  fail_file(bytes->name(), "neither the name nor the content tells the format; known are {}",
            fmt::join(kNames, ", "));
}

}  // namespace io
}  // namespace voxloom
