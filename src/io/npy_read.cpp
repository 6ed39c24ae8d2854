// NPY: see npy_header.h for the format.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "io/column_type.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/named_vectors.h"
#include "io/npy_header.h"
#include "io/records.h"
#include "voxloom/dtype.h"

namespace voxloom::io {
namespace {

ColumnType column_type(const NpyType& type) {
  static const std::map<std::pair<char, std::int64_t>, ColumnType> kTypes = {
      {{'b', 1}, ColumnType::u8},  {{'u', 1}, ColumnType::u8},  {{'i', 1}, ColumnType::i8},
      {{'u', 2}, ColumnType::u16}, {{'i', 2}, ColumnType::i16}, {{'u', 4}, ColumnType::u32},
      {{'i', 4}, ColumnType::i32}, {{'u', 8}, ColumnType::u64}, {{'i', 8}, ColumnType::i64},
      {{'f', 2}, ColumnType::u16},  // bits; HalfSource makes numbers of them
      {{'f', 4}, ColumnType::f32}, {{'f', 8}, ColumnType::f64}};
  return kTypes.at({type.kind, type.size});
}

bool is_half(const NpyType& type) { return type.kind == 'f' && type.size == 2; }

// Turns columns that hold the bits of binary16 into float32.
class HalfSource final : public PointSource {
 public:
  HalfSource(Points stored, std::vector<bool> half)
      : PointSource(stored->fields(), stored->size()),
        stored_(std::move(stored)),
        half_(std::move(half)) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (half_[i]) fields_[i].type = ColumnType::f32;
    }
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> columns = stored_->read(count);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!half_[i]) continue;
      const auto bits = std::get<std::vector<std::uint16_t>>(std::move(columns[i].values));
      std::vector<float> values(bits.size());
      std::ranges::transform(bits, values.begin(), detail::float_from_half);
      columns[i].values = std::move(values);
    }
    return columns;
  }

  std::string where(std::int64_t point) const override { return stored_->where(point); }

 private:
  Points stored_;
  std::vector<bool> half_;
};

Points with_halves(Points stored, const std::vector<bool>& half) {
  if (std::ranges::none_of(half, [](bool b) { return b; })) return stored;
  return std::make_unique<HalfSource>(std::move(stored), half);
}

Points open_structured(const Bytes& bytes, const NpyHeader& header) {
  if (header.shape.size() != 1) {
    fail_byte(bytes->name(), 0, "records in {} dimensions: one is expected", header.shape.size());
  }
  RecordLayout layout{.begin = header.size, .count = header.shape[0]};
  std::vector<bool> half;
  bool little = false;
  for (const NpyMember& member : header.members) {
    if (member.type.kind != 'V') {
      half.push_back(is_half(member.type));
      layout.swapped = layout.swapped || member.type.swapped;
      little = little || (!member.type.swapped && member.type.size > 1);
      layout.fields.push_back(
          {{member.name, column_type(member.type), member.components}, layout.stride});
    }
    layout.stride += member.type.size * member.components;
  }
  if (layout.swapped && little) fail_byte(bytes->name(), 0, "the members mix both byte orders");
  return with_halves(open_records(bytes, layout), half);
}

// The columns of a plain array with `width` values per point.
std::vector<Field> plain_fields(std::int64_t width, ColumnType type, const std::string& name) {
  if (!name.empty()) return {{name, type, width}};
  std::vector<Field> fields = {{"x", type, 1}, {"y", type, 1}, {"z", type, 1}};
  if (width == 4) fields.push_back({"intensity", type, 1});
  if (width > 4) fields.push_back({"features", type, width - 3});
  return fields;
}

// Fortran order: all values of the first component, all of the second, ...
Points open_by_components(const Bytes& bytes, const RecordLayout& layout) {
  std::vector<Points> parts;
  std::int64_t begin = layout.begin;
  for (const PlacedField& placed : layout.fields) {
    const Field& field = placed.field;
    const std::int64_t stride = byte_size(field.type);
    for (std::int64_t c = 0; c < field.components; ++c) {
      std::string name = field.components == 1 ? field.name : fmt::format("{}_{}", field.name, c);
      parts.push_back(open_records(bytes, {.begin = begin,
                                           .stride = stride,
                                           .count = layout.count,
                                           .swapped = layout.swapped,
                                           .fields = {{{std::move(name), field.type, 1}, 0}}}));
      begin += stride * layout.count;
    }
  }
  return join(std::move(parts));
}

// (3,N) or (4,N) instead of (N,3): more numbers a point than anybody has, for hardly any points.
bool lies_on_its_side(const NpyHeader& header) {
  constexpr std::int64_t kMostRows = 8, kLeastPoints = 64;
  return !header.structured && header.shape.size() == 2 && header.shape[0] >= 3 &&
         header.shape[0] <= kMostRows && header.shape[1] >= kLeastPoints;
}

// Hardly any points, with more numbers than there are points: which axis is which cannot be told.
bool may_lie_on_its_side(const NpyHeader& header) {
  constexpr std::int64_t kMostRows = 8;
  return !header.structured && header.shape.size() == 2 && header.shape[0] >= 3 &&
         header.shape[0] <= kMostRows && header.shape[1] > header.shape[0];
}

Points open_plain(const Bytes& bytes, const NpyHeader& header, const std::string& name) {
  constexpr std::int64_t kMaxWidth = 65536;
  const NpyType& type = header.members[0].type;
  const std::size_t rank = header.shape.size();
  const std::int64_t width = rank == 1 ? 1 : rank == 2 ? header.shape[1] : 0;
  if (type.kind == 'V') {
    fail_byte(bytes->name(), 0,
              "elements of {} bytes without a type cannot be read (bfloat16 is saved like that); "
              "save float32",
              type.size);
  }
  if (width < (name.empty() ? 3 : 1) || width > kMaxWidth) {
    fail_byte(bytes->name(), 0, "the array's shape ({}) is not (points, {} or more values)",
              fmt::join(header.shape, ", "), name.empty() ? 3 : 1);
  }
  RecordLayout layout{.begin = header.size, .count = header.shape[0], .swapped = type.swapped};
  for (Field& field : plain_fields(width, column_type(type), name)) {
    layout.fields.push_back({field, layout.stride});
    layout.stride += type.size * field.components;
  }
  Points points = open_records(bytes, layout);
  if (header.fortran_order && width > 1) points = open_by_components(bytes, layout);
  const std::vector<bool> half(points->fields().size(), is_half(type));
  return with_halves(std::move(points), half);
}

}  // namespace

void set_upright(NpyHeader& header, const OnNote& note) {
  if (!lies_on_its_side(header)) {
    if (!may_lie_on_its_side(header) || !note) return;
    note(
        fmt::format("the array's shape ({0}) is taken for {1} points of {2} numbers: turn it over "
                    "where it holds {2} points of {1}",
                    fmt::join(header.shape, ", "), header.shape[0], header.shape[1]));
    return;
  }
  if (note) {
    note(fmt::format("the array's shape ({}) is taken for a column per point",
                     fmt::join(header.shape, ", ")));
  }
  std::swap(header.shape[0], header.shape[1]);
  header.fortran_order = !header.fortran_order;
}

Points open_npy_array(const Bytes& bytes, const NpyHeader& header, const std::string& name) {
  if (!header.problem.empty()) fail_byte(bytes->name(), 0, "{}", header.problem);
  return header.structured ? open_structured(bytes, header) : open_plain(bytes, header, name);
}

Points open_npy(const Bytes& bytes, const ReadOptions& options) {
  NpyHeader header = read_npy_header(bytes);
  set_upright(header, options.on_note);
  return with_named_vectors(open_npy_array(bytes, header, ""));
}

}  // namespace voxloom::io
