// What a pickle machine leaves: values in one list, which name each other by number. Nothing is built
// of them but tables, so that a deep or circular one costs no more than a flat one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/dtype.h"

namespace voxloom::checkpoint {

using ValueId = std::uint32_t;

// The elements of a storage. Of those that Tensor lacks, small integers are read as larger ones.
enum class ElementType : std::uint8_t {
  f32,
  f16,
  bf16,
  f64,
  i64,
  i32,
  i16,
  i8,
  u8,
  boolean,
  complex64,
  complex128
};

struct ElementInfo {
  std::string_view name;  // "float32"; for messages
  std::int64_t bytes = 0;
  std::optional<DType> dtype;  // what its elements are read as
};
[[nodiscard]] const ElementInfo& info_of(ElementType type);

// The functions and classes that a pickle may name. None is ever called: each says what kind of value
// stands for its result.
enum class Global : std::uint8_t {
  dictionary,  // collections.OrderedDict, collections.Counter
  tensor,      // torch._utils._rebuild_tensor_v2
  parameter,   // torch._utils._rebuild_parameter
  size,        // torch.Size
  storage,     // torch.FloatStorage and the like
  opaque,      // of no consequence for a state dictionary
};

enum class Kind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  bytes,  // and integers beyond 64 bits, as they are stored
  list,
  tuple,
  dictionary,
  global,
  storage,  // items: the tuple that names it
  tensor,   // items: storage, offset, size, stride, ...
  opaque,
};
[[nodiscard]] std::string_view name_of(Kind kind);  // "a tuple"; for messages

struct Value {
  Kind kind = Kind::none;
  Global global = Global::opaque;
  ElementType element = ElementType::f32;  // of a storage's class
  std::int64_t integer = 0;
  std::string_view text = {};       // within the pickle's bytes; of a global: its name
  std::vector<ValueId> items = {};  // of a dictionary: key, value, key, value ...
};

class Values {
 public:
  [[nodiscard]] const Value& operator[](ValueId id) const { return values_[id]; }
  [[nodiscard]] Value& operator[](ValueId id) { return values_[id]; }
  [[nodiscard]] std::size_t size() const { return values_.size(); }
  ValueId add(Value value) {
    values_.push_back(std::move(value));
    return static_cast<ValueId>(values_.size() - 1);
  }
  // The value of a text key, where the dictionary has it.
  [[nodiscard]] std::optional<ValueId> find(ValueId dictionary, std::string_view key) const;

 private:
  std::vector<Value> values_;
};

// Where there is such a function or class among those that state dictionaries need; else null.
struct GlobalRow {
  std::string_view module, name;
  Global global;
  ElementType element = ElementType::f32;
};
[[nodiscard]] const GlobalRow* find_global(std::string_view module, std::string_view name);

}  // namespace voxloom::checkpoint
