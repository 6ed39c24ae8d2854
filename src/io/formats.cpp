#include "io/formats.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "io/lines.h"

namespace voxloom {
namespace io {
namespace {

constexpr FormatSpec kFormats[] = {
    {ScanFormat::kitti, "kitti", {".bin"}, {}, open_kitti, write_kitti, false, true},
    {ScanFormat::nuscenes,
     "nuscenes",
     {".pcd.bin"},
     {},
     open_nuscenes,
     write_nuscenes,
     false,
     true},
    {ScanFormat::ply, "ply", {".ply"}, {"ply\n", "ply\r"}, open_ply, write_ply},
    {ScanFormat::pcd,
     "pcd",
     {".pcd"},
     {"# .PCD", "VERSION ", "FIELDS ", "COLUMNS "},
     open_pcd,
     write_pcd,
     false,
     true},
    {ScanFormat::las, "las", {".las", ".laz"}, {"LASF"}, open_las, write_las},
    {ScanFormat::text,
     "text",
     {".xyz", ".txt", ".csv", ".tsv", ".asc", ".xyzn", ".xyzrgb"},
     {},
     open_text,
     write_text},
    {ScanFormat::npy, "npy", {".npy"}, {"\x93NUMPY"}, open_npy, write_npy},
    {ScanFormat::npz, "npz", {".npz"}, {"PK\x03\x04", "PK\x05\x06"}, open_npz, write_npz},
    {ScanFormat::ptx, "ptx", {".ptx"}, {}, open_ptx, write_ptx, true},
    {ScanFormat::pts, "pts", {".pts"}, {}, open_pts, write_pts},
};

// The entries of one of a row's lists.
template <std::size_t N>
std::vector<std::string_view> filled(const std::array<std::string_view, N>& list) {
  return {list.begin(), std::ranges::find(list, std::string_view())};
}

}  // namespace

std::span<const FormatSpec> format_specs() { return kFormats; }

const FormatSpec& spec_of(ScanFormat format) {
  const auto* found = std::ranges::find(kFormats, format, &FormatSpec::format);
  require(found != std::end(kFormats), "scan", "{} is no scan format", static_cast<int>(format));
  return *found;
}

std::string list_formats(bool written) {
  std::string list;
  for (const FormatSpec& spec : kFormats) {
    if (written && spec.write == nullptr) continue;
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", spec.name,
                        fmt::join(filled(spec.endings), " "));
  }
  return list;
}

}  // namespace io

std::string_view name_of(ScanFormat format) { return io::spec_of(format).name; }

std::optional<ScanFormat> scan_format_named(std::string_view name) {
  const auto specs = io::format_specs();
  const auto found = std::ranges::find(specs, name, &io::FormatSpec::name);
  return found == specs.end() ? std::nullopt : std::optional(found->format);
}

std::optional<ScanFormat> scan_format_of(const std::filesystem::path& path) {
  const std::string name = io::lower(path.filename().string());
  std::optional<ScanFormat> format;
  std::size_t longest = 0;
  for (const io::FormatSpec& spec : io::format_specs()) {
    for (const std::string_view ending : io::filled(spec.endings)) {
      if (!name.ends_with(ending) || ending.size() <= longest) continue;
      longest = ending.size();
      format = spec.format;
    }
  }
  return format;
}

std::vector<ScanFormatInfo> scan_formats() {
  std::vector<ScanFormatInfo> formats;
  for (const io::FormatSpec& spec : io::format_specs()) {
    formats.push_back({spec.format, spec.name, io::filled(spec.endings), spec.write != nullptr});
  }
  return formats;
}

}  // namespace voxloom
