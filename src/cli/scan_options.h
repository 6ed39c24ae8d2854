// What commands that read scans have in common.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "voxloom/io.h"
#include "voxloom/scan_input.h"

namespace voxloom::cli {

// What the user says of the scans that are read.
struct ScanOptions {
  std::string from;                                // format
  std::vector<std::string> fields, columns, drop;  // columns: ROLE=NAME
  std::vector<std::string> keep;                   // empty: all
  std::optional<std::array<double, 2>> intensity_range = {};
  bool strict = false;
};

[[nodiscard]] bool says_something(const ScanOptions& options);
// BadUsage where it does, as simulated scans are what they are.
void refuse_of_made(const ScanOptions& options);

// A format of scans by its name.
void add_format_option(Options command, const char* option, std::string& format, const char* help);

// --from, --fields, --column, --drop, --keep: what the columns of a file are.
void add_read_options(Options command, ScanOptions& options);
// --intensity-range, --strict: what becomes of them on the way to a network.
void add_input_options(Options command, ScanOptions& options);

// --votes: LabelOptions::votes.
void add_votes_option(Options command, int& votes);

// BadUsage for a --column that is none.
[[nodiscard]] ReadOptions read_options(const ScanOptions& options, InvalidPoints invalid,
                                       const OnNote& note);
[[nodiscard]] InputOptions input_options(const ScanOptions& options, const OnNote& note);

// Says on stderr what was guessed, left out or replaced in a file.
[[nodiscard]] OnNote note_on(const std::string& file);

// "0..255", for tables.
[[nodiscard]] std::string range_text(const Interval& range);

}  // namespace voxloom::cli
