// NPY: see npy_header.h for the format.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "io/column_type.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/named_vectors.h"
#include "io/npy_header.h"
#include "io/npy_words.h"
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

// Turns columns of bits into what they mean: binary16 into float32, bytes of text into words.
class MeantSource final : public PointSource {
 public:
  // `members`: of each field.
  MeantSource(Points stored, std::vector<NpyMember> members, OnNote note)
      : PointSource(stored->fields(), stored->size()),
        stored_(std::move(stored)),
        members_(std::move(members)),
        words_(members_.size()),
        note_(std::move(note)) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (is_half(members_[i].type)) fields_[i].type = ColumnType::f32;
      if (!members_[i].type.is_text()) continue;
      fields_[i].type = ColumnType::text;
      fields_[i].components = members_[i].components;
    }
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> columns = stored_->read(count);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const NpyMember& member = members_[i];
      if (member.type.is_text()) {
        columns[i] = words_[i].of(columns[i], member, note_);
      } else if (is_half(member.type)) {
        const auto bits = std::get<std::vector<std::uint16_t>>(std::move(columns[i].values));
        std::vector<float> values(bits.size());
        std::ranges::transform(bits, values.begin(), detail::float_from_half);
        columns[i].values = std::move(values);
      }
    }
    return columns;
  }

  void skip(std::int64_t count) override { stored_->skip(count); }

  std::string where(std::int64_t point) const override { return stored_->where(point); }

 private:
  Points stored_;
  std::vector<NpyMember> members_;
  std::vector<NpyWords> words_;
  OnNote note_;
};

Points with_meaning(Points stored, std::vector<NpyMember> members, const OnNote& note) {
  const bool means_another = std::ranges::any_of(members, [](const NpyMember& member) {
    return is_half(member.type) || member.type.is_text();
  });
  if (!means_another) return stored;
  return std::make_unique<MeantSource>(std::move(stored), std::move(members), note);
}

// As it lies in the file: text as its bytes.
Field stored_field(const std::string& name, const NpyType& type, std::int64_t components) {
  if (type.is_text()) return {name, ColumnType::u8, type.size * components};
  return {name, column_type(type), components};
}

Points open_structured(const Bytes& bytes, const NpyHeader& header, const OnNote& note) {
  if (header.shape.size() != 1) {
    fail_byte(bytes->name(), 0, "records in {} dimensions: one is expected", header.shape.size());
  }
  RecordLayout layout{.begin = header.size, .count = header.shape[0]};
  std::vector<NpyMember> members;
  bool little = false;
  for (const NpyMember& member : header.members) {
    if (member.type.kind != 'V') {
      members.push_back(member);
      layout.swapped = layout.swapped || member.type.swapped;
      little = little || (!member.type.swapped && member.type.size > 1);
      layout.fields.push_back(
          {stored_field(member.name, member.type, member.components), layout.stride});
    }
    layout.stride += member.type.size * member.components;
  }
  if (layout.swapped && little) fail_byte(bytes->name(), 0, "the members mix both byte orders");
  return with_meaning(open_records(bytes, layout), std::move(members), note);
}

// The columns of a plain array with `width` values per point.
std::vector<Field> plain_fields(std::int64_t width, const NpyType& stored,
                                const std::string& name) {
  if (!name.empty()) return {stored_field(name, stored, width)};
  const ColumnType type = column_type(stored);
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

Points open_plain(const Bytes& bytes, const NpyHeader& header, const std::string& name,
                  const OnNote& note) {
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
  if (type.is_text() && (name.empty() || has_scattered_text(header))) {
    fail_byte(
        bytes->name(), 0, "{}",
        name.empty() ? "text is no array of positions" : "text in Fortran order cannot be read");
  }
  if (width < (name.empty() ? 3 : 1) || width > kMaxWidth) {
    fail_byte(bytes->name(), 0, "the array's shape ({}) is not (points, {} or more values)",
              fmt::join(header.shape, ", "), name.empty() ? 3 : 1);
  }
  RecordLayout layout{.begin = header.size, .count = header.shape[0], .swapped = type.swapped};
  for (Field& field : plain_fields(width, type, name)) {
    layout.fields.push_back({field, layout.stride});
    layout.stride += byte_size(field.type) * field.components;
  }
  Points points = open_records(bytes, layout);
  if (header.fortran_order && width > 1) points = open_by_components(bytes, layout);
  std::vector<NpyMember> members;
  for (const Field& field : points->fields()) {
    members.push_back({field.name, type, type.is_text() ? width : field.components});
  }
  return with_meaning(std::move(points), std::move(members), note);
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

bool has_scattered_text(const NpyHeader& header) {
  return !header.structured && header.fortran_order && header.members[0].type.is_text() &&
         header.shape.size() > 1 && header.shape[1] > 1;
}

Points open_npy_array(const Bytes& bytes, const NpyHeader& header, const std::string& name,
                      const OnNote& note) {
  if (!header.problem.empty()) fail_byte(bytes->name(), 0, "{}", header.problem);
  return header.structured ? open_structured(bytes, header, note)
                           : open_plain(bytes, header, name, note);
}

Points open_npy(const Bytes& bytes, const ReadOptions& options) {
  NpyHeader header = read_npy_header(bytes);
  set_upright(header, options.on_note);
  return with_named_vectors(open_npy_array(bytes, header, "", options.on_note));
}

}  // namespace voxloom::io
