#include <algorithm>
#include <array>
#include <map>

#include "checkpoint/pickle_machine.h"
#include "checkpoint/torch_file.h"
#include "io/zip.h"

namespace voxloom::checkpoint {
namespace {

constexpr std::string_view kPickle = "data.pkl";

class Archive final : public Storages {
 public:
  explicit Archive(const io::Bytes& file) : file_(file) {
    for (io::ZipMember& member : io::read_zip_directory(file)) {
      std::string name = member.name;
      if (!members_.emplace(name, std::move(member)).second) {
        io::fail_file(file->file(), "the archive has the member {} twice", io::excerpt(name));
      }
    }
    folder_ = find_folder();
    if (members_.contains(folder_ + "constants.pkl")) {
      io::fail_file(file->file(),
                    "is a TorchScript archive, a program; save its state dictionary instead");
    }
    if (!members_.contains(folder_ + "byteorder")) return;
    const std::vector<std::byte> order = read("byteorder", 16);
    const std::string_view word(reinterpret_cast<const char*>(order.data()), order.size());
    if (word != "little" && word != "big") {
      io::fail_file(file->file(), "the byte order should be little or big, got {}",
                    io::excerpt(word));
    }
    is_swapped_ = word == "big";
  }

  [[nodiscard]] std::vector<std::byte> read(const std::string& name, std::int64_t most) {
    const io::Bytes bytes = open_member(name);
    if (bytes->size() > most) {
      io::fail_file(bytes->file(), "has {} bytes; at most {} are read", bytes->size(), most);
    }
    std::vector<std::byte> data(static_cast<std::size_t>(bytes->size()));
    bytes->read(0, data);
    return data;
  }

  [[nodiscard]] io::FileName name_of(std::string_view member) const {
    return {file_->file().op, file_->name() + ":" + folder_ + std::string(member)};
  }

  [[nodiscard]] io::Bytes open(std::string_view key, std::int64_t bytes) override {
    auto found = open_.find(key);
    if (found == open_.end()) {
      found = open_.emplace(std::string(key), open_member("data/" + std::string(key))).first;
    }
    if (found->second->size() != bytes) {
      io::fail_file(found->second->file(), "has {} bytes, but the pickle says {}",
                    found->second->size(), bytes);
    }
    return found->second;
  }

  [[nodiscard]] bool is_swapped() const override { return is_swapped_; }

 private:
  // Whatever the file was called when it was saved.
  [[nodiscard]] std::string find_folder() const {
    for (const auto& [name, member] : members_) {
      const std::size_t slash = name.find('/');
      const std::string_view rest = slash == std::string::npos
                                        ? std::string_view(name)
                                        : std::string_view(name).substr(slash + 1);
      if (rest == kPickle) return name.substr(0, name.size() - kPickle.size());
    }
    io::fail_file(file_->file(), "is a zip archive without {}: no checkpoint of torch.save",
                  kPickle);
  }

  [[nodiscard]] io::Bytes open_member(const std::string& name) {
    const auto found = members_.find(folder_ + name);
    if (found == members_.end()) {
      io::fail_file(file_->file(), "the archive has no member {}", io::excerpt(folder_ + name));
    }
    if (found->second.method != 0) {
      io::fail_file(file_->file(), "member {} is packed; torch.save stores members as they are",
                    io::excerpt(found->first));
    }
    std::int64_t unpacked = 0;
    return io::open_zip_member(file_, found->second, unpacked);
  }

  io::Bytes file_;
  std::map<std::string, io::ZipMember, std::less<>> members_;
  std::map<std::string, io::Bytes, std::less<>> open_;
  std::string folder_;
  bool is_swapped_ = false;
};

}  // namespace

bool is_torch_zip(const io::Bytes& file) {
  constexpr std::array kStart = {std::byte{'P'}, std::byte{'K'}, std::byte{3}, std::byte{4}};
  std::array<std::byte, kStart.size()> start{};
  if (file->size() < static_cast<std::int64_t>(start.size())) return false;
  file->read(0, start);
  return start == kStart;
}

void read_torch_zip(const io::Bytes& file, const UseObject& use) {
  Archive archive(file);
  const std::vector<std::byte> pickle = archive.read(std::string(kPickle), kMaxPickleBytes);
  const io::FileName name = archive.name_of(kPickle);
  Values values;
  PickleMachine machine(pickle, name, 0, values);
  const ValueId object = machine.run();
  use(values, object, archive);
}

}  // namespace voxloom::checkpoint
