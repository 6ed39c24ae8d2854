#include "core/atomic_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace voxloom {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_errno(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// Unique within the machine: process and a counter within the process.
fs::path temporary_beside(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  fs::path name = path.filename();
  name += fmt::format(".tmp-{}-{}", ::getpid(), counter.fetch_add(1));
  return path.parent_path() / name;
}

// "bundle/" names the folder "bundle".
fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

// Swaps two folders in one step where the file system can, so that no reader sees neither.
void replace_folder(const fs::path& fresh, const fs::path& place) {
#ifdef RENAME_EXCHANGE
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0) {
    std::error_code ignored;  // the new folder stands; the old one's remains are not worth an error
    fs::remove_all(fresh, ignored);
    return;
  }
  if (errno != EINVAL && errno != ENOSYS) {
    throw_errno(errno, fmt::format("cannot replace '{}'", place.string()));
  }
#endif
  const fs::path old = temporary_beside(place);
  fs::rename(place, old);
  fs::rename(fresh, place);
  std::error_code ignored;
  fs::remove_all(old, ignored);
}

}  // namespace

AtomicFile::AtomicFile(fs::path path)
    : path_(std::move(path)), temporary_(temporary_beside(path_)) {
  require(path_.has_filename(), "write", "'{}' does not name a file", path_.string());
  file_ = std::fopen(temporary_.c_str(), "wbx");
  if (file_ == nullptr) throw_errno(errno, fmt::format("cannot write '{}'", path_.string()));
}

AtomicFile::~AtomicFile() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;  // fwrite must not see its null pointer
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    throw_errno(errno, fmt::format("cannot write '{}'", path_.string()));
  }
}

void AtomicFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text.data(), text.size())));
}

void AtomicFile::commit() {
  const std::string what = fmt::format("cannot write '{}'", path_.string());
  // The bytes must be on the disk before the name is: a crash may otherwise leave an empty file.
  if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) throw_errno(errno, what);
  if (std::fclose(std::exchange(file_, nullptr)) != 0 ||
      std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int cause = errno;
    std::error_code ignored;
    fs::remove(temporary_, ignored);
    throw_errno(cause, what);
  }
}

AtomicFolder::AtomicFolder(fs::path path, std::span<const std::string_view> replaceable)
    : path_(without_trailing_slash(path)), temporary_(temporary_beside(path_)) {
  require(path_.has_filename(), "write", "'{}' does not name a folder", path.string());
  if (fs::exists(path_)) {
    require(fs::is_directory(path_), "write", "'{}' exists and is not a folder", path_.string());
    for (const fs::directory_entry& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      require(std::ranges::find(replaceable, name) != replaceable.end(), "write",
              "'{}' holds '{}', which is not part of a bundle: choose another folder",
              path_.string(), name);
    }
  }
  fs::create_directory(temporary_);
}

AtomicFolder::~AtomicFolder() {
  if (temporary_.empty()) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

void AtomicFolder::commit() {
  if (fs::exists(path_)) {
    replace_folder(temporary_, path_);
  } else {
    fs::rename(temporary_, path_);
  }
  temporary_.clear();
}

}  // namespace voxloom
