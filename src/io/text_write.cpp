// Text columns: a line of names, a line per point.
#include "io/formats.h"

namespace voxloom::io {

void write_text(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options) {
  const char separator = options.separator == 0 ? ' ' : options.separator;
  std::vector<OutField> named = scalar_fields(scan.head(), 0);
  make_words(named);
  std::string header;
  for (const OutField& field : named) header += field.name + separator;
  header.back() = '\n';
  sink.write(header);
  scan.each([&](const Scan& piece, std::int64_t first) {
    write_rows(sink, piece, scalar_fields(piece, first), separator);
  });
}

}  // namespace voxloom::io
