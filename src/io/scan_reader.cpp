#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "io/assemble.h"
#include "io/detect.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/npy_folder.h"
#include "io/sidecar.h"
#include "voxloom/io.h"

namespace voxloom {
namespace {

ScanFormat choose_format(const io::Bytes& bytes, const ReadOptions& options) {
  if (!options.format) return io::detect_format(bytes);
  if (bytes->size() == 0) io::fail_file(bytes->name(), "is empty");
  return *options.format;
}

Scan read_all(ScanReader& reader) { return reader.read(reader.size()); }

}  // namespace

class ScanReader::Impl {
 public:
  using Open = std::function<io::Points(const ReadOptions&)>;

  Impl(const io::Bytes& bytes, ScanFormat format, const ReadOptions& options)
      : Impl(bytes->name(), format, options,
             [bytes, &spec = io::spec_of(format)](const ReadOptions& how) {
               return spec.open(bytes, how);
             }) {}
  Impl(std::string file, ScanFormat format, const ReadOptions& options, Open open)
      : open_(std::move(open)),
        options_(options),
        file_(std::move(file)),
        format_(format),
        source_(open_(options)),
        assemble_(*source_, file_, options) {}

  // What the file beside the scan says.
  void use_sidecar(const std::filesystem::path& path) {
    if (!io::spec_of(format_).is_narrow) return;
    const std::optional<std::filesystem::path> sidecar = io::find_sidecar(path);
    if (!sidecar) return;
    moved_ = io::read_sidecar(*sidecar, path);
    if (!options_.on_note || !io::is_older_sidecar(*sidecar, path)) return;
    options_.on_note(fmt::format(
        "positions are relative to {}, as '{}' says, which is older than the scan: remove it if it "
        "is not the scan's",
        fmt::join(*moved_, " "), sidecar->filename().string()));
  }

  ScanFormat format() const { return format_; }
  std::int64_t size() const { return source_->size(); }
  std::int64_t remaining() const { return size() - done_; }

  Scan read(std::int64_t count) {
    require(count >= 0, "read_scan", "cannot read {} points", count);
    count = std::min(count, remaining());
    const bool first = !has_origin_ && needs_search();
    if (first && count < size()) look_ahead();
    std::vector<Column> columns = source_->read(count);
    if (first && count == size()) {
      io::OriginSearch search(size());
      assemble_.look(search, columns);
      take_from(search);
    }
    has_origin_ = true;
    Scan scan = assemble_(std::move(columns));
    scan.middle = middle_;
    for (std::size_t axis = 0; moved_ && axis < 3; ++axis) {
      scan.origin.at(axis) += moved_->at(axis);
      if (scan.viewpoint) scan.viewpoint->at(axis)[3] += moved_->at(axis);
    }
    io::apply_policy(scan, options_.invalid, *source_, file_, done_);
    done_ += count;
    return scan;
  }

  void skip(std::int64_t count) {
    require(count >= 0, "read_scan", "cannot pass over {} points", count);
    count = std::min(count, remaining());
    if (!has_origin_ && needs_search()) look_ahead();
    has_origin_ = true;
    source_->skip(count);
    done_ += count;
  }

 private:
  // Whether the scan may lie far from 0.
  bool needs_search() const { return assemble_.may_need_origin() || moved_; }

  void take_from(const io::OriginSearch& search) {
    if (assemble_.may_need_origin()) assemble_.set_origin(search);
    middle_ = search.middle(moved_.value_or(std::array<double, 3>{}));
  }

  // All pieces have one origin and one middle, which follow from all of the points.
  void look_ahead() {
    constexpr std::int64_t kPiece = 1 << 16, kSparse = 64;
    ReadOptions silent = options_;
    silent.on_note = {};
    const io::Points points = open_(silent);
    io::OriginSearch search(size());
    if (search.stride() > kSparse) {
      for (std::int64_t at = 0; at < size(); at += search.stride()) {
        assemble_.look(search, points->read(1));
        const std::int64_t next = std::min(size() - at, search.stride()) - 1;
        points->skip(next);
        search.skip(next);
      }
    } else {
      for (std::int64_t left = points->size(); left > 0; left -= kPiece) {
        assemble_.look(search, points->read(std::min(left, kPiece)));
      }
    }
    take_from(search);
  }

  Open open_;
  ReadOptions options_;
  std::string file_;
  ScanFormat format_;
  io::Points source_;
  io::Assembler assemble_;
  bool has_origin_ = false;
  std::optional<std::array<double, 3>> moved_, middle_;
  std::int64_t done_ = 0;
};

ScanReader::ScanReader(const std::filesystem::path& path, const ReadOptions& options) {
  if (io::is_npy_folder(path)) {
    impl_ = std::make_unique<Impl>(
        path.string(), ScanFormat::npy, options,
        [path](const ReadOptions& how) { return io::open_npy_folder(path, how); });
    return;
  }
  const io::Bytes bytes = io::open_file(path);
  impl_ = std::make_unique<Impl>(bytes, choose_format(bytes, options), options);
  impl_->use_sidecar(path);
}
ScanReader::ScanReader(std::span<const std::byte> bytes, std::string_view name,
                       const ReadOptions& options) {
  const io::Bytes source = io::over_memory(bytes, name);
  impl_ = std::make_unique<Impl>(source, choose_format(source, options), options);
}
ScanReader::~ScanReader() = default;
ScanReader::ScanReader(ScanReader&& other) noexcept = default;
ScanReader& ScanReader::operator=(ScanReader&& other) noexcept = default;

ScanFormat ScanReader::format() const { return impl_->format(); }
std::int64_t ScanReader::size() const { return impl_->size(); }
std::int64_t ScanReader::remaining() const { return impl_->remaining(); }
Scan ScanReader::read(std::int64_t count) { return impl_->read(count); }
void ScanReader::skip(std::int64_t count) { impl_->skip(count); }

Scan read_scan(const std::filesystem::path& path, const ReadOptions& options) {
  ScanReader reader(path, options);
  return read_all(reader);
}

Scan parse_scan(std::span<const std::byte> bytes, std::string_view name,
                const ReadOptions& options) {
  ScanReader reader(bytes, name, options);
  return read_all(reader);
}

}  // namespace voxloom
