#include <algorithm>
#include <iterator>

#include "core/atomic_file.h"
#include "core/error.h"
#include "io/formats.h"
#include "io/lines.h"
#include "io/scan_head.h"
#include "io/scan_pieces.h"
#include "io/sidecar.h"
#include "voxloom/io.h"
#include "voxloom/survey.h"

namespace voxloom {
namespace {

class FileSink final : public io::ByteSink {
 public:
  explicit FileSink(AtomicFile& file) : file_(file) {}
  using ByteSink::write;
  void write(std::span<const std::byte> bytes) override { file_.write(bytes); }

 private:
  AtomicFile& file_;
};

class MemorySink final : public io::ByteSink {
 public:
  using ByteSink::write;
  void write(std::span<const std::byte> bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// For what would be said of a scan that is written.
class NoSink final : public io::ByteSink {
 public:
  using ByteSink::write;
  void write(std::span<const std::byte> /*bytes*/) override {}
};

using Origin = std::array<double, 3>;

// With what the file's name tells.
WriteOptions choose(const std::filesystem::path& path, const WriteOptions& options) {
  WriteOptions chosen = options;
  if (!chosen.format) chosen.format = scan_format_of(path);
  const std::string ending = io::lower(path.extension().string());
  require(chosen.format.has_value(), "write_scan",
          "'{}' does not tell the format by its ending; known are {}", path.string(),
          io::list_formats(true));
  require(ending != ".laz", "write_scan", "'{}': LAZ is not written; choose .las", path.string());
  // Nobody finds a file beside a pipe.
  if (file_place(path).is_through) chosen.shift = false;
  if (chosen.separator == 0 && !ending.empty()) {
    chosen.separator = separator_named(std::string_view(ending).substr(1));
  }
  return chosen;
}

// Where the scan's pose takes them.
class MovedPieces final : public io::ScanPieces {
 public:
  explicit MovedPieces(const io::ScanPieces& pieces) : pieces_(pieces), head_(pieces.head()) {
    apply_pose(head_);
  }
  [[nodiscard]] std::int64_t size() const override { return pieces_.size(); }
  [[nodiscard]] const Scan& head() const override { return head_; }
  void each(const Use& use) const override {
    if (whole() != nullptr) return use(head_, 0);
    pieces_.each([&](const Scan& piece, std::int64_t first) {
      Scan moved = piece;
      apply_pose(moved);
      use(moved, first);
    });
  }
  [[nodiscard]] const Scan* whole() const override {
    return pieces_.whole() == nullptr ? nullptr : &head_;
  }

 private:
  const io::ScanPieces& pieces_;
  Scan head_;
};

Scan without_text(const Scan& scan) {
  Scan kept = io::head_of(scan);
  kept.positions = scan.positions;
  std::ranges::copy_if(scan.attributes, std::back_inserter(kept.attributes),
                       [](const Column& column) { return !column.is_text(); });
  return kept;
}

// For formats that hold numbers alone.
class PiecesOfNumbers final : public io::ScanPieces {
 public:
  explicit PiecesOfNumbers(const io::ScanPieces& pieces)
      : pieces_(pieces), head_(without_text(pieces.head())) {}
  [[nodiscard]] std::int64_t size() const override { return pieces_.size(); }
  [[nodiscard]] const Scan& head() const override { return head_; }
  void each(const Use& use) const override {
    if (whole() != nullptr) return use(head_, 0);
    pieces_.each([&](const Scan& piece, std::int64_t first) { use(without_text(piece), first); });
  }
  [[nodiscard]] const Scan* whole() const override {
    return pieces_.whole() == nullptr ? nullptr : &head_;
  }

 private:
  const io::ScanPieces& pieces_;
  Scan head_;
};

void leave_out_text(const Scan& scan, const io::FormatSpec& spec, const WriteOptions& options) {
  const Column* classes =
      options.classification.empty() ? nullptr : scan.find(options.classification);
  require(classes == nullptr || !classes->is_text(), "write_scan",
          "the attribute '{}', to be the classification, holds text, not numbers",
          options.classification);
  std::vector<std::string_view> numbers;
  for (const Column& column : scan.attributes) {
    if (!column.is_text()) numbers.push_back(column.name);
  }
  io::note_left_out(scan, numbers, spec.name, options);
}

void note_lost_system(const Scan& scan, const io::FormatSpec& spec, const OnNote& note) {
  const auto system = coordinate_system(scan);
  if (!system) return;
  note(fmt::format("the coordinate system, {}, is not kept: {} has no place for it",
                   to_string(*system), spec.name));
}

// Returns what the written positions are relative to, if not to the file's own origin.
std::optional<Origin> write_to(io::ByteSink& sink, const io::ScanPieces& pieces, ScanFormat format,
                               const WriteOptions& options) {
  const Scan& head = pieces.head();
  validate(head);
  const io::FormatSpec& spec = io::spec_of(format);
  require(spec.write != nullptr, "write_scan", "{} is read, not written", spec.name);
  if (!spec.holds_text && std::ranges::any_of(head.attributes, &Column::is_text)) {
    leave_out_text(head, spec, options);
    return write_to(sink, PiecesOfNumbers(pieces), format, options);
  }
  if (head.pose && !spec.holds_pose) {
    const MovedPieces moved(pieces);
    if (options.on_note) options.on_note("positions are written where the scan's pose takes them");
    return write_to(sink, moved, format, options);
  }
  spec.write(sink, pieces, options);
  if (options.on_note && format != ScanFormat::las) note_lost_system(head, spec, options.on_note);
  const bool is_wide = options.wide && format == ScanFormat::pcd;
  const bool shifted =
      spec.is_narrow && !is_wide && io::narrow_frame(head, options) == io::Frame::origin;
  return shifted ? std::optional(head.origin) : std::nullopt;
}

}  // namespace

const Scan& io::in_one_piece(const ScanPieces& pieces, std::string_view format) {
  require(pieces.whole() != nullptr, "write_scan", "{} is written in one piece", format);
  return *pieces.whole();
}

void io::write_pieces(const std::filesystem::path& path, const ScanPieces& pieces,
                      const WriteOptions& options) {
  const WriteOptions chosen = choose(path, options);
  AtomicFile file(path);
  FileSink sink(file);
  const std::optional<Origin> moved = write_to(sink, pieces, *chosen.format, chosen);
  if (!moved) {
    file.commit();
    return remove_sidecar(path);
  }
  AtomicFile sidecar(sidecar_of(path));  // what cannot be written is found before the scan stands
  write_sidecar(sidecar, path, *moved);
  file.commit();
  sidecar.commit();
  if (chosen.on_note) {
    chosen.on_note(fmt::format("positions are relative to {} {} {}, which '{}' says", (*moved)[0],
                               (*moved)[1], (*moved)[2], sidecar_of(path).filename().string()));
  }
}

void io::check_writable_pieces(const std::filesystem::path& path, const ScanPieces& pieces,
                               const WriteOptions& options) {
  WriteOptions silent = choose(path, options);
  silent.on_note = {};
  static_cast<void>(AtomicFile(path));
  NoSink sink;
  if (write_to(sink, pieces, *silent.format, silent)) {
    static_cast<void>(AtomicFile(sidecar_of(path)));
  }
}

void write_scan(const std::filesystem::path& path, const Scan& scan, const WriteOptions& options) {
  io::write_pieces(path, io::WholeScan(scan), options);
}

void check_writable(const std::filesystem::path& path, const Scan& scan,
                    const WriteOptions& options) {
  io::check_writable_pieces(path, io::WholeScan(scan), options);
}

std::vector<std::byte> format_scan(const Scan& scan, const WriteOptions& options) {
  require(options.format.has_value(), "format_scan", "options.format is not set");
  MemorySink sink;
  static_cast<void>(write_to(sink, io::WholeScan(scan), *options.format, options));
  return sink.take();
}

}  // namespace voxloom
