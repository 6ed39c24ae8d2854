#include "cli/event_log.h"

#include <array>
#include <bit>
#include <nlohmann/json.hpp>

namespace voxloom::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  constexpr std::uint32_t kReversed = 0x82f63b78;  // the polynomial 0x1edc6f41, lowest power first
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1U) * kReversed);
    table.at(i) = rest;
  }
  return table;
}();

template <typename Word>
std::string little_endian(Word word) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(Word); ++i) {
    bytes += static_cast<char>(word >> (8 * i) & 255U);
  }
  return bytes;
}

std::string masked_checksum(const std::string& bytes) {
  constexpr std::uint32_t kMask = 0xa282ead8;
  return little_endian(std::rotr(crc32c(bytes), 15) + kMask);
}

// --- protocol buffers ---

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>((value & 127U) | 128U);
  return bytes + static_cast<char>(value);
}
std::string key(std::uint32_t field, Wire wire) {
  return varint((field << 3) | static_cast<std::uint32_t>(wire));
}
std::string text_field(std::uint32_t field, const std::string& text) {
  return key(field, Wire::bytes) + varint(text.size()) + text;
}
std::string double_field(std::uint32_t field, double value) {
  return key(field, Wire::fixed64) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string float_field(std::uint32_t field, double value) {
  return key(field, Wire::fixed32) +
         little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value)));
}

// A summary of all numbers but the line's step, those within another as "validation_iou/road".
std::string summary_of(const Json& object, const std::string& prefix) {
  std::string values;
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) {
      values += summary_of(value, prefix + name + "/");
    } else if (value.is_number() && (name != "step" || !prefix.empty())) {
      values += text_field(1, text_field(1, prefix + name) + float_field(2, value.get<double>()));
    }
  }
  return values;
}

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  std::uint32_t rest = ~std::uint32_t{0};
  for (const char c : bytes) {
    rest = (rest >> 8) ^ kCrcTable.at((rest ^ static_cast<std::uint8_t>(c)) & 255U);
  }
  return ~rest;
}

EventLog::EventLog() { append(double_field(1, 0) + text_field(3, "brain.Event:2")); }

void EventLog::add(const Json& line) {
  if (line.contains("seconds") && line["seconds"].is_number()) {
    seconds_ += line["seconds"].get<double>();
  }
  append(double_field(1, seconds_) + key(2, Wire::varint) +
         varint(line["step"].get<std::uint64_t>()) + text_field(5, summary_of(line, "")));
}

void EventLog::append(const std::string& event) {
  const std::string length = little_endian(std::uint64_t{event.size()});
  bytes_ += length + masked_checksum(length) + event + masked_checksum(event);
}

}  // namespace voxloom::cli
