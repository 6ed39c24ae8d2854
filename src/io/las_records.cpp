#include "io/las_records.h"

#include <cstring>

#include "io/failure.h"
#include "io/las_format.h"

namespace voxloom::io {
namespace {

std::string padded_text(std::span<const std::byte> bytes) {
  const char* begin = reinterpret_cast<const char*>(bytes.data());
  return printable(std::string_view(begin, ::strnlen(begin, bytes.size())));
}

}  // namespace

std::optional<LasRecord> las_record(std::span<const std::byte> bytes, std::size_t header) {
  constexpr std::size_t kUser = 16, kDescription = 32;
  if (bytes.size() < header || header < 22 + kDescription) return std::nullopt;
  LasRecord record;
  record.user = padded_text(bytes.subspan(2, kUser));
  std::memcpy(&record.id, bytes.data() + 18, sizeof(record.id));
  record.description = padded_text(bytes.subspan(header - kDescription, kDescription));
  record.content = bytes.subspan(header);
  return record;
}

std::optional<std::span<const std::byte>> find_record(const LasRecords& records,
                                                      std::string_view user, std::uint16_t id) {
  for (const bool extended : {false, true}) {
    for (const auto& bytes : extended ? records.evlrs : records.vlrs) {
      const auto record =
          las_record(bytes, static_cast<std::size_t>(extended ? kLasEvlrHeader : kLasVlrHeader));
      if (record && record->user == user && record->id == id) return record->content;
    }
  }
  return std::nullopt;
}

}  // namespace voxloom::io
