#include <algorithm>
#include <array>
#include <map>

#include "checkpoint/pickle_machine.h"
#include "checkpoint/torch_file.h"
#include "core/checked.h"

namespace voxloom::checkpoint {
namespace {

// The first pickle up to its number: protocol 2, an integer of ten bytes.
constexpr std::array<unsigned char, 14> kStart = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c,
                                                  0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
constexpr std::int64_t kProtocol = 1001;
constexpr std::size_t kMagicBegin = 4;

class Stream final : public Storages {
 public:
  explicit Stream(io::Bytes file) : file_(std::move(file)) {}

  // The storage at `at`, and where the next one begins.
  std::int64_t add(const std::string& key, const Value& storage, std::int64_t at) {
    std::array<std::byte, 8> count{};
    file_->read(at, count);
    const auto elements = io::load<std::int64_t>(count, 0);
    if (elements != storage.integer) {
      io::fail_byte(file_->file(), at, "storage {} has {} elements, but the pickle says {}",
                    io::excerpt(key), elements, storage.integer);
    }
    const std::int64_t begin = at + static_cast<std::int64_t>(count.size());
    const std::int64_t bytes =
        checked_mul(file_->file().op, elements, info_of(storage.element).bytes);
    const io::Bytes part =
        io::part_of(file_, begin, bytes, file_->name() + ": storage " + io::excerpt(key));
    if (!storages_.emplace(key, part).second) {
      io::fail_byte(file_->file(), at, "storage {} is there twice", io::excerpt(key));
    }
    return begin + bytes;
  }

  [[nodiscard]] io::Bytes open(std::string_view key, std::int64_t bytes) override {
    const auto found = storages_.find(key);
    if (found == storages_.end()) {
      io::fail_file(file_->file(), "there is no storage {}", io::excerpt(key));
    }
    if (found->second->size() != bytes) {
      io::fail_file(found->second->file(), "has {} bytes, but the pickle says {}",
                    found->second->size(), bytes);
    }
    return found->second;
  }

 private:
  io::Bytes file_;
  std::map<std::string, io::Bytes, std::less<>> storages_;
};

void check_head(const Values& values, ValueId magic, ValueId protocol, ValueId system,
                const io::FileName& name) {
  const std::string_view expected(reinterpret_cast<const char*>(kStart.data()) + kMagicBegin,
                                  kStart.size() - kMagicBegin);
  if (values[magic].kind != Kind::bytes || values[magic].text != expected) {
    io::fail_file(name, "does not begin with the number of torch.save");
  }
  if (values[protocol].kind != Kind::integer || values[protocol].integer != kProtocol) {
    io::fail_file(name, "the stream's protocol should be {}", kProtocol);
  }
  if (values[system].kind != Kind::dictionary) {
    io::fail_file(name, "the system's sizes should be a dictionary, got {}",
                  name_of(values[system].kind));
  }
  const auto little = values.find(system, "little_endian");
  if (little && (values[*little].kind != Kind::boolean || values[*little].integer == 0)) {
    io::fail_file(name, "was written by a big-endian machine");
  }
}

// Each key once, with the storage that the object's pickle says of it.
std::map<std::string_view, ValueId> by_key(const Values& values,
                                           const std::vector<ValueId>& storages,
                                           const io::FileName& name) {
  std::map<std::string_view, ValueId> table;
  for (const ValueId id : storages) {
    const auto [place, is_new] = table.emplace(values[id].text, id);
    const Value& first = values[place->second];
    if (!is_new && (first.element != values[id].element || first.integer != values[id].integer)) {
      io::fail_file(name, "storage {} is said to be {} {} and {} {}", io::excerpt(values[id].text),
                    first.integer, info_of(first.element).name, values[id].integer,
                    info_of(values[id].element).name);
    }
  }
  return table;
}

}  // namespace

bool is_torch_stream(const io::Bytes& file) {
  std::array<std::byte, kStart.size()> start{};
  if (file->size() < static_cast<std::int64_t>(start.size())) return false;
  file->read(0, start);
  return std::ranges::equal(start, std::as_bytes(std::span(kStart)));
}

void read_torch_stream(const io::Bytes& file, const UseObject& use) {
  const io::FileName& name = file->file();
  std::vector<std::byte> head(static_cast<std::size_t>(std::min(file->size(), kMaxPickleBytes)));
  file->read(0, head);
  Values values;
  PickleMachine machine(head, name, 0, values);
  const ValueId magic = machine.run(), protocol = machine.run(), system = machine.run();
  check_head(values, magic, protocol, system, name);
  const ValueId object = machine.run();
  const ValueId keys = machine.run();
  if (values[keys].kind != Kind::list) {
    io::fail_file(name, "the storages' keys should be a list, got {}", name_of(values[keys].kind));
  }
  const auto table = by_key(values, machine.storages(), name);
  Stream stream(file);
  std::int64_t at = machine.position();
  for (const ValueId key : values[keys].items) {
    const auto found = table.find(values[key].text);
    if (values[key].kind != Kind::text || found == table.end()) {
      io::fail_byte(name, at, "the storage {} follows, which no tensor names",
                    io::excerpt(values[key].text));
    }
    at = stream.add(std::string(values[key].text), values[found->second], at);
  }
  use(values, object, stream);
}

}  // namespace voxloom::checkpoint
