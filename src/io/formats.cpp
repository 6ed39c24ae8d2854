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
     write_text,
     false,
     false,
     true},
    {ScanFormat::npy, "npy", {".npy"}, {"\x93NUMPY"}, open_npy, write_npy},
    {ScanFormat::npz,
     "npz",
     {".npz"},
     {"PK\x03\x04", "PK\x05\x06"},
     open_npz,
     write_npz,
     false,
     false,
     true},
    {ScanFormat::ptx, "ptx", {".ptx"}, {}, open_ptx, write_ptx, true},
    {ScanFormat::pts, "pts", {".pts"}, {}, open_pts, write_pts},
};

// The entries of one of a row's lists.
template <std::size_t N>
std::vector<std::string_view> filled(const std::array<std::string_view, N>& list) {
  return {list.begin(), std::ranges::find(list, std::string_view())};
}

// The format's own, then its endings; but LAZ, of which no bytes are read or written, is known for messages alone.
std::vector<std::string> names_of(const FormatSpec& spec) {
  std::vector<std::string> names = {std::string(spec.name)};
  for (const std::string_view ending : filled(spec.endings)) {
    if (ending != ".laz") names.emplace_back(ending.substr(1));
  }
  return names;
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
  for (const io::FormatSpec& spec : io::format_specs()) {
    const std::vector<std::string> names = io::names_of(spec);
    if (std::ranges::find(names, name) != names.end()) return spec.format;
  }
  return std::nullopt;
}

std::vector<std::string> scan_format_names() {
  std::vector<std::string> names;
  for (const io::FormatSpec& spec : io::format_specs()) names.emplace_back(spec.name);
  for (const io::FormatSpec& spec : io::format_specs()) {
    for (std::string& name : io::names_of(spec)) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
  }
  return names;
}

char separator_named(std::string_view ending) {
  if (ending == "csv") return ',';
  return ending == "tsv" ? '\t' : '\0';
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
