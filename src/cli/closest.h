// What somebody may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace voxloom::cli {

// ", did you mean 'segment'?" for the candidate that the fewest insertions, deletions, exchanges and swaps of neighbours
// lead to, the first among equals; nothing where these are more than a third of the word, or than two.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& candidates);

}  // namespace voxloom::cli
