#include "artifact/bundle/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "core/error.h"

namespace voxloom {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kMaxRank = 32;
constexpr int kMaxDepth = 8;  // the format itself nests three deep

struct TypeRow {
  std::string_view name;
  int bits;
  std::optional<DType> dtype;
};

constexpr std::array kTypes = {
    TypeRow{"F32", 32, DType::f32},      TypeRow{"F16", 16, DType::f16},
    TypeRow{"BF16", 16, DType::bf16},    TypeRow{"F64", 64, DType::f64},
    TypeRow{"I32", 32, DType::i32},      TypeRow{"I64", 64, DType::i64},
    TypeRow{"U32", 32, DType::u32},      TypeRow{"U8", 8, DType::u8},
    TypeRow{"I8", 8, std::nullopt},      TypeRow{"I16", 16, std::nullopt},
    TypeRow{"U16", 16, std::nullopt},    TypeRow{"U64", 64, std::nullopt},
    TypeRow{"BOOL", 8, std::nullopt},    TypeRow{"C64", 64, std::nullopt},
    TypeRow{"F8_E4M3", 8, std::nullopt}, TypeRow{"F8_E5M2", 8, std::nullopt},
    TypeRow{"F8_E8M0", 8, std::nullopt},
};

const TypeRow* find_type(std::string_view name) {
  const auto* row = std::ranges::find(kTypes, name, &TypeRow::name);
  return row == kTypes.end() ? nullptr : row;
}

// Refuses what the DOM would silently accept: repeated keys, and nesting without end.
class Guard {
 public:
  explicit Guard(std::string_view file) : file_(file) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth > kMaxDepth) throw_safetensors(file_, "the header nests too deeply");
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(parsed.get<std::string>()).second) {
      throw_safetensors(file_, fmt::format("the header has the key '{}' twice",
                                           parsed.get_ref<const std::string&>()));
    }
    return true;
  }

 private:
  std::string_view file_;
  std::vector<std::set<std::string>> keys_;
};

Json parse_json(std::string_view json, std::string_view file) {
  try {
    return Json::parse(json, Guard(file));
  } catch (const Json::exception& error) {
    throw_safetensors(file, fmt::format("the header is not JSON: {}", error.what()));
  }
}

class EntryReader {
 public:
  EntryReader(std::string_view file, const std::string& name, const Json& json)
      : file_(file), json_(json) {
    entry_.name = name;
  }

  SafetensorsEntry read(std::uint64_t data_bytes) {
    if (!json_.is_object()) refuse("is not an object");
    for (const auto& [key, value] : json_.items()) {
      if (key != "dtype" && key != "shape" && key != "data_offsets") {
        refuse(fmt::format("has an unknown key '{}'", key));
      }
    }
    const Json& type = member("dtype");
    if (!type.is_string()) refuse("has a 'dtype' that is not a string");
    entry_.type = type.get<std::string>();
    read_shape();
    read_offsets(data_bytes);
    check_size();
    return std::move(entry_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw_safetensors(file_, fmt::format("array '{}' {}", entry_.name, why));
  }

  const Json& member(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) refuse(fmt::format("has no '{}'", key));
    return *found;
  }

  std::uint64_t unsigned_number(const Json& json, std::string_view what) const {
    if (!json.is_number_unsigned()) {
      refuse(fmt::format("has a {} that is not a non-negative integer", what));
    }
    const auto number = json.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      refuse(fmt::format("has a {} of {}, which does not fit 63 bits", what, number));
    }
    return number;
  }

  void read_shape() {
    const Json& shape = member("shape");
    if (!shape.is_array()) refuse("has a 'shape' that is not an array");
    if (shape.size() > kMaxRank) {
      refuse(fmt::format("has {} dimensions; at most {} are read", shape.size(), kMaxRank));
    }
    for (const Json& size : shape) {
      entry_.shape.push_back(static_cast<std::int64_t>(unsigned_number(size, "dimension")));
    }
  }

  void read_offsets(std::uint64_t data_bytes) {
    const Json& offsets = member("data_offsets");
    if (!offsets.is_array() || offsets.size() != 2) refuse("needs two 'data_offsets'");
    entry_.begin = unsigned_number(offsets[0], "data offset");
    entry_.end = unsigned_number(offsets[1], "data offset");
    if (entry_.begin > entry_.end || entry_.end > data_bytes) {
      refuse(fmt::format("lies at [{}, {}), outside the {} bytes of data", entry_.begin, entry_.end,
                         data_bytes));
    }
  }

  void check_size() {
    const TypeRow* type = find_type(entry_.type);
    if (type == nullptr) return;  // of unknown width; kept aside as unreadable
    entry_.dtype = type->dtype;
    std::int64_t bits = type->bits;
    for (const std::int64_t size : entry_.shape) {
      if (__builtin_mul_overflow(bits, size, &bits)) {
        refuse(fmt::format("has a shape {} whose size does not fit 64 bits", entry_.shape));
      }
    }
    const auto bytes = static_cast<std::uint64_t>(bits / 8);
    if (bytes != entry_.end - entry_.begin) {
      refuse(fmt::format("of type {} and shape {} takes {} bytes, but has {}", entry_.type,
                         entry_.shape, bytes, entry_.end - entry_.begin));
    }
  }

  std::string_view file_;
  const Json& json_;
  SafetensorsEntry entry_;
};

// MLX writes null where there is none.
MetadataMap read_metadata(const Json& json, std::string_view file) {
  if (json.is_null()) return {};
  if (!json.is_object()) throw_safetensors(file, "'__metadata__' is not an object");
  MetadataMap metadata;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) {
      throw_safetensors(file, fmt::format("metadata '{}' is not a string", key));
    }
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

// Sorted by offset, each array must start where the one before ended.
void require_cover(std::vector<SafetensorsEntry>& entries, std::uint64_t data_bytes,
                   std::string_view file) {
  std::ranges::sort(entries, {}, [](const SafetensorsEntry& entry) {
    return std::tie(entry.begin, entry.end, entry.name);
  });
  std::uint64_t covered = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != covered) {
      throw_safetensors(
          file, fmt::format("array '{}' starts at offset {}, {} the array before it "
                            "ends at {}",
                            entry.name, entry.begin,
                            entry.begin < covered ? "inside another one:" : "but", covered));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    throw_safetensors(
        file, fmt::format("the arrays end at offset {}, but there are {} bytes of data", covered,
                          data_bytes));
  }
}

}  // namespace

void throw_safetensors(std::string_view file, const std::string& message) {
  throw FormatError(fmt::format("[safetensors] {}: {}", file, message));
}

SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes,
                                           std::string_view file) {
  const Json root = parse_json(json, file);
  if (!root.is_object()) throw_safetensors(file, "the header is not an object");
  SafetensorsHeader header;
  for (const auto& [name, value] : root.items()) {
    if (name == kMetadata) {
      header.metadata = read_metadata(value, file);
    } else {
      header.entries.push_back(EntryReader(file, name, value).read(data_bytes));
    }
  }
  require_cover(header.entries, data_bytes, file);
  return header;
}

std::string format_safetensors_header(std::vector<SafetensorsEntry>& entries,
                                      const MetadataMap& metadata) {
  nlohmann::ordered_json root = nlohmann::ordered_json::object();
  if (!metadata.empty()) root[std::string(kMetadata)] = metadata;
  std::uint64_t offset = 0;
  for (SafetensorsEntry& entry : entries) {
    require(entry.name != kMetadata, "write_safetensors", "'{}' cannot name an array", kMetadata);
    entry.begin = offset;
    offset += entry.end;  // the caller left the byte count here
    entry.end = offset;
    root[entry.name] = {
        {"dtype", entry.type}, {"shape", entry.shape}, {"data_offsets", {entry.begin, entry.end}}};
  }
  std::string json;
  try {
    json = root.dump();
  } catch (const nlohmann::json::exception& error) {
    fail("write_safetensors", "a name is not UTF-8: {}", error.what());
  }
  json.append((8 - json.size() % 8) % 8, ' ');
  require(json.size() <= kMaxSafetensorsHeader, "write_safetensors",
          "{} arrays make a header of {} bytes; at most {} fit", entries.size(), json.size(),
          kMaxSafetensorsHeader);
  std::string header(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    header[i] = static_cast<char>(static_cast<unsigned char>(json.size() >> (8 * i)));
  }
  return header + json;
}

std::string_view safetensors_type(DType dtype) {
  return std::ranges::find(kTypes, std::optional(dtype), &TypeRow::dtype)->name;
}

}  // namespace voxloom
