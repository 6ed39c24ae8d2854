#include <algorithm>

#include "core/error.h"
#include "io/assemble.h"
#include "io/detect.h"
#include "io/failure.h"
#include "io/formats.h"
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
  Impl(const io::Bytes& bytes, const ReadOptions& options)
      : file_(bytes->name()),
        invalid_(options.invalid),
        format_(choose_format(bytes, options)),
        source_(io::spec_of(format_).open(bytes, options)),
        assemble_(*source_, file_) {}

  ScanFormat format() const { return format_; }
  std::int64_t size() const { return source_->size(); }
  std::int64_t remaining() const { return size() - done_; }

  Scan read(std::int64_t count) {
    require(count >= 0, "read_scan", "cannot read {} points", count);
    count = std::min(count, remaining());
    Scan scan = assemble_(source_->read(count));
    io::apply_policy(scan, invalid_, *source_, file_, done_);
    done_ += count;
    return scan;
  }

 private:
  std::string file_;
  InvalidPoints invalid_;
  ScanFormat format_;
  io::Points source_;
  io::Assembler assemble_;
  std::int64_t done_ = 0;
};

ScanReader::ScanReader(const std::filesystem::path& path, const ReadOptions& options)
    : impl_(std::make_unique<Impl>(io::open_file(path), options)) {}
ScanReader::ScanReader(std::span<const std::byte> bytes, std::string_view name,
                       const ReadOptions& options)
    : impl_(std::make_unique<Impl>(io::over_memory(bytes, name), options)) {}
ScanReader::~ScanReader() = default;
ScanReader::ScanReader(ScanReader&& other) noexcept = default;
ScanReader& ScanReader::operator=(ScanReader&& other) noexcept = default;

ScanFormat ScanReader::format() const { return impl_->format(); }
std::int64_t ScanReader::size() const { return impl_->size(); }
std::int64_t ScanReader::remaining() const { return impl_->remaining(); }
Scan ScanReader::read(std::int64_t count) { return impl_->read(count); }

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
