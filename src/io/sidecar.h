// The file beside a scan that says what its positions are relative to, where the format itself cannot:
//
//   # The positions of scan.bin are relative to this point.
//   500000 5400000 0
#pragma once

#include <array>
#include <filesystem>
#include <optional>

namespace voxloom::io {

[[nodiscard]] std::filesystem::path sidecar_of(const std::filesystem::path& scan);
[[nodiscard]] bool is_sidecar_name(const std::filesystem::path& path);
// Whether a file is there that write_sidecar wrote.
[[nodiscard]] bool is_sidecar(const std::filesystem::path& path);

// Whether the scan was written after the file beside it, as when another program replaced it.
[[nodiscard]] bool is_older_sidecar(const std::filesystem::path& scan);

// Nothing when there is no such file; FormatError when it is not like that.
[[nodiscard]] std::optional<std::array<double, 3>> read_sidecar(const std::filesystem::path& scan);

void write_sidecar(const std::filesystem::path& scan, const std::array<double, 3>& origin);

// Removes what an earlier scan of this name left. Another's file of that name is left alone.
void remove_sidecar(const std::filesystem::path& scan);

}  // namespace voxloom::io
