// Reads Python pickles without calling anything: a stack machine of the opcodes that state
// dictionaries need. A function or class that is named must stand in the list of pickle_values.cpp, and
// a call of it becomes a value that only says what was meant. Everything else is a FormatError that
// names it, with its place.
//
//   opcode u8 | its argument: a number, counted bytes, or for GLOBAL two lines of text
//
// Protocols 2 to 5, as torch.save writes them (2 unless told otherwise).
#pragma once

#include <span>
#include <vector>

#include "checkpoint/pickle_values.h"
#include "io/byte_source.h"

namespace voxloom::checkpoint {

inline constexpr std::int64_t kMaxPickleBytes = std::int64_t{1} << 26;

class PickleMachine {
 public:
  // The bytes begin at `offset` of `file`, and outlive the values that are read from them.
  PickleMachine(std::span<const std::byte> bytes, const io::FileName& file, std::int64_t offset,
                Values& values)
      : bytes_(bytes), file_(file), offset_(offset), values_(values) {}

  // The next pickle. Its values join those of the ones before it; its memo is its own.
  ValueId run();
  [[nodiscard]] std::int64_t position() const { return static_cast<std::int64_t>(at_); }
  // Every storage that a pickle named.
  [[nodiscard]] const std::vector<ValueId>& storages() const { return storages_; }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    io::fail_byte(file_, offset_ + static_cast<std::int64_t>(op_), text,
                  std::forward<Args>(args)...);
  }

  // False at the end of the pickle.
  bool step(unsigned opcode);
  bool step_on_stack(unsigned opcode);
  bool step_on_memo(unsigned opcode);
  bool step_on_constant(unsigned opcode);

  [[nodiscard]] std::span<const std::byte> take(std::uint64_t count);
  template <typename T>
  [[nodiscard]] T number() {
    return io::load<T>(take(sizeof(T)), 0);
  }
  [[nodiscard]] std::string_view text(std::uint64_t length);
  [[nodiscard]] std::string_view line();

  void push(ValueId id);
  void push_new(Value value);
  ValueId pop();
  [[nodiscard]] ValueId top();
  [[nodiscard]] ValueId top(Kind kind, std::string_view what);
  // What was pushed since the last mark.
  [[nodiscard]] std::vector<ValueId> pop_to_mark();

  void push_integer(std::int64_t integer);
  void push_real();
  void push_long(std::uint64_t length);
  void push_tuple(std::size_t count);
  void push_global(std::string_view module, std::string_view name);
  void push_memo(std::uint64_t index);
  void remember(std::uint64_t index);
  void append(const std::vector<ValueId>& items);
  void set_items(const std::vector<ValueId>& items);
  void call();
  void call_dictionary(ValueId arguments);
  void build();
  void push_storage();

  std::span<const std::byte> bytes_;
  const io::FileName& file_;
  std::int64_t offset_;
  Values& values_;
  std::size_t at_ = 0, op_ = 0;  // of the next byte and of the opcode that is run
  std::size_t copied_ = 0;
  std::vector<ValueId> stack_, memo_, storages_;
  std::vector<std::size_t> marks_;
};

}  // namespace voxloom::checkpoint
