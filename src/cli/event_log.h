// The figures of a run as TensorBoard reads them: an event file.
//
// A file is a list of records: the length of what follows as uint64, its checksum, the bytes, their checksum; numbers are
// little-endian. The checksum is the CRC-32C c, stored as ((c >> 15 | c << 17) + 0xa282ead8) so that one of data with a
// checksum in it is none. The bytes of a record are a protocol buffer, tensorflow.Event: a double, the time (1); the step
// (2); in the first record the version (3); in the others the summary (5), a list of values (1) with a name (1) and a
// float (2).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace voxloom::cli {

class EventLog {
 public:
  EventLog();
  // A line of metrics.jsonl. The time of an event is how long the steps took until then, so that the same lines give the
  // same file.
  void add(const nlohmann::ordered_json& line);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void append(const std::string& event);

  std::string bytes_;
  double seconds_ = 0;
};

[[nodiscard]] std::uint32_t crc32c(const std::string& bytes);  // Castagnoli

}  // namespace voxloom::cli
