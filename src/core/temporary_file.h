// A file beside where results will be, that is gone when its makers and readers are. Errors: std::system_error.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "core/open_temporaries.h"

namespace voxloom {

// Written front to back under a name of its own.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& beside);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void append(std::span<const std::byte> bytes);
  // Until the bytes are where other machines find them.
  void sync();
  // A descriptor of the same file, to read it by, with or without a name. The caller closes it.
  [[nodiscard]] int duplicate() const;
  // Takes the name away, and leaves the file to who has it open: nothing stays when they are gone.
  void hide();

 private:
  std::filesystem::path path_;
  OpenTemporary open_;
  int descriptor_ = -1;
  bool is_hidden_ = false;
};

}  // namespace voxloom
