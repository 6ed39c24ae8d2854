// From text to Graph: names resolved, the module's attributes checked. What the operations mean is
// the verifier's business.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "artifact/graph/reporter.h"
#include "voxloom/graph.h"

namespace voxloom::artifact {

inline constexpr std::int64_t kIrVersion = 2;
inline constexpr std::string_view kSchemaDigest =
    "1380f1e819fc0eb1af587202ecec3c14ec2c981d249333c5061f0263f82072ad";
inline constexpr std::size_t kMaxGraphBytes = std::size_t{16} << 20U;

// Nothing when the text cannot be read to its end. Otherwise a graph that may still be wrong: an
// operand that does not exist has the id -1, and its error is reported.
[[nodiscard]] std::optional<Graph> read_graph(std::string_view text, Reporter& reporter);

}  // namespace voxloom::artifact
