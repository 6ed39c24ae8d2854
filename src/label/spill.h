// Records of one size, sorted roughly: each is appended to a bucket, and buckets are read one at a time. They lie in
// a file that may be larger than the memory, in chunks as they came; who wrote it tells where they are, and other
// processes read it too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/temporary_file.h"
#include "voxloom/dist.h"

namespace voxloom::label {

struct SpillForm {
  std::size_t buckets = 0, record = 0;  // bytes of a record
  std::size_t buffer = 0;               // bytes that all buckets may hold before they are written
};

// Where a file's chunks are: of each bucket, in the order in which they were written.
struct SpillIndex {
  struct Chunk {
    std::uint64_t offset = 0, records = 0;
  };
  std::vector<std::vector<Chunk>> of_bucket;
};

// Errors: std::system_error when the disk is full.
class SpillWriter {
 public:
  SpillWriter(const std::filesystem::path& beside, const SpillForm& form);

  // The place of a new record of the bucket, to be filled before the next call.
  [[nodiscard]] std::byte* add(std::size_t bucket);
  void flush();  // what the buckets hold

  [[nodiscard]] TemporaryFile& file() { return file_; }
  [[nodiscard]] const SpillIndex& index() const { return index_; }

 private:
  void write(std::size_t bucket);

  SpillForm form_;
  std::size_t chunk_;  // bytes
  TemporaryFile file_;
  SpillIndex index_;
  std::uint64_t size_ = 0;
  std::vector<std::vector<std::byte>> held_;
};

// The files of all ranks.
class SpillReader {
 public:
  // (all) Writes what `mine` holds, opens the files of all ranks, or on rank 0 alone, and takes their names away. Each
  // rank's file must be another one.
  enum class Readers : std::uint8_t { all, first };
  SpillReader(dist::Communicator& ranks, SpillWriter& mine, const SpillForm& form, Readers readers);

  // The records of a bucket, some at a time: rank after rank, of each as they were added.
  using Use = std::function<void(std::span<const std::byte> records)>;
  void each(std::size_t bucket, const Use& use) const;

 private:
  class File {
   public:
    // Closes the descriptor.
    File(std::filesystem::path path, SpillIndex index, int descriptor);
    ~File();
    File(File&& other) noexcept;
    File& operator=(File&&) = delete;
    void read(std::uint64_t offset, std::span<std::byte> to) const;
    [[nodiscard]] const std::vector<SpillIndex::Chunk>& chunks(std::size_t bucket) const {
      return index_.of_bucket[bucket];
    }

   private:
    std::filesystem::path path_;
    SpillIndex index_;
    int descriptor_;
  };
  SpillForm form_;
  std::vector<File> files_;
};

}  // namespace voxloom::label
