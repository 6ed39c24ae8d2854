#include <algorithm>
#include <array>

#include "checkpoint/stored_tensors.h"
#include "checkpoint/torch_file.h"
#include "voxloom/checkpoint.h"

namespace voxloom::checkpoint {
namespace {

constexpr std::string_view kReadCheckpointOp = "read_checkpoint";
constexpr std::array<std::string_view, 3> kWrappers = {"state_dict", "model_state", "model"};
constexpr std::string_view kParallel = "module.";
// Tied weights are read once for each name.
constexpr std::int64_t kTimesRead = 8;

class TorchReader {
 public:
  TorchReader(const io::Bytes& file, const CheckpointOptions& options, Checkpoint& to)
      : file_(file), options_(options), to_(to) {}

  void operator()(const Values& values, ValueId object, Storages& storages) {
    const ValueId table = unwrap(values, object);
    StoredTensors stored(values, storages, file_->file(),
                         file_->size() > kMost / kTimesRead ? kMost : file_->size() * kTimesRead);
    const std::vector<ValueId>& items = values[table].items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const Value& key = values[items[i]];
      if (key.kind != Kind::text) {
        io::fail_file(file_->file(), "the state dictionary has {} for a name", name_of(key.kind));
      }
      add(values, std::string(key.text), items[i + 1], stored);
    }
  }

 private:
  static constexpr std::int64_t kMost = std::int64_t{1} << 62;

  void add(const Values& values, const std::string& name, ValueId value, StoredTensors& stored) {
    if (to_.tensors.contains(name) || to_.others.contains(name)) {
      io::fail_file(file_->file(), "the state dictionary has {} twice", io::excerpt(name));
    }
    const Kind kind = values[value].kind;
    if (kind != Kind::tensor) {
      to_.others.emplace(name, name_of(kind));
    } else if (std::string obstacle = stored.obstacle(value); !obstacle.empty()) {
      to_.others.emplace(name, std::move(obstacle));
    } else {
      to_.tensors.emplace(name, stored.read(value, name));
    }
  }

  [[nodiscard]] ValueId unwrap(const Values& values, ValueId object) {
    constexpr int kMostWrappers = 4;
    if (!options_.entry.empty()) {
      const auto inner = values[object].kind == Kind::dictionary
                             ? values.find(object, options_.entry)
                             : std::nullopt;
      if (!inner) {
        io::fail_file(file_->file(), "has no entry {}; {}", io::excerpt(options_.entry),
                      what_is_there(values, object));
      }
      to_.unwrapped.push_back(options_.entry);
      object = *inner;
    }
    for (int i = 0; i < kMostWrappers && values[object].kind == Kind::dictionary; ++i) {
      if (holds_tensors(values, object)) return object;
      const auto* wrapper = std::ranges::find_if(kWrappers, [&](std::string_view key) {
        const auto inner = values.find(object, key);
        return inner && values[*inner].kind == Kind::dictionary;
      });
      if (wrapper == kWrappers.end()) break;
      to_.unwrapped.emplace_back(*wrapper);
      object = *values.find(object, *wrapper);
    }
    io::fail_file(file_->file(), "holds no state dictionary: {}", what_is_there(values, object));
  }

  static bool holds_tensors(const Values& values, ValueId dictionary) {
    const std::vector<ValueId>& items = values[dictionary].items;
    for (std::size_t i = 1; i < items.size(); i += 2) {
      if (values[items[i]].kind == Kind::tensor) return true;
    }
    return false;
  }

  static std::string what_is_there(const Values& values, ValueId object) {
    constexpr std::size_t kListed = 12;
    if (values[object].kind != Kind::dictionary) {
      return fmt::format("there is {}", name_of(values[object].kind));
    }
    std::string text = "there are ";
    const std::vector<ValueId>& items = values[object].items;
    for (std::size_t i = 0; i < std::min(items.size() / 2, kListed); ++i) {
      const Value& key = values[items[2 * i]];
      text += i == 0 ? "" : ", ";
      text += key.kind == Kind::text ? io::excerpt(key.text) : std::string(name_of(key.kind));
    }
    if (items.size() / 2 > kListed) text += ", ...";
    return items.empty() ? "the dictionary is empty" : text;
  }

  const io::Bytes& file_;
  const CheckpointOptions& options_;
  Checkpoint& to_;
};

template <typename Map>
bool all_start_with(const Map& map, std::string_view prefix) {
  return std::ranges::all_of(map, [&](const auto& item) { return item.first.starts_with(prefix); });
}

template <typename Map>
void drop_prefix(Map& map, std::size_t length) {
  Map renamed;
  while (!map.empty()) {
    auto node = map.extract(map.begin());
    node.key().erase(0, length);
    renamed.insert(std::move(node));
  }
  map = std::move(renamed);
}

// DataParallel and its like call every parameter module.NAME.
void unwrap_names(Checkpoint& to) {
  if (to.tensors.empty() || !all_start_with(to.tensors, kParallel) ||
      !all_start_with(to.others, kParallel)) {
    return;
  }
  drop_prefix(to.tensors, kParallel.size());
  drop_prefix(to.others, kParallel.size());
  to.unwrapped.emplace_back(kParallel);
}

// Names end up in messages, in reports and in files.
void require_plain(std::string_view name, const io::FileName& file) {
  constexpr std::size_t kLongest = 1024;
  const bool is_plain = std::ranges::none_of(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (is_plain && name.size() <= kLongest) return;
  io::fail_file(file, "the name {} has {} characters, or some that cannot be printed",
                io::excerpt(name), name.size());
}

// A header's length, then its JSON.
bool is_safetensors(const io::Bytes& file) {
  constexpr std::int64_t kPrefix = 8;
  std::array<std::byte, kPrefix + 1> start{};
  if (file->size() < static_cast<std::int64_t>(start.size())) return false;
  file->read(0, start);
  const auto length = io::load<std::uint64_t>(start, 0);
  return length <= static_cast<std::uint64_t>(file->size()) && start[kPrefix] == std::byte{'{'};
}

template <typename ReadSafetensors>
Checkpoint read(const io::Bytes& file, const CheckpointOptions& options,
                const ReadSafetensors& read_safetensors_) {
  Checkpoint result;
  const auto use = [&](const Values& values, ValueId object, Storages& storages) {
    TorchReader(file, options, result)(values, object, storages);
  };
  if (is_torch_zip(file)) {
    read_torch_zip(file, use);
  } else if (is_torch_stream(file)) {
    read_torch_stream(file, use);
  } else if (is_safetensors(file)) {
    if (!options.entry.empty()) {
      io::fail_file(file->file(), "is a safetensors file, which has no entries, and none named {}",
                    io::excerpt(options.entry));
    }
    Safetensors arrays = read_safetensors_();
    result.tensors = std::move(arrays.tensors);
    for (auto& [name, type] : arrays.unreadable) {
      result.others.emplace(name, fmt::format("a tensor of {}", type));
    }
  } else {
    io::fail_file(file->file(),
                  "is neither a file of torch.save (a zip archive, or the stream before torch 1.6) "
                  "nor safetensors");
  }
  for (const auto& [name, tensor] : result.tensors) require_plain(name, file->file());
  for (const auto& [name, kind] : result.others) require_plain(name, file->file());
  unwrap_names(result);
  return result;
}

}  // namespace

Checkpoint read_checkpoint(const std::filesystem::path& file, const CheckpointOptions& options) {
  return read(io::open_file(file, kReadCheckpointOp), options,
              [&] { return read_safetensors(file); });
}

Checkpoint parse_checkpoint(std::span<const std::byte> bytes, std::string_view name,
                            const CheckpointOptions& options) {
  return read(io::over_memory(bytes, {kReadCheckpointOp, std::string(name)}), options,
              [&] { return parse_safetensors(bytes, name); });
}

}  // namespace voxloom::checkpoint
