#include "label/spill.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace voxloom::label {
namespace {

constexpr std::size_t kLeastChunk = std::size_t{1} << 12, kMostChunk = std::size_t{1} << 18;

[[noreturn]] void throw_errno(int error, const std::filesystem::path& path) {
  throw std::system_error(error, std::generic_category(),
                          fmt::format("cannot read '{}'", path.string()));
}

int opened(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw_errno(errno, path);
  return descriptor;
}

// Path and index as bytes: the length of the path, the path, and of each chunk its bucket, offset and records.
dist::Bytes bytes_of(const std::filesystem::path& path, const SpillIndex& index) {
  dist::Bytes bytes;
  const auto put = [&](const void* from, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(from);
    bytes.insert(bytes.end(), first, first + size);
  };
  const std::string name = path.string();
  const std::uint64_t length = name.size();
  put(&length, sizeof(length));
  put(name.data(), name.size());
  for (std::uint64_t bucket = 0; bucket < index.of_bucket.size(); ++bucket) {
    for (const SpillIndex::Chunk& chunk : index.of_bucket[bucket]) {
      put(&bucket, sizeof(bucket));
      put(&chunk, sizeof(chunk));
    }
  }
  return bytes;
}

SpillIndex index_of(std::span<const std::byte> bytes, std::size_t buckets,
                    std::filesystem::path& path) {
  const auto take = [&](void* to, std::size_t size) {
    require(bytes.size() >= size, "segment", "a rank's index ends too early");
    std::memcpy(to, bytes.data(), size);
    bytes = bytes.subspan(size);
  };
  std::uint64_t length = 0;
  take(&length, sizeof(length));
  require(length <= bytes.size(), "segment", "a rank's index ends too early");
  std::string name(static_cast<std::size_t>(length), ' ');
  take(name.data(), name.size());
  path = name;
  SpillIndex index;
  index.of_bucket.resize(buckets);
  while (!bytes.empty()) {
    std::uint64_t bucket = 0;
    SpillIndex::Chunk chunk;
    take(&bucket, sizeof(bucket));
    take(&chunk, sizeof(chunk));
    require(bucket < buckets, "segment", "a rank's index names bucket {} of {}", bucket, buckets);
    index.of_bucket[static_cast<std::size_t>(bucket)].push_back(chunk);
  }
  return index;
}

}  // namespace

SpillWriter::SpillWriter(const std::filesystem::path& beside, const SpillForm& form)
    : form_(form), file_(beside) {
  const std::size_t even = form.buffer / std::max<std::size_t>(1, form.buckets);
  const std::size_t bytes = std::clamp(even, kLeastChunk, kMostChunk);
  chunk_ = std::max<std::size_t>(1, bytes / form.record) * form.record;
  held_.resize(form.buckets);
  index_.of_bucket.resize(form.buckets);
}

std::byte* SpillWriter::add(std::size_t bucket) {
  std::vector<std::byte>& held = held_[bucket];
  if (held.size() == chunk_) write(bucket);
  if (held.empty()) held.reserve(chunk_);
  held.resize(held.size() + form_.record);
  return held.data() + held.size() - form_.record;
}

void SpillWriter::write(std::size_t bucket) {
  std::vector<std::byte>& held = held_[bucket];
  if (held.empty()) return;
  file_.append(held);
  index_.of_bucket[bucket].push_back({size_, held.size() / form_.record});
  size_ += held.size();
  held.clear();
}

void SpillWriter::flush() {
  for (std::size_t bucket = 0; bucket < held_.size(); ++bucket) {
    write(bucket);
    held_[bucket] = {};
  }
}

SpillReader::SpillReader(dist::Communicator& ranks, SpillWriter& mine, const SpillForm& form,
                         Readers readers)
    : form_(form) {
  dist::together(ranks, [&] {
    mine.flush();
    if (ranks.size() > 1) mine.file().sync();  // file systems of networks may keep it to themselves
  });
  const dist::Bytes own = bytes_of(mine.file().path(), mine.index());
  const std::vector<dist::Bytes> of_all =
      readers == Readers::all ? dist::all_gather(ranks, own) : dist::gather(ranks, own);
  dist::together(ranks, [&] {
    std::set<std::filesystem::path> paths;
    files_.reserve(of_all.size());
    for (std::size_t rank = 0; rank < of_all.size(); ++rank) {
      std::filesystem::path path;
      SpillIndex index = index_of(of_all[rank], form.buckets, path);
      // Processes of two machines may have one number.
      require(paths.insert(path).second, "segment",
              "two ranks wrote '{}': what they share has to lie in one folder that all of them see",
              path.string());
      const bool is_mine = rank == static_cast<std::size_t>(ranks.rank());
      const int descriptor = is_mine ? mine.file().duplicate() : opened(path);
      files_.emplace_back(std::move(path), std::move(index), descriptor);
    }
  });
  mine.file().hide();
}

SpillReader::File::File(std::filesystem::path path, SpillIndex index, int descriptor)
    : path_(std::move(path)), index_(std::move(index)), descriptor_(descriptor) {}

SpillReader::File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      index_(std::move(other.index_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

SpillReader::File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void SpillReader::File::read(std::uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    const ::ssize_t got = ::pread(descriptor_, to.data(), to.size(), static_cast<::off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(errno, path_);
    if (got == 0) throw std::runtime_error(fmt::format("'{}' is cut off", path_.string()));
    offset += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
}

void SpillReader::each(std::size_t bucket, const Use& use) const {
  std::vector<std::byte> records;
  for (const File& file : files_) {
    for (const SpillIndex::Chunk& chunk : file.chunks(bucket)) {
      records.resize(static_cast<std::size_t>(chunk.records) * form_.record);
      file.read(chunk.offset, records);
      use(records);
    }
  }
}

}  // namespace voxloom::label
