// What a call may write over: never what it reads, and of what stands there already only what this program wrote and
// nobody changed since, unless --overwrite says otherwise.
//
// A file that the program wrote carries its size and the time of its last change in the extended attribute user.voxloom.
// A file system without such attributes forgets it: there --overwrite is needed for a second run.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "cli/options.h"

namespace voxloom::cli {

void add_overwrite_option(Options command, bool& overwrite);

class Outputs {
 public:
  // Inputs that are no files are passed over; of a folder all files in it count, and in folders in that.
  Outputs(std::vector<std::filesystem::path> inputs, bool overwrite);

  // std::invalid_argument when `output` stands there and may not be replaced. What is no regular file is written
  // through and never replaced. "-" and no name are none.
  void require_free(const std::filesystem::path& output) const;
  // Moreover it can be written: found now, not after the work. std::system_error where it cannot.
  void require_place(const std::filesystem::path& output) const;
  // To call for each file that was written.
  static void mark(const std::filesystem::path& output);

 private:
  [[nodiscard]] bool is_input(const std::filesystem::path& output) const;

  struct Id {
    std::uint64_t device = 0, inode = 0;
    friend auto operator<=>(const Id&, const Id&) = default;
  };
  [[nodiscard]] const std::vector<Id>& input_ids() const;  // in order

  std::vector<std::filesystem::path> inputs_;
  bool overwrite_;
  mutable std::optional<std::vector<Id>>
      ids_;  // looked for when the first output stands there already
};

}  // namespace voxloom::cli
