// Which format a file has.
#pragma once

#include "io/byte_source.h"
#include "voxloom/io.h"

namespace voxloom::io {

// By the content's start, else by the name, else text when it looks like that. FormatError when the
// file is empty, when a start that the name promises is not there, or when nothing fits.
[[nodiscard]] ScanFormat detect_format(const Bytes& bytes);

}  // namespace voxloom::io
