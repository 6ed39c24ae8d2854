// What commands that read scans have in common.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "voxloom/io.h"

namespace voxloom::cli {

// A format of scans by its name.
void add_format_option(Options command, const char* option, std::string& format, const char* help);

// Names of the columns that a scan's file does not tell.
void add_fields_option(Options command, std::vector<std::string>& fields);

// Says on stderr what was guessed, left out or replaced in a file.
[[nodiscard]] OnNote note_on(const std::string& file);

}  // namespace voxloom::cli
