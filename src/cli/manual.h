// The program's own options as a manual page and as completions for a shell: what `voxloom manual` prints.
#pragma once

#include <span>
#include <string>

#include "cli/options.h"

namespace voxloom::cli {

// A page of section 1 in the macros of man(7).
[[nodiscard]] std::string man_page(const Program& program, std::span<const CommandFacts> commands);

// A script for bash: commands, their options, and the words that options choose from; else names of files.
[[nodiscard]] std::string bash_completion(std::span<const CommandFacts> commands);

}  // namespace voxloom::cli
