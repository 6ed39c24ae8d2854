// NPY files made by hand.
#pragma once

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace voxloom::test {

// `shape` as in "20, 3".
template <typename T>
void write_npy(const std::filesystem::path& path, const std::string& type, const std::string& shape,
               const std::vector<T>& values) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, shape);
  header.resize(117, ' ');
  header += '\n';
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\1\0", 8);
  file.put(static_cast<char>(header.size()));
  file.put('\0');
  file << header;
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(T)));
}

}  // namespace voxloom::test
