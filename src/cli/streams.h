// "-" in the place of a file: the standard input or output.
#pragma once

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "voxloom/io.h"

namespace voxloom::cli {

inline constexpr const char* kStream = "-";

// What a file is called in messages.
[[nodiscard]] std::string shown_name(const std::string& file);

// std::system_error when the standard streams cannot be read or written.
[[nodiscard]] Scan read_scan_from(const std::string& file, const ReadOptions& options);
[[nodiscard]] std::vector<std::byte> read_stdin();
// The standard output takes no shifted positions: nothing beside it could say so. BadUsage without a format for it.
void write_scan_to(const std::string& file, const Scan& scan, const WriteOptions& options);
// A text that is made whole, marked as ours (outputs.h).
void write_text_to(const std::string& file, const std::string& text);
void write_bytes_to_stdout(std::span<const std::byte> bytes);

// Where a command reports what it did: not among the bytes that it writes.
[[nodiscard]] std::FILE* report_stream(const std::string& output);

}  // namespace voxloom::cli
