// Any text either is a graph, and then writes and reads back the same, or throws FormatError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "voxloom/artifact.h"
#include "voxloom/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::string written = voxloom::artifact::to_text(voxloom::artifact::parse_graph(text));
    if (voxloom::artifact::to_text(voxloom::artifact::parse_graph(written)) != written) {
      std::abort();
    }
  } catch (const voxloom::FormatError&) {
  }
  return 0;
}
