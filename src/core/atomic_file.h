// Files and folders that appear whole or not at all: written under a temporary name beside their
// place, then renamed. What was not committed is removed. Errors: std::system_error.
#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string_view>

namespace voxloom {

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
  std::filesystem::path path_, temporary_;
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

}  // namespace voxloom
