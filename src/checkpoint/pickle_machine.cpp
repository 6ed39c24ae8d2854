#include "checkpoint/pickle_machine.h"

#include <algorithm>
#include <limits>

namespace voxloom::checkpoint {
namespace {

// Honest files have a few dozen values for each tensor.
constexpr std::size_t kMaxValues = 1 << 22, kMaxStack = 1 << 20, kMaxMarks = 1000;
constexpr std::uint64_t kMaxLongBytes = 1024;
constexpr ValueId kUnset = std::numeric_limits<ValueId>::max();

enum Op : unsigned {
  mark = '(',
  stop = '.',
  none = 'N',
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  binfloat = 'G',
  binunicode = 'X',
  short_binstring = 'U',
  binstring = 'T',
  short_binbytes = 'C',
  binbytes = 'B',
  empty_dict = '}',
  empty_list = ']',
  empty_tuple = ')',
  tuple = 't',
  append_one = 'a',
  appends = 'e',
  set_item = 's',
  set_many = 'u',
  global = 'c',
  reduce = 'R',
  build_state = 'b',
  persistent_id = 'Q',
  put = 'q',
  long_put = 'r',
  get = 'h',
  long_get = 'j',
  protocol = 0x80,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  new_true = 0x88,
  new_false = 0x89,
  long1 = 0x8a,
  long4 = 0x8b,
  short_unicode = 0x8c,
  unicode8 = 0x8d,
  binbytes8 = 0x8e,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95,
};

}  // namespace

ValueId PickleMachine::run() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  op_ = at_;
  if (take(1)[0] != std::byte{protocol}) fail("no pickle of protocol 2 or later begins here");
  if (const auto version = number<std::uint8_t>(); version < 2 || version > 5) {
    fail("the pickle's protocol is {}; 2 to 5 are read", version);
  }
  bool is_running = true;
  while (is_running) {
    op_ = at_;
    is_running = step(std::to_integer<unsigned>(take(1)[0]));
  }
  if (stack_.size() != 1 || !marks_.empty()) {
    fail("the pickle ends with {} values; one is expected", stack_.size());
  }
  return pop();
}

bool PickleMachine::step(unsigned opcode) {
  if (opcode == stop) return false;
  if (step_on_constant(opcode) || step_on_memo(opcode) || step_on_stack(opcode)) return true;
  fail("the opcode {:#04x} is none that a state dictionary needs", opcode);
}

bool PickleMachine::step_on_constant(unsigned opcode) {
  switch (opcode) {
    case none: push_new({.kind = Kind::none}); return true;
    case new_true:
    case new_false: push_new({.kind = Kind::boolean, .integer = opcode == new_true}); return true;
    case binint: push_integer(number<std::int32_t>()); return true;
    case binint1: push_integer(number<std::uint8_t>()); return true;
    case binint2: push_integer(number<std::uint16_t>()); return true;
    case long1: push_long(number<std::uint8_t>()); return true;
    case long4: push_long(number<std::uint32_t>()); return true;
    case binfloat: push_real(); return true;
    case binunicode:
      push_new({.kind = Kind::text, .text = text(number<std::uint32_t>())});
      return true;
    case short_unicode:
    case short_binstring:
      push_new({.kind = Kind::text, .text = text(number<std::uint8_t>())});
      return true;
    case unicode8:
      push_new({.kind = Kind::text, .text = text(number<std::uint64_t>())});
      return true;
    case binstring:
      push_new({.kind = Kind::text, .text = text(number<std::uint32_t>())});
      return true;
    case short_binbytes:
      push_new({.kind = Kind::bytes, .text = text(number<std::uint8_t>())});
      return true;
    case binbytes:
      push_new({.kind = Kind::bytes, .text = text(number<std::uint32_t>())});
      return true;
    case binbytes8:
      push_new({.kind = Kind::bytes, .text = text(number<std::uint64_t>())});
      return true;
    case empty_dict: push_new({.kind = Kind::dictionary}); return true;
    case empty_list: push_new({.kind = Kind::list}); return true;
    case empty_tuple: push_new({.kind = Kind::tuple}); return true;
    default: return false;
  }
}

bool PickleMachine::step_on_memo(unsigned opcode) {
  switch (opcode) {
    case put: remember(number<std::uint8_t>()); return true;
    case long_put: remember(number<std::uint32_t>()); return true;
    case memoize: remember(memo_.size()); return true;
    case get: push_memo(number<std::uint8_t>()); return true;
    case long_get: push_memo(number<std::uint32_t>()); return true;
    case frame: (void)number<std::uint64_t>(); return true;  // a hint how far to read ahead
    default: return false;
  }
}

bool PickleMachine::step_on_stack(unsigned opcode) {
  switch (opcode) {
    case mark:
      if (marks_.size() == kMaxMarks) fail("the pickle nests more than {} deep", kMaxMarks);
      marks_.push_back(stack_.size());
      return true;
    case tuple: push_new({.kind = Kind::tuple, .items = pop_to_mark()}); return true;
    case tuple1: push_tuple(1); return true;
    case tuple2: push_tuple(2); return true;
    case tuple3: push_tuple(3); return true;
    case append_one: append({pop()}); return true;
    case appends: append(pop_to_mark()); return true;
    case set_item: {
      const ValueId value = pop();
      set_items({pop(), value});
      return true;
    }
    case set_many: set_items(pop_to_mark()); return true;
    case global: {
      const std::string_view module = line();
      push_global(module, line());
      return true;
    }
    case stack_global: {
      const Value name = values_[top(Kind::text, "the name of a class")];
      pop();
      const Value module = values_[top(Kind::text, "the module of a class")];
      pop();
      push_global(module.text, name.text);
      return true;
    }
    case reduce: call(); return true;
    case build_state: build(); return true;
    case persistent_id: push_storage(); return true;
    default: return false;
  }
}

std::span<const std::byte> PickleMachine::take(std::uint64_t count) {
  if (count > bytes_.size() - at_) {
    fail("{} bytes expected, but the pickle ends {} bytes later", count, bytes_.size() - at_);
  }
  const auto bytes = bytes_.subspan(at_, static_cast<std::size_t>(count));
  at_ += static_cast<std::size_t>(count);
  return bytes;
}

std::string_view PickleMachine::text(std::uint64_t length) {
  const std::span<const std::byte> bytes = take(length);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view PickleMachine::line() {
  constexpr std::size_t kLongest = 256;
  const auto rest = bytes_.subspan(at_, std::min(kLongest, bytes_.size() - at_));
  const auto end = std::ranges::find(rest, std::byte{'\n'});
  if (end == rest.end()) fail("the name of a class does not end");
  const std::string_view name = text(static_cast<std::uint64_t>(end - rest.begin()));
  ++at_;
  return name;
}

void PickleMachine::push(ValueId id) {
  if (stack_.size() == kMaxStack) fail("more than {} values lie on the stack", kMaxStack);
  stack_.push_back(id);
}

void PickleMachine::push_new(Value value) {
  if (values_.size() == kMaxValues) fail("the pickle has more than {} values", kMaxValues);
  push(values_.add(std::move(value)));
}

ValueId PickleMachine::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
    fail("a value is expected on the stack, but there is none");
  }
  return stack_.back();
}

ValueId PickleMachine::top(Kind kind, std::string_view what) {
  const ValueId id = top();
  if (values_[id].kind != kind) {
    fail("{} should be {}, got {}", what, name_of(kind), name_of(values_[id].kind));
  }
  return id;
}

ValueId PickleMachine::pop() {
  const ValueId id = top();
  stack_.pop_back();
  return id;
}

std::vector<ValueId> PickleMachine::pop_to_mark() {
  if (marks_.empty()) fail("a mark is expected on the stack, but there is none");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  marks_.pop_back();
  std::vector<ValueId> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  return items;
}

void PickleMachine::push_integer(std::int64_t integer) {
  push_new({.kind = Kind::integer, .integer = integer});
}

// A state dictionary's values have no use for one: only its place counts.
void PickleMachine::push_real() {
  (void)number<std::uint64_t>();
  push_new({.kind = Kind::real});
}

// Little endian, two's complement; no bytes are zero.
void PickleMachine::push_long(std::uint64_t length) {
  if (length > kMaxLongBytes)
    fail("an integer of {} bytes; at most {} are read", length, kMaxLongBytes);
  const std::string_view bytes = text(length);
  if (length > sizeof(std::int64_t)) return push_new({.kind = Kind::bytes, .text = bytes});
  const bool is_negative = length > 0 && (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0;
  std::uint64_t integer = is_negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    integer = integer << 8U | static_cast<unsigned char>(bytes[i]);
  }
  push_integer(static_cast<std::int64_t>(integer));
}

void PickleMachine::push_tuple(std::size_t count) {
  std::vector<ValueId> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  push_new({.kind = Kind::tuple, .items = std::move(items)});
}

void PickleMachine::push_global(std::string_view module, std::string_view name) {
  const GlobalRow* row = find_global(module, name);
  if (row == nullptr) {
    fail(
        "the file asks for {} of the Python module {}, which no state dictionary needs; nothing "
        "was "
        "run. Where the file is trusted, Python can save its state dictionary alone",
        io::excerpt(name), io::excerpt(module));
  }
  push_new({.kind = Kind::global, .global = row->global, .element = row->element, .text = name});
}

void PickleMachine::remember(std::uint64_t index) {
  if (index >= kMaxValues)
    fail("a value is to be remembered as number {}; at most {} are", index, kMaxValues);
  const ValueId id = top();
  if (memo_.size() <= index) memo_.resize(static_cast<std::size_t>(index) + 1, kUnset);
  memo_[static_cast<std::size_t>(index)] = id;
}

void PickleMachine::push_memo(std::uint64_t index) {
  if (index >= memo_.size() || memo_[static_cast<std::size_t>(index)] == kUnset) {
    fail("value {} is asked for, but none was remembered under this number", index);
  }
  push(memo_[static_cast<std::size_t>(index)]);
}

void PickleMachine::append(const std::vector<ValueId>& items) {
  std::vector<ValueId>& list = values_[top(Kind::list, "what is appended to")].items;
  list.insert(list.end(), items.begin(), items.end());
}

void PickleMachine::set_items(const std::vector<ValueId>& items) {
  if (items.size() % 2 != 0) fail("a dictionary's {} keys and values are not even", items.size());
  std::vector<ValueId>& table = values_[top(Kind::dictionary, "what items are set of")].items;
  table.insert(table.end(), items.begin(), items.end());
}

void PickleMachine::call() {
  const ValueId arguments = top(Kind::tuple, "the arguments of a call");
  pop();
  const Value callee = values_[top(Kind::global, "what is called")];
  pop();
  const std::vector<ValueId>& list = values_[arguments].items;
  constexpr std::size_t kMost = 8;
  const auto expect = [&](std::size_t least) {
    if (list.size() < least || list.size() > kMost) {
      fail("{} has {} arguments; {} to {} are expected", io::excerpt(callee.text), list.size(),
           least, kMost);
    }
  };
  const auto expect_first = [&](Kind kind, std::string_view what) {
    const Kind first = values_[list[0]].kind;
    if (first != kind) fail("{} should be {}, got {}", what, name_of(kind), name_of(first));
  };
  switch (callee.global) {
    case Global::dictionary: return call_dictionary(arguments);
    case Global::tensor:
      expect(4);
      expect_first(Kind::storage, "what a tensor lies in");
      return push_new({.kind = Kind::tensor, .items = list});
    case Global::parameter:
      expect(1);
      expect_first(Kind::tensor, "a parameter");
      return push(list[0]);
    case Global::size:
      expect(1);
      expect_first(Kind::tuple, "a size");
      return push(list[0]);
    case Global::opaque: return push_new({.kind = Kind::opaque});
    case Global::storage:
      fail("{} is called; only storages that the file holds are read", io::excerpt(callee.text));
  }
}

// Empty, a copy of a dictionary, or of a list of pairs, as Python 2 wrote them.
void PickleMachine::call_dictionary(ValueId arguments) {
  Value table{.kind = Kind::dictionary};
  if (!values_[arguments].items.empty()) {
    const Value& from = values_[values_[arguments].items[0]];
    copied_ += from.items.size();  // a short pickle can ask for many copies
    if (copied_ > kMaxValues) fail("dictionaries are copied with more than {} items", kMaxValues);
    if (from.kind == Kind::dictionary) {
      table.items = from.items;
    } else if (from.kind == Kind::list) {
      for (const ValueId pair : from.items) {
        const Value& items = values_[pair];
        if ((items.kind != Kind::list && items.kind != Kind::tuple) || items.items.size() != 2) {
          fail("a dictionary should be made of pairs, got {}", name_of(items.kind));
        }
        table.items.insert(table.items.end(), items.items.begin(), items.items.end());
      }
    } else {
      fail("a dictionary should be made of pairs, got {}", name_of(from.kind));
    }
  }
  push_new(std::move(table));
}

// What an object has besides its items, as the versions of a state dictionary's modules: passed over.
void PickleMachine::build() {
  pop();
  const Kind kind = values_[top()].kind;
  if (kind != Kind::dictionary && kind != Kind::opaque) {
    fail("attributes are set of {}", name_of(kind));
  }
}

// ("storage", class, key, device, number of elements, view), of which old files have the last.
void PickleMachine::push_storage() {
  const ValueId id = top(Kind::tuple, "a persistent id");
  pop();
  const std::vector<ValueId>& items = values_[id].items;
  const auto is = [&](std::size_t i, Kind kind) { return values_[items[i]].kind == kind; };
  if ((items.size() != 5 && items.size() != 6) || !is(0, Kind::text) || !is(1, Kind::global) ||
      !is(2, Kind::text) || !is(4, Kind::integer) || values_[items[0]].text != "storage" ||
      values_[items[1]].global != Global::storage) {
    fail("a persistent id should name a storage: its class, key, device and size");
  }
  push_new({.kind = Kind::storage,
            .element = values_[items[1]].element,
            .integer = values_[items[4]].integer,
            .text = values_[items[2]].text,
            .items = items});
  storages_.push_back(stack_.back());
}

}  // namespace voxloom::checkpoint
