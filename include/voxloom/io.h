// Reading and writing scans.
//
// The content rules: a file that starts like a PLY, PCD, LAS, NPY or NPZ is read as one whatever its
// name. Files without such a start (.bin, text) go by their name, and a name that promises a start
// that is not there is an error. What each format keeps is told in docs/formats.md.
//
// Files are not trusted. Every count in a header is held against the bytes that are there before
// memory is taken; packed data is unpacked within `max_unpacked_bytes`.
// Errors: FormatError, one line: file, byte or line, reason. Writing throws std::invalid_argument for
// what a format cannot hold and std::system_error when the file cannot be written; a file appears
// whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/scan.h"

namespace VOXLOOM_API voxloom {

enum class ScanFormat : std::uint8_t {
  kitti,     // x y z intensity, float32
  nuscenes,  // x y z intensity ring, float32
  ply,       // any scalar properties; lists are skipped
  pcd,       // any fields
  las,       // 1.0 to 1.4, point formats 0 to 10
  text,      // columns, with or without a line of names
  npy,       // (N,C) numbers or structured (N)
  npz,       // several arrays with N rows
  ptx,       // scanners' grids with a pose each: x y z intensity, and colours
  pts,       // x y z, intensity and colours, as text
};

struct ScanFormatInfo {
  ScanFormat format;
  std::string_view name;
  std::vector<std::string_view> endings;  // of file names, in small letters
  bool is_written = true;                 // else only read
};
[[nodiscard]] std::vector<ScanFormatInfo> scan_formats();  // all of them

[[nodiscard]] std::string_view name_of(ScanFormat format);  // "kitti", ...
// By its name or by one of its endings without the dot: "csv" is text.
[[nodiscard]] std::optional<ScanFormat> scan_format_named(std::string_view name);
[[nodiscard]] std::vector<std::string> scan_format_names();  // all that it takes, each once
// What stands between the columns of text of that ending, without the dot; 0 where the ending does not say.
[[nodiscard]] char separator_named(std::string_view ending);
// By the file's name alone; nothing when the name says nothing.
[[nodiscard]] std::optional<ScanFormat> scan_format_of(const std::filesystem::path& path);

// What to do with a point whose position is not finite.
enum class InvalidPoints : std::uint8_t { error, drop, keep };

// The column `name` of a file is read as `role`: x, y, z, intensity, label, or any other name.
struct ColumnRole {
  std::string role, name;
  friend bool operator==(const ColumnRole&, const ColumnRole&) = default;
};

struct ReadOptions {
  std::optional<ScanFormat> format = {};  // default: by content, then by name
  InvalidPoints invalid = InvalidPoints::error;
  std::int64_t max_unpacked_bytes = std::int64_t{1} << 32;  // of what is compressed in the file
  // Names of the columns of a file that does not name them (text), or whose bytes do not tell what they are
  // (kitti: float32 each, or "name:float64"); "_" passes a column over.
  std::vector<std::string> fields = {};
  // Ruling over the names that columns have and the aliases of docs/formats.md. What bore a role's name before
  // gets a number behind it.
  std::vector<ColumnRole> columns = {};
  // Attributes that are left out, and those that alone are kept, by the name that they have in the file or in the
  // scan. A name that is not there is an error.
  std::vector<std::string> drop = {};
  std::optional<std::vector<std::string>> keep = {};
  OnNote on_note = {};
};

// Reads a file piece by piece. The column types of all pieces are the same.
class ScanReader {
 public:
  // A folder that holds coord.npy is one scan: docs/formats.md.
  explicit ScanReader(const std::filesystem::path& path, const ReadOptions& options = {});
  // Over bytes in memory, which must outlive the reader; `name` stands for the file in messages and
  // in the choice of the format.
  ScanReader(std::span<const std::byte> bytes, std::string_view name,
             const ReadOptions& options = {});
  ~ScanReader();
  ScanReader(ScanReader&& other) noexcept;
  ScanReader& operator=(ScanReader&& other) noexcept;

  [[nodiscard]] ScanFormat format() const;
  [[nodiscard]] std::int64_t size() const;       // points in the file
  [[nodiscard]] std::int64_t remaining() const;  // points not read yet

  // The next points, at most `count` of them. Fewer when some were dropped; none, but with all the
  // attributes, at the end.
  [[nodiscard]] Scan read(std::int64_t count);
  // Passes over the next points of the file, at most `count` of them. Where points are records of one length, as in
  // binary PLY, PCD and NPY, LAS and KITTI's files, nothing of them is read.
  void skip(std::int64_t count);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A file, or a folder that holds coord.npy.
[[nodiscard]] Scan read_scan(const std::filesystem::path& path, const ReadOptions& options = {});
[[nodiscard]] Scan parse_scan(std::span<const std::byte> bytes, std::string_view name,
                              const ReadOptions& options = {});

enum class Encoding : std::uint8_t { binary, ascii, big_endian };

struct WriteOptions {
  std::optional<ScanFormat> format = {};  // default: by the file's name
  Encoding encoding = Encoding::binary;   // ply; pcd, where big_endian does not exist
  char separator = 0;  // text; default: ',' for .csv, a tab for .tsv, else a blank
  // LAS: the attribute written as the classification. Default: "classification", or else "label".
  std::string classification = {};
  // LAS: default: the scan's own, or millimetres (centimetres when the scan is too wide for them).
  std::optional<Quantization> quantization = {};
  // kitti, nuscenes, pcd: where float32 cannot hold the positions to a millimetre, write them relative to
  // the scan's origin, and that into a file beside it, NAME.origin, which read_scan reads. Else such
  // positions are refused.
  bool shift = false;
  bool wide = false;  // pcd: float64 positions, where the scan has them
  OnNote on_note = {};
};

void write_scan(const std::filesystem::path& path, const Scan& scan,
                const WriteOptions& options = {});
// Throws what write_scan would throw for this scan, and for a place where no file can be made; leaves nothing there.
void check_writable(const std::filesystem::path& path, const Scan& scan,
                    const WriteOptions& options = {});
// `options.format` must be set.
[[nodiscard]] std::vector<std::byte> format_scan(const Scan& scan, const WriteOptions& options);

}  // namespace voxloom
