// The tensors of a pickle, read from where a file keeps their storages.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "checkpoint/pickle_values.h"
#include "io/byte_source.h"
#include "voxloom/tensor.h"

namespace voxloom::checkpoint {

// Where the storages' bytes are.
class Storages {
 public:
  Storages() = default;
  Storages(const Storages&) = delete;
  Storages& operator=(const Storages&) = delete;
  virtual ~Storages() = default;
  // The bytes of the storage with this key; FormatError when there are not `bytes` of them.
  [[nodiscard]] virtual io::Bytes open(std::string_view key, std::int64_t bytes) = 0;
  // The file's numbers are big endian.
  [[nodiscard]] virtual bool is_swapped() const { return false; }
};

class StoredTensors {
 public:
  // Tensors may share storages; what is read is `most_bytes` together, or a FormatError.
  StoredTensors(const Values& values, Storages& storages, const io::FileName& file,
                std::int64_t most_bytes)
      : values_(values), storages_(storages), file_(file), budget_(most_bytes) {}

  // Why the tensor cannot be held, or nothing: elements of a type that Tensor lacks.
  [[nodiscard]] std::string obstacle(ValueId tensor) const;
  // Row-major, whatever its strides are. `name` is for messages.
  [[nodiscard]] Tensor read(ValueId tensor, std::string_view name);

 private:
  struct View;
  [[noreturn]] void refuse_view(const View& view, std::string_view name) const;
  [[nodiscard]] View view_of(ValueId tensor, std::string_view name) const;
  [[nodiscard]] std::int64_t integer(ValueId id, std::string_view name) const;
  [[nodiscard]] std::vector<std::int64_t> integers(ValueId id, std::string_view name) const;

  const Values& values_;
  Storages& storages_;
  const io::FileName& file_;
  std::int64_t budget_;
};

}  // namespace voxloom::checkpoint
