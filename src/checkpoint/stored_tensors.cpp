#include "checkpoint/stored_tensors.h"

#include <algorithm>

#include "core/checked.h"

namespace voxloom::checkpoint {
namespace {

constexpr std::size_t kMaxRank = 32;
constexpr std::int64_t kMostElements = std::int64_t{1} << 56;  // their bytes fit 64 bits

bool is_row_major(const Shape& shape, const std::vector<std::int64_t>& stride) {
  std::int64_t expected = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (shape[axis] != 1 && stride[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

// Elements of `bytes` bytes each, by strides, into row-major order.
void gather(std::span<const std::byte> from, const Shape& shape,
            const std::vector<std::int64_t>& stride, std::int64_t bytes, std::byte* to) {
  std::vector<std::int64_t> index(shape.size(), 0);
  std::int64_t at = 0;
  for (bool is_done = false; !is_done;) {
    to = std::copy_n(from.data() + at * bytes, bytes, to);
    is_done = true;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      at += stride[axis];
      if (++index[axis] < shape[axis]) {
        is_done = false;
        break;
      }
      at -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

void swap_bytes(std::span<std::byte> data, std::int64_t size) {
  for (std::size_t i = 0; i < data.size(); i += static_cast<std::size_t>(size)) {
    std::ranges::reverse(data.subspan(i, static_cast<std::size_t>(size)));
  }
}

template <typename Small>
void widen(std::span<const std::byte> from, std::int32_t* to) {
  const auto count = static_cast<std::int64_t>(from.size() / sizeof(Small));
  for (std::int64_t i = 0; i < count; ++i) {
    to[i] = io::load<Small>(from, i * static_cast<std::int64_t>(sizeof(Small)));
  }
}

}  // namespace

struct StoredTensors::View {
  ElementType element = ElementType::f32;
  std::string_view key;
  std::int64_t storage_elements = 0;  // of the whole storage
  std::int64_t offset = 0;            // of the first element, in elements
  Shape shape;
  std::vector<std::int64_t> stride;
  std::int64_t elements = 0;  // of the tensor
  std::int64_t extent = 0;    // from the first to the last element that it reads, in elements
};

std::string StoredTensors::obstacle(ValueId tensor) const {
  const ElementInfo& info = info_of(values_[values_[tensor].items[0]].element);
  return info.dtype ? std::string{} : fmt::format("a tensor of {}", info.name);
}

std::int64_t StoredTensors::integer(ValueId id, std::string_view name) const {
  const Value& value = values_[id];
  if (value.kind != Kind::integer || value.integer < 0) {
    io::fail_file(file_,
                  "tensor {}: sizes, strides and offsets should be integers from 0 on, got {}",
                  io::excerpt(name),
                  value.kind == Kind::integer ? fmt::format("{}", value.integer)
                                              : std::string(name_of(value.kind)));
  }
  return value.integer;
}

std::vector<std::int64_t> StoredTensors::integers(ValueId id, std::string_view name) const {
  const Value& value = values_[id];
  if (value.kind != Kind::tuple || value.items.size() > kMaxRank) {
    io::fail_file(file_, "tensor {}: its sizes and strides should be tuples of at most {} numbers",
                  io::excerpt(name), kMaxRank);
  }
  std::vector<std::int64_t> numbers;
  for (const ValueId item : value.items) numbers.push_back(integer(item, name));
  return numbers;
}

void StoredTensors::refuse_view(const View& view, std::string_view name) const {
  io::fail_file(
      file_,
      "tensor {} of shape {} and strides {} from element {} does not lie in its storage of "
      "{} elements",
      io::excerpt(name), view.shape, view.stride, view.offset, view.storage_elements);
}

StoredTensors::View StoredTensors::view_of(ValueId tensor, std::string_view name) const {
  const std::vector<ValueId>& arguments = values_[tensor].items;
  const Value& storage = values_[arguments[0]];
  View view{.element = storage.element,
            .key = storage.text,
            .storage_elements = storage.integer,
            .offset = integer(arguments[1], name),
            .shape = integers(arguments[2], name),
            .stride = integers(arguments[3], name)};
  if (view.shape.size() != view.stride.size()) {
    io::fail_file(file_, "tensor {} has {} sizes and {} strides", io::excerpt(name),
                  view.shape.size(), view.stride.size());
  }
  const auto refuse = [&] { refuse_view(view, name); };
  // Of an old file's storage, a part.
  if (storage.items.size() == 6 && values_[storage.items[5]].kind != Kind::none) {
    const std::vector<ValueId>& part = values_[storage.items[5]].items;
    if (values_[storage.items[5]].kind != Kind::tuple || part.size() != 3) refuse();
    const std::int64_t begin = integer(part[1], name), count = integer(part[2], name);
    if (begin > view.storage_elements || count > view.storage_elements - begin ||
        view.offset > count) {
      refuse();
    }
    view.offset += begin;
  }
  const bool is_empty = std::ranges::find(view.shape, 0) != view.shape.end();
  std::int64_t last = 0;
  view.elements = 1;
  for (std::size_t axis = 0; axis < view.shape.size(); ++axis) {
    const std::int64_t size = std::max<std::int64_t>(view.shape[axis], 1);
    std::int64_t step = 0;
    if (__builtin_mul_overflow(view.elements, size, &view.elements) ||
        __builtin_mul_overflow(size - 1, view.stride[axis], &step) ||
        __builtin_add_overflow(last, step, &last) || view.elements > kMostElements) {
      refuse();
    }
  }
  if (is_empty) {
    view.elements = 0;
    return view;
  }
  // A tensor that reads elements twice (expanded) could be any size.
  if (view.storage_elements < 0 || view.offset > view.storage_elements ||
      last >= view.storage_elements - view.offset || view.elements > view.storage_elements) {
    refuse();
  }
  view.extent = last + 1;
  return view;
}

Tensor StoredTensors::read(ValueId tensor, std::string_view name) {
  const View view = view_of(tensor, name);
  const ElementInfo& info = info_of(view.element);
  if (view.elements == 0) return Tensor::empty(view.shape, *info.dtype);

  // Nothing is allocated before its bytes are known to be there.
  const std::int64_t extent = checked_mul("read_checkpoint", view.extent, info.bytes);
  const io::Bytes storage =
      storages_.open(view.key, checked_mul("read_checkpoint", view.storage_elements, info.bytes));
  if (extent > budget_) {
    io::fail_file(file_, "tensor {} reads {} bytes that other tensors have read many times",
                  io::excerpt(name), extent);
  }
  budget_ -= extent;

  Tensor result = Tensor::empty(view.shape, *info.dtype);
  const std::int64_t bytes = view.elements * info.bytes;
  const std::int64_t offset = view.offset * info.bytes;
  const bool is_direct = info.bytes == static_cast<std::int64_t>(size_of(*info.dtype));
  const bool is_plain = is_row_major(view.shape, view.stride);
  std::vector<std::byte> packed;  // row-major, as stored
  std::span<std::byte> elements(result.mutable_raw(), result.bytes());
  if (!is_direct) {
    packed.resize(static_cast<std::size_t>(bytes));
    elements = packed;
  }
  if (is_plain) {
    storage->read(offset, elements);
  } else {
    std::vector<std::byte> all(static_cast<std::size_t>(extent));
    storage->read(offset, all);
    gather(all, view.shape, view.stride, info.bytes, elements.data());
  }
  if (storages_.is_swapped()) swap_bytes(elements, info.bytes);
  if (view.element == ElementType::i16)
    widen<std::int16_t>(packed, result.mutable_data<std::int32_t>());
  if (view.element == ElementType::i8)
    widen<std::int8_t>(packed, result.mutable_data<std::int32_t>());
  return result;
}

}  // namespace voxloom::checkpoint
