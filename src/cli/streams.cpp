#include "cli/streams.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "cli/options.h"
#include "cli/outputs.h"
#include "core/atomic_file.h"

namespace voxloom::cli {
namespace {

// Under this name or another, as /dev/stdout. What goes to a terminal or to nowhere may go there together.
bool is_stdout(const std::string& file) {
  if (file == kStream) return true;
  struct stat named {};
  struct stat held {};
  return ::stat(file.c_str(), &named) == 0 && ::fstat(STDOUT_FILENO, &held) == 0 &&
         !S_ISCHR(held.st_mode) && named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

}  // namespace

std::vector<std::byte> read_stdin() {
  std::vector<std::byte> bytes;
  std::vector<std::byte> part(std::size_t{1} << 20);
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw std::system_error(errno, std::generic_category(), "cannot read the standard input");
    }
    if (got == 0) return bytes;
    bytes.insert(bytes.end(), part.begin(), part.begin() + got);
  }
}

std::string shown_name(const std::string& file) { return file == kStream ? "stdin" : file; }

Scan read_scan_from(const std::string& file, const ReadOptions& options) {
  const std::vector<std::byte> bytes = file == kStream ? read_stdin() : std::vector<std::byte>();
  ScanReader reader =
      file == kStream ? ScanReader(bytes, shown_name(file), options) : ScanReader(file, options);
  Scan scan = reader.read(reader.size());
  if (const std::int64_t dropped = reader.size() - scan.size(); dropped > 0 && options.on_note) {
    options.on_note(fmt::format("{} points that are not finite are left out", dropped));
  }
  return scan;
}

void write_scan_to(const std::string& file, const Scan& scan, const WriteOptions& options) {
  if (file != kStream) return write_scan(file, scan, options);
  if (!options.format)
    throw BadUsage("--to must say the format of what goes to the standard output");
  WriteOptions unshifted = options;
  unshifted.shift = false;
  write_bytes_to_stdout(format_scan(scan, unshifted));
}

void write_text_to(const std::string& file, const std::string& text) {
  if (file == kStream) return write_bytes_to_stdout(std::as_bytes(std::span(text)));
  AtomicFile out(file);
  out.write(text);
  out.commit();
  Outputs::mark(file);
}

void write_bytes_to_stdout(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() ||
      std::fflush(stdout) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot write to the standard output");
  }
}

std::FILE* report_stream(const std::string& output) { return is_stdout(output) ? stderr : stdout; }

}  // namespace voxloom::cli
