// The files that are being written under a temporary name, so that a signal that ends the process need not leave them.
#pragma once

#include <filesystem>

namespace voxloom {

// Notes down a name for its lifetime. Of very many at once, and of very long ones, some are not.
class OpenTemporary {
 public:
  OpenTemporary() = default;
  explicit OpenTemporary(const std::filesystem::path& path) noexcept;
  ~OpenTemporary();
  OpenTemporary(OpenTemporary&& other) noexcept;
  OpenTemporary& operator=(OpenTemporary&& other) noexcept;

 private:
  int slot_ = -1;
};

// Takes the names of all that are noted down away. May be called by a handler of signals; whoever writes such a file
// fails afterwards.
void remove_open_temporaries() noexcept;

}  // namespace voxloom
