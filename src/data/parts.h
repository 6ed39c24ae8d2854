// Parts of a data set by their names, as configurations and split files write them: what stands below a folder, and
// patterns of it in which * stands for any letters of one name, ? for one, [ab] for one of these.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace voxloom::data {

[[nodiscard]] bool is_pattern(const std::string& name);
[[nodiscard]] bool matches(const std::string& pattern, const std::string& name);

// What `pattern` says of what lies below `base`, in the order of the names; a name that is there as it is written is no
// pattern. An empty base: where the program runs.
[[nodiscard]] std::vector<std::filesystem::path> expand(const std::filesystem::path& base,
                                                        const std::filesystem::path& pattern);

// Things that go by several names each, found by one, or by a pattern. Not slower for long lists of names.
class NameIndex {
 public:
  void add(const std::string& name, std::size_t thing) { things_.emplace(name, thing); }
  // In rising order, each once.
  [[nodiscard]] std::vector<std::size_t> find(const std::string& part) const;

 private:
  std::unordered_multimap<std::string, std::size_t> things_;
};

}  // namespace voxloom::data
