// What the reader of one format, which each program names, must do with any bytes: read them, or throw one
// of the two errors that are meant for it; give the same points piece by piece; write what it read so that
// it reads it again.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "check.h"
#include "voxloom/error.h"
#include "voxloom/io.h"

extern const char* const voxloom_scan_format;

namespace voxloom::fuzz {
namespace {

// That holds all of it.
ScanFormat format_for(const Scan& scan) {
  const bool has_text = std::ranges::any_of(scan.attributes, &Column::is_text);
  return has_text ? ScanFormat::npz : ScanFormat::npy;
}

// As bytes, because a NaN is not equal to itself.
std::vector<std::byte> as_bytes(const Scan& scan) {
  return format_scan(scan, {.format = format_for(scan)});
}

Scan read_in_pieces(std::span<const std::byte> bytes, const ReadOptions& options) {
  ScanReader reader(bytes, "fuzz", options);
  Scan scan = reader.read(0);
  while (reader.remaining() > 0) append(scan, reader.read(reader.size() / 3 + 1));
  return scan;
}

void check(std::span<const std::byte> bytes, ScanFormat format) {
  const ReadOptions options{.format = format,
                            .invalid = InvalidPoints::keep,
                            .max_unpacked_bytes = std::int64_t{1} << 24};
  Scan scan;
  try {
    scan = parse_scan(bytes, "fuzz", options);
  } catch (const FormatError&) {
    return;
  } catch (const ResourceError&) {
    return;
  }
  const std::vector<std::byte> whole = as_bytes(scan);
  require(as_bytes(read_in_pieces(bytes, options)) == whole);
  const Scan again =
      parse_scan(whole, "fuzz", {.format = format_for(scan), .invalid = InvalidPoints::keep});
  require(again.size() == scan.size() && again.attributes.size() == scan.attributes.size());
  require(as_bytes(again).size() == whole.size());
}

}  // namespace
}  // namespace voxloom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const voxloom::ScanFormat format = voxloom::scan_format_named(voxloom_scan_format).value();
  voxloom::fuzz::check(std::as_bytes(std::span(data, size)), format);
  return 0;
}
