// The LZF stream inside of PCD's binary_compressed:
//
//   000LLLLL                     L + 1 literal bytes follow
//   LLLooooo oooooooo            L in 1..6: copy L + 2 bytes from o + 1 bytes back
//   111ooooo LLLLLLLL oooooooo   copy L + 9 bytes from o + 1 bytes back
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace voxloom::io {

// Unpacks exactly `size` bytes. `file` and `offset`, the stream's place, are for messages.
// FormatError when the stream does not hold that many or reaches outside of itself.
[[nodiscard]] std::vector<std::byte> unpack_lzf(std::span<const std::byte> packed,
                                                std::int64_t size, std::string_view file,
                                                std::int64_t offset);

// A copy of 264 bytes takes three: no stream unpacks to more than this many times its size.
inline constexpr std::int64_t kLzfMaxRatio = 88;

}  // namespace voxloom::io
