// Text columns: a line of names, a line per point.
#include "io/formats.h"

namespace voxloom::io {

void write_text(ByteSink& sink, const Scan& scan, const WriteOptions& options) {
  const char separator = options.separator == 0 ? ' ' : options.separator;
  std::vector<OutField> fields = scalar_fields(scan);
  make_words(fields);
  std::string header;
  for (const OutField& field : fields) header += field.name + separator;
  header.back() = '\n';
  sink.write(header);
  write_rows(sink, scan, fields, separator);
}

}  // namespace voxloom::io
