// The file beside a scan that says what its positions are relative to, where the format itself cannot:
//
//   # The positions of scan.bin are relative to this point.
//   500000 5400000 0
#pragma once

#include <array>
#include <filesystem>
#include <optional>

#include "core/atomic_file.h"

namespace voxloom::io {

// Beside the file itself, where the scan's name is a link: it is found by every name.
[[nodiscard]] std::filesystem::path sidecar_of(const std::filesystem::path& scan);
[[nodiscard]] bool is_sidecar_name(const std::filesystem::path& path);
// Whether a file is there that write_sidecar wrote.
[[nodiscard]] bool is_sidecar(const std::filesystem::path& path);

// The one of a scan that is read: beside the file, else beside a link to it. Nothing where there is none.
[[nodiscard]] std::optional<std::filesystem::path> find_sidecar(const std::filesystem::path& scan);

// Whether the scan was written after the file that says where it is, as when another program replaced it.
[[nodiscard]] bool is_older_sidecar(const std::filesystem::path& sidecar,
                                    const std::filesystem::path& scan);

// FormatError when it is not like that.
[[nodiscard]] std::array<double, 3> read_sidecar(const std::filesystem::path& sidecar,
                                                 const std::filesystem::path& scan);

// To a file that the caller commits once the scan stands.
void write_sidecar(AtomicFile& file, const std::filesystem::path& scan,
                   const std::array<double, 3>& origin);

// Removes what an earlier scan of this name left. Another's file of that name is left alone.
void remove_sidecar(const std::filesystem::path& scan);

}  // namespace voxloom::io
