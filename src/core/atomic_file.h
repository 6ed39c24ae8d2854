// Files and folders that appear whole or not at all: written under a temporary name beside their
// place, then renamed. What was not committed is removed. Errors: std::system_error.
//
// A link is followed, and what it names is replaced. A file or folder that is replaced hands on its mode
// and, where the system allows it, its owner. What is no regular file (a device, a pipe, /dev/stdout) is
// never replaced: its bytes are written through as they come.
#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/open_temporaries.h"

namespace voxloom {

// Where a file of this name is written: links followed. `is_through`: what stands there is no regular file, or one that
// a process holds open (/dev/stdout), and is written through.
struct FilePlace {
  std::filesystem::path path;
  bool is_through = false;
};
[[nodiscard]] FilePlace file_place(const std::filesystem::path& path);

class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  void commit();

 private:
  void open_through();

  std::filesystem::path path_, temporary_;
  OpenTemporary open_;
  bool is_through_ = false;  // opened with the first byte: a pipe's reader sees one writer
  std::FILE* file_ = nullptr;
};

class AtomicFolder {
 public:
  // Makes the temporary folder. A folder that already stands at `path` is replaced by commit(), and
  // must hold nothing but `replaceable` files: std::invalid_argument otherwise, nothing is touched.
  AtomicFolder(std::filesystem::path path, std::span<const std::string_view> replaceable);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& temporary() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path path_, temporary_;
};

// Takes away what processes that are gone left in `folder` (not below it) in place of files and folders
// that they did not finish: all of them, or those of files and folders that are `wanted`, by their names. Where other
// machines write into the folder too, whose processes nobody sees here, that should be one's own.
using IsWanted = std::function<bool(const std::string& name)>;
void remove_stale_temporaries(const std::filesystem::path& folder, const IsWanted& wanted = {});

}  // namespace voxloom
