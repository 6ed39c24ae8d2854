#include "cli/part_names.h"

#include <algorithm>
#include <filesystem>

#include "voxloom/io.h"

namespace voxloom::cli {

std::string part_name(const std::string& file, const std::string& part) {
  const std::filesystem::path path(file);
  std::string name = path.filename().string();
  std::size_t ending = path.extension().string().size();
  for (const ScanFormatInfo& info : scan_formats()) {
    for (const std::string_view one : info.endings) {
      if (name.ends_with(one)) ending = std::max(ending, one.size());
    }
  }
  name.insert(name.size() - ending, "_" + part);
  return (path.parent_path() / name).string();
}

}  // namespace voxloom::cli
