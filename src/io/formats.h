// The scan formats: one row each. Whatever asks which formats there are, how one is known, read or
// written, asks this table.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "io/out_field.h"
#include "io/point_source.h"
#include "io/scan_pieces.h"
#include "voxloom/io.h"

namespace voxloom::io {

// Readers. Each throws FormatError when the header is wrong or promises what is not there.
[[nodiscard]] Points open_kitti(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_nuscenes(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_ply(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_pcd(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_las(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_text(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_npy(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_npz(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_ptx(const Bytes& bytes, const ReadOptions& options);
[[nodiscard]] Points open_pts(const Bytes& bytes, const ReadOptions& options);

// Writers. Each throws std::invalid_argument for what its format cannot hold. PLY, PCD, LAS, text and NPZ are
// written from any number of pieces, the others from one.
void write_kitti(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_nuscenes(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_ply(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_pcd(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_las(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_text(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_npy(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_npz(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_ptx(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);
void write_pts(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options);

struct FormatSpec {
  ScanFormat format;
  std::string_view name;
  // Of file names, in small letters; the longest that fits a name rules, whatever the order.
  std::array<std::string_view, 8> endings;
  // First bytes, one of which every such file has. Without any a format goes by name.
  std::array<std::string_view, 5> starts;
  Points (*open)(const Bytes&, const ReadOptions&);
  void (*write)(ByteSink&, const ScanPieces&, const WriteOptions&);  // null: not written
  bool holds_pose = false;  // else positions are written where the pose takes them
  bool is_narrow = false;   // positions are float32 (unless WriteOptions::wide)
  bool holds_text = false;  // else columns of text are left out, which is said

  [[nodiscard]] bool has_start() const { return !starts[0].empty(); }
};

[[nodiscard]] std::span<const FormatSpec> format_specs();
[[nodiscard]] const FormatSpec& spec_of(ScanFormat format);

// "kitti (.bin), nuscenes (.pcd.bin), ...", for messages.
[[nodiscard]] std::string list_formats(bool written);

}  // namespace voxloom::io
