#include "voxloom/safetensors.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <system_error>
#include <tuple>

#include "artifact/bundle/safetensors_header.h"
#include "core/atomic_file.h"
#include "core/error.h"

namespace voxloom {
namespace {

// Where the bytes come from: a file is read array by array, so that nothing is held twice.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  virtual void read(std::uint64_t offset, std::span<std::byte> out) = 0;
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> out) override {
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }

 private:
  std::span<const std::byte> bytes_;
};

class FileSource final : public Source {
 public:
  explicit FileSource(const std::filesystem::path& file) : name_(file.string()) {
    std::error_code error;
    size_ = std::filesystem::file_size(file, error);
    if (error) throw_safetensors(name_, error.message());
    stream_.open(file, std::ios::binary);
    if (!stream_) throw_safetensors(name_, "cannot be opened");
  }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::byte> out) override {
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    if (!stream_) throw_safetensors(name_, fmt::format("cannot be read at byte {}", offset));
  }

 private:
  std::string name_;
  std::uint64_t size_ = 0;
  std::ifstream stream_;
};

std::uint64_t read_header_length(Source& source, std::string_view name) {
  constexpr std::uint64_t kPrefix = 8;
  if (source.size() < kPrefix) {
    throw_safetensors(name, fmt::format("is {} bytes long, too short for a header", source.size()));
  }
  std::array<std::byte, kPrefix> prefix{};
  source.read(0, prefix);
  std::uint64_t length = 0;
  for (std::size_t i = kPrefix; i-- > 0;) {
    length = length << 8U | std::to_integer<std::uint64_t>(prefix[i]);
  }
  if (length > source.size() - kPrefix) {
    throw_safetensors(name, fmt::format("announces a header of {} bytes, but {} follow", length,
                                        source.size() - kPrefix));
  }
  if (length > kMaxSafetensorsHeader) {
    throw_safetensors(name, fmt::format("has a header of {} bytes; at most {} are read", length,
                                        kMaxSafetensorsHeader));
  }
  return length;
}

Safetensors read_from(Source& source, std::string_view name) {
  const std::uint64_t length = read_header_length(source, name);
  const std::uint64_t data = 8 + length;
  std::string json(length, '\0');
  source.read(8, std::as_writable_bytes(std::span(json)));
  SafetensorsHeader header = parse_safetensors_header(json, source.size() - data, name);

  Safetensors result{.tensors = {}, .metadata = std::move(header.metadata), .unreadable = {}};
  for (SafetensorsEntry& entry : header.entries) {
    if (!entry.dtype) {
      result.unreadable.emplace(std::move(entry.name), std::move(entry.type));
      continue;
    }
    Tensor tensor = Tensor::empty(std::move(entry.shape), *entry.dtype);
    source.read(data + entry.begin, {tensor.mutable_raw(), tensor.bytes()});
    result.tensors.emplace(std::move(entry.name), std::move(tensor));
  }
  return result;
}

// The file's parts in order: its header, then the arrays.
struct Layout {
  std::string header;
  std::vector<const Tensor*> tensors;
};

Layout lay_out(const TensorMap& tensors, const MetadataMap& metadata) {
  std::vector<std::pair<const std::string*, const Tensor*>> order;
  for (const auto& [name, tensor] : tensors) {
    require(tensor.defined(), "write_safetensors", "array '{}' is undefined", name);
    order.emplace_back(&name, &tensor);
  }
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [](const auto& item) { return size_of(item.second->dtype()); });
  Layout layout;
  std::vector<SafetensorsEntry> entries;
  for (const auto& [name, tensor] : order) {
    entries.push_back({.name = *name,
                       .type = std::string(safetensors_type(tensor->dtype())),
                       .dtype = tensor->dtype(),
                       .shape = tensor->shape(),
                       .begin = 0,
                       .end = tensor->bytes()});
    layout.tensors.push_back(tensor);
  }
  layout.header = format_safetensors_header(entries, metadata);
  return layout;
}

}  // namespace

const Tensor& Safetensors::at(const std::string& name) const {
  if (const auto found = tensors.find(name); found != tensors.end()) return found->second;
  if (const auto found = unreadable.find(name); found != unreadable.end()) {
    throw FormatError(
        fmt::format("[safetensors] array '{}' has elements of type {}, which are not "
                    "supported",
                    name, found->second));
  }
  throw FormatError(fmt::format("[safetensors] there is no array '{}'", name));
}

Safetensors read_safetensors(const std::filesystem::path& file) {
  FileSource source(file);
  return read_from(source, file.string());
}

Safetensors parse_safetensors(std::span<const std::byte> bytes, std::string_view name) {
  MemorySource source(bytes);
  return read_from(source, name);
}

void write_safetensors(const std::filesystem::path& file, const TensorMap& tensors,
                       const MetadataMap& metadata) {
  const Layout layout = lay_out(tensors, metadata);
  AtomicFile out(file);
  out.write(layout.header);
  for (const Tensor* tensor : layout.tensors) {
    const Tensor on_host = tensor->to(Device{});
    out.write({on_host.raw(), on_host.bytes()});
  }
  out.commit();
}

std::vector<std::byte> format_safetensors(const TensorMap& tensors, const MetadataMap& metadata) {
  const Layout layout = lay_out(tensors, metadata);
  const auto header = std::as_bytes(std::span(layout.header));
  std::vector<std::byte> bytes(header.begin(), header.end());
  for (const Tensor* tensor : layout.tensors) {
    const Tensor on_host = tensor->to(Device{});
    bytes.insert(bytes.end(), on_host.raw(), on_host.raw() + on_host.bytes());
  }
  return bytes;
}

}  // namespace voxloom
