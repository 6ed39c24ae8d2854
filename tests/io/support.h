// Bytes made by hand, scans made by hand, errors looked at.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "voxloom/error.h"
#include "voxloom/io.h"

namespace voxloom::test {

using Positions = std::vector<std::array<double, 3>>;

// A file in memory, value by value, little endian.
class FileBytes {
 public:
  FileBytes() = default;
  explicit FileBytes(std::string_view text) { this->text(text); }

  FileBytes& text(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  template <typename T>
  FileBytes& put(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    return text({raw, sizeof(T)});
  }
  template <typename T>
  FileBytes& big(T value) {  // big endian
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    std::reverse(raw, raw + sizeof(T));
    return text({raw, sizeof(T)});
  }
  template <typename T>
  FileBytes& at(std::size_t offset, T value) {  // overwrites
    if (bytes_.size() < offset + sizeof(T)) bytes_.resize(offset + sizeof(T));
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
    return *this;
  }
  FileBytes& pad(std::size_t size) {
    bytes_.resize(size);
    return *this;
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span(bytes_));
  }

 private:
  std::string bytes_;
};

inline Scan parse(const FileBytes& file, std::string_view name, const ReadOptions& options = {}) {
  return parse_scan(file.bytes(), name, options);
}

inline Scan parse_text(std::string_view text, std::string_view name,
                       const ReadOptions& options = {}) {
  return parse_scan(std::as_bytes(std::span(text)), name, options);
}

inline std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The reason, which must be one line that begins with the file's name.
inline std::string format_error(const FileBytes& file, std::string_view name,
                                const ReadOptions& options = {}) {
  try {
    static_cast<void>(parse(file, name, options));
  } catch (const FormatError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(message.rfind("[read_scan] " + std::string(name), 0), 0U) << message;
    return message;
  }
  return "no error";
}

#define EXPECT_REASON(message, fragment)                                        \
  do {                                                                          \
    const std::string text_ = (message);                                        \
    EXPECT_NE(text_.find(fragment), std::string::npos) << "message: " << text_; \
  } while (false)

template <typename T>
std::vector<T> values(const Scan& scan, std::string_view name) {
  const Column* column = scan.find(name);
  if (column == nullptr) {
    ADD_FAILURE() << "no attribute " << name;
    return {};
  }
  if (!std::holds_alternative<std::vector<T>>(column->values)) {
    ADD_FAILURE() << name << " is " << name_of(column->type());
    return {};
  }
  return std::get<std::vector<T>>(column->values);
}

inline std::vector<std::string> names(const Scan& scan) {
  std::vector<std::string> list;
  for (const Column& column : scan.attributes) list.push_back(column.name);
  return list;
}

// Some points whose coordinates are float32, with the attributes of a labelled scan.
inline Scan labelled_scan(std::int64_t points = 5) {
  Scan scan;
  scan.position_type = ColumnType::f32;
  std::vector<float> intensity, confidence;
  std::vector<std::uint8_t> label, red, green, blue;
  for (std::int64_t i = 0; i < points; ++i) {
    const auto f = static_cast<float>(i);
    scan.positions.push_back({static_cast<double>(0.1F * f), static_cast<double>(-1.5F * f),
                              static_cast<double>(1e-7F * f)});
    intensity.push_back(0.25F * f);
    confidence.push_back(1 / (f + 1));
    label.push_back(static_cast<std::uint8_t>(i % 20));
    red.push_back(static_cast<std::uint8_t>(i * 7));
    green.push_back(static_cast<std::uint8_t>(255 - i));
    blue.push_back(static_cast<std::uint8_t>(i % 3));
  }
  scan.set("intensity", intensity);
  scan.set("label", label);
  scan.set("confidence", confidence);
  scan.set("red", red);
  scan.set("green", green);
  scan.set("blue", blue);
  return scan;
}

// A folder that is gone after the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "voxloom-io-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

}  // namespace voxloom::test
