#include "core/atomic_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/temporary_file.h"

namespace voxloom {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_errno(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

constexpr std::string_view kMark = ".tmp-";

// Process and a counter within the process: unique among the living. `meant`: the name that was to be.
struct Maker {
  std::string meant = {};
  ::pid_t process = 0;
  unsigned counter = 0;
};
std::atomic<unsigned> next_counter{0};

// A name that a dead process left, whose number came again, is passed over: `make` says whether the name
// was free.
template <typename Make>
fs::path make_temporary_beside(const fs::path& path, const Make& make) {
  for (;;) {
    fs::path name = path.filename();
    name += fmt::format("{}{}-{}", kMark, ::getpid(), next_counter.fetch_add(1));
    name = path.parent_path() / name;
    if (make(name)) return name;
  }
}

// Of "NAME.tmp-PROCESS-COUNTER".
std::optional<Maker> maker_of(const std::string& name) {
  const std::size_t mark = name.rfind(kMark);
  if (mark == std::string::npos) return std::nullopt;
  const char* end = name.data() + name.size();
  Maker maker{.meant = name.substr(0, mark)};
  const auto first = std::from_chars(name.data() + mark + kMark.size(), end, maker.process);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, maker.counter);
  if (second.ec != std::errc{} || second.ptr != end || maker.process <= 0) return std::nullopt;
  return maker;
}

// A dead process keeps its number until its parent has looked, which the first one of a container may never do.
bool is_dead(::pid_t process) {
  std::ifstream status(fmt::format("/proc/{}/stat", process));
  std::string line;
  if (!std::getline(status, line)) return false;
  const std::size_t name_end = line.rfind(')');  // a name may hold anything
  return name_end != std::string::npos && line.compare(name_end, 4, ") Z ") == 0;
}

bool is_gone(const Maker& maker) {
  // A process of our number that counted further than we did was another one.
  if (maker.process == ::getpid()) return maker.counter >= next_counter.load();
  return (::kill(maker.process, 0) != 0 && errno == ESRCH) || is_dead(maker.process);
}

bool is_in_proc(const fs::path& path) { return path.string().starts_with("/proc/"); }

struct Place {
  fs::path path;                             // links followed
  bool is_through = false;                   // not to be replaced
  std::optional<struct ::stat> before = {};  // what stands there
};

// A link in /proc, which /dev/stdout leads to, names an open file of a process: even where that is a
// regular file, a new file in its place would not be the one that is open.
Place place_of(fs::path path) {
  constexpr int kMostLinks = 40;  // as the system
  for (int links = 0; links < kMostLinks; ++links) {
    struct ::stat status {};
    if (::lstat(path.c_str(), &status) != 0) return {.path = std::move(path)};
    if (!S_ISLNK(status.st_mode)) {
      const bool is_through = !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
      return {.path = std::move(path), .is_through = is_through, .before = status};
    }
    std::error_code error;
    const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
    const fs::path target = error ? fs::path() : fs::read_symlink(path, error);
    if (error) throw_errno(error.value(), fmt::format("cannot follow '{}'", path.string()));
    if (is_in_proc(folder / "")) return {.path = std::move(path), .is_through = true};
    path = target.is_absolute() ? target : folder / target;
  }
  throw_errno(ELOOP, fmt::format("cannot follow '{}'", path.string()));
}

// The mode of what stood there, and its owner where we may give it: one who may not is the new owner,
// without the bits that would let others act in that name.
void take_over(int descriptor, const struct ::stat& before) {
  mode_t mode = before.st_mode & 07777U;
  if (::fchown(descriptor, before.st_uid, before.st_gid) != 0) mode &= 01777U;
  static_cast<void>(::fchmod(descriptor, mode));
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
  const fs::path old = make_temporary_beside(
      place, [](const fs::path& name) { return !fs::exists(fs::symlink_status(name)); });
  fs::rename(place, old);
  fs::rename(fresh, place);
  std::error_code ignored;
  fs::remove_all(old, ignored);
}

}  // namespace

FilePlace file_place(const fs::path& path) {
  Place place = place_of(path);
  return {std::move(place.path), place.is_through};
}

AtomicFile::AtomicFile(fs::path path) {
  require(path.has_filename(), "write", "'{}' does not name a file", path.string());
  Place place = place_of(std::move(path));
  path_ = std::move(place.path);
  is_through_ = place.is_through;
  const std::string what = fmt::format("cannot write '{}'", path_.string());
  // Who may not write to a file may not replace it either.
  if ((place.before || is_through_) && ::access(path_.c_str(), W_OK) != 0) throw_errno(errno, what);
  if (is_through_) return;
  if (place.before && S_ISDIR(place.before->st_mode)) throw_errno(EISDIR, what);
  int descriptor = -1;
  temporary_ = make_temporary_beside(path_, [&](const fs::path& name) {
    const mode_t mode = place.before ? 0600 : 0666;  // never wider than what it replaces
    descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0 && errno != EEXIST) throw_errno(errno, what);
    return descriptor >= 0;
  });
  open_ = OpenTemporary(temporary_);
  if (place.before) take_over(descriptor, *place.before);
  file_ = ::fdopen(descriptor, "wb");
  if (file_ == nullptr) {
    const int cause = errno;
    ::close(descriptor);
    ::unlink(temporary_.c_str());
    throw_errno(cause, what);
  }
}

AtomicFile::~AtomicFile() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  if (is_through_) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

// At the end of what others wrote there.
void AtomicFile::open_through() {
  if (file_ != nullptr) return;
  const int descriptor = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor >= 0) file_ = ::fdopen(descriptor, "ab");
  if (file_ == nullptr) throw_errno(errno, fmt::format("cannot write '{}'", path_.string()));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;  // fwrite must not see its null pointer
  if (is_through_) open_through();
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    throw_errno(errno, fmt::format("cannot write '{}'", path_.string()));
  }
}

void AtomicFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text.data(), text.size())));
}

void AtomicFile::commit() {
  const std::string what = fmt::format("cannot write '{}'", path_.string());
  if (is_through_) {
    open_through();
    if (std::fclose(std::exchange(file_, nullptr)) != 0) throw_errno(errno, what);
    return;
  }
  // The bytes must be on the disk before the name is: a crash may otherwise leave an empty file.
  if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) throw_errno(errno, what);
  if (std::fclose(std::exchange(file_, nullptr)) != 0 ||
      std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int cause = errno;
    std::error_code ignored;
    fs::remove(temporary_, ignored);
    throw_errno(cause, what);
  }
  open_ = {};
}

AtomicFolder::AtomicFolder(fs::path path, std::span<const std::string_view> replaceable) {
  const fs::path named = without_trailing_slash(path);
  require(named.has_filename(), "write", "'{}' does not name a folder", path.string());
  const Place place = place_of(named);
  path_ = place.path;
  if (place.before || place.is_through) {
    require(fs::is_directory(path_), "write", "'{}' exists and is not a folder", path_.string());
    for (const fs::directory_entry& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      require(std::ranges::find(replaceable, name) != replaceable.end(), "write",
              "'{}' holds '{}', which is not part of a bundle: choose another folder",
              path_.string(), name);
    }
  }
  temporary_ =
      make_temporary_beside(path_, [](const fs::path& name) { return fs::create_directory(name); });
  if (!place.before) return;
  const int descriptor = ::open(temporary_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // it is ours and new: only its mode would be another
  take_over(descriptor, *place.before);
  ::close(descriptor);
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

TemporaryFile::TemporaryFile(const fs::path& beside) {
  require(beside.has_filename(), "write", "'{}' does not name a file", beside.string());
  path_ = make_temporary_beside(beside, [&](const fs::path& name) {
    descriptor_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor_ < 0 && errno != EEXIST) {
      throw_errno(errno, fmt::format("cannot write '{}'", name.string()));
    }
    return descriptor_ >= 0;
  });
  open_ = OpenTemporary(path_);
}

TemporaryFile::~TemporaryFile() {
  ::close(descriptor_);
  hide();
}

void TemporaryFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ::ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno(errno, fmt::format("cannot write '{}'", path_.string()));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void TemporaryFile::sync() {
  if (::fsync(descriptor_) != 0) {
    throw_errno(errno, fmt::format("cannot write '{}'", path_.string()));
  }
}

int TemporaryFile::duplicate() const {
  const int descriptor = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) throw_errno(errno, fmt::format("cannot read '{}'", path_.string()));
  return descriptor;
}

void TemporaryFile::hide() {
  if (!std::exchange(is_hidden_, true)) ::unlink(path_.c_str());
  open_ = {};
}

void remove_stale_temporaries(const fs::path& folder, const IsWanted& wanted) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::optional<Maker> maker = maker_of(entry->path().filename().string());
    if (!maker || (wanted && !wanted(maker->meant)) || !is_gone(*maker)) continue;
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
  }
}

}  // namespace voxloom
