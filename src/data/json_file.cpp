#include "data/json_file.h"

#include <nlohmann/json.hpp>
#include <span>

#include "data/failure.h"
#include "io/byte_source.h"

namespace voxloom::data {

nlohmann::ordered_json read_json_object(const std::filesystem::path& path) {
  constexpr std::int64_t kLargestFile = 1 << 20;
  const io::Bytes bytes = io::open_file(path, kOpenDataset);
  if (bytes->size() > kLargestFile) {
    fail_data(path, "{} bytes; such a file has at most {}", bytes->size(), kLargestFile);
  }
  std::string text(static_cast<std::size_t>(bytes->size()), '\0');
  bytes->read(0, std::as_writable_bytes(std::span(text)));
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (json.is_discarded()) fail_data(path, "is not JSON");
  if (!json.is_object()) fail_data(path, "is no object");
  return json;
}

}  // namespace voxloom::data
