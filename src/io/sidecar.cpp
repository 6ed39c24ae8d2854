#include "io/sidecar.h"

#include "core/finite.h"
#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".origin";
constexpr std::string_view kMark = "# The positions of ";

fs::path beside(fs::path scan) { return std::move(scan += kEnding); }

}  // namespace

fs::path sidecar_of(const fs::path& scan) { return beside(file_place(scan).path); }

bool is_sidecar_name(const fs::path& path) { return path.extension() == kEnding; }

bool is_sidecar(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  LineReader lines(open_file(path));
  std::string_view line;
  return lines.next(line) && line.starts_with(kMark);
}

std::optional<fs::path> find_sidecar(const fs::path& scan) {
  for (fs::path path : {sidecar_of(scan), beside(scan)}) {
    if (is_sidecar(path)) return path;
  }
  return std::nullopt;
}

bool is_older_sidecar(const fs::path& sidecar, const fs::path& scan) {
  std::error_code first, second;
  const auto of_scan = fs::last_write_time(scan, first);
  const auto own = fs::last_write_time(sidecar, second);
  return !first && !second && own < of_scan;
}

std::array<double, 3> read_sidecar(const fs::path& sidecar, const fs::path& scan) {
  LineReader lines(open_file(sidecar));
  std::string_view line;
  static_cast<void>(lines.next(line));
  std::array<double, 3> origin{};
  std::vector<std::string_view> words;
  if (lines.next(line)) words = split(line);
  bool good = words.size() == 3;
  for (std::size_t i = 0; good && i < 3; ++i) {
    good = parse_number(words[i], origin.at(i)) == Number::good;
  }
  if (!good || !is_finite(origin)) {
    fail_line(sidecar.string(), 2, "three numbers are expected, what {} is relative to",
              excerpt(scan.filename().string()));
  }
  return origin;
}

void write_sidecar(AtomicFile& file, const fs::path& scan, const std::array<double, 3>& origin) {
  std::string text =
      fmt::format("{}{} are relative to this point.\n", kMark, scan.filename().string());
  for (const double coordinate : origin) {
    append_number(text, coordinate);
    text += ' ';
  }
  text.back() = '\n';
  file.write(text);
}

void remove_sidecar(const fs::path& scan) {
  while (const std::optional<fs::path> path = find_sidecar(scan)) fs::remove(*path);
}

}  // namespace voxloom::io
