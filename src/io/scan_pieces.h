// A scan that is written piece by piece: what no memory holds in one. Writers that have to know something of all
// points before the first is written go over the pieces more than once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "voxloom/io.h"

namespace voxloom::io {

class ScanPieces {
 public:
  ScanPieces() = default;
  virtual ~ScanPieces() = default;
  ScanPieces(const ScanPieces&) = delete;
  ScanPieces& operator=(const ScanPieces&) = delete;

  [[nodiscard]] virtual std::int64_t size() const = 0;  // points of all pieces
  // What the pieces have in common: names and types of the attributes, origin, poses, records. Its points are
  // those of no piece.
  [[nodiscard]] virtual const Scan& head() const = 0;
  // All pieces in order; `first` is the number of a piece's first point. The same each time.
  using Use = std::function<void(const Scan& piece, std::int64_t first)>;
  virtual void each(const Use& use) const = 0;
  // The scan, where it is one piece.
  [[nodiscard]] virtual const Scan* whole() const { return nullptr; }
};

class WholeScan final : public ScanPieces {
 public:
  explicit WholeScan(const Scan& scan) : scan_(scan) {}
  [[nodiscard]] std::int64_t size() const override { return scan_.size(); }
  [[nodiscard]] const Scan& head() const override { return scan_; }
  void each(const Use& use) const override { use(scan_, 0); }
  [[nodiscard]] const Scan* whole() const override { return &scan_; }

 private:
  const Scan& scan_;
};

// For formats that segment does not write: std::invalid_argument where there are several pieces.
[[nodiscard]] const Scan& in_one_piece(const ScanPieces& pieces, std::string_view format);

// As write_scan and check_writable, with the same bytes as from one piece.
void write_pieces(const std::filesystem::path& path, const ScanPieces& pieces,
                  const WriteOptions& options);
void check_writable_pieces(const std::filesystem::path& path, const ScanPieces& pieces,
                           const WriteOptions& options);

}  // namespace voxloom::io
