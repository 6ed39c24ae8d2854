#include "io/out_field.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "core/error.h"
#include "io/column_type.h"
#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

// The value as a To, when that is the same number.
template <typename To, typename From>
bool convert(From from, To& to) {
  if constexpr (std::is_same_v<To, From>) {
    to = from;
    return true;
  } else if constexpr (std::is_floating_point_v<To>) {
    // A float attribute may lose digits when a format has only float32; an integer may not.
    // What is too large for it would become infinity.
    if constexpr (sizeof(From) > sizeof(To) && std::is_floating_point_v<From>) {
      if (std::isfinite(from) && std::abs(from) > std::numeric_limits<To>::max()) return false;
    }
    to = static_cast<To>(from);
    if constexpr (std::is_floating_point_v<From>) return true;
    return static_cast<long double>(to) == static_cast<long double>(from);
  } else {
    const auto wide = static_cast<long double>(from);
    const auto low = static_cast<long double>(std::numeric_limits<To>::min());
    const auto high = static_cast<long double>(std::numeric_limits<To>::max());
    if (!(wide >= low && wide <= high) || wide != std::trunc(wide)) return false;
    to = static_cast<To>(from);
    return true;
  }
}

template <typename To, typename From>
OutField::Fill converting_fill(const std::vector<From>& values, const Column& column,
                               std::int64_t component, std::int64_t first_point) {
  return [&values, &column, component, first_point](std::int64_t first, std::int64_t count,
                                                    std::byte* to, std::int64_t stride) {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>((first + i) * column.components + component);
      To value{};
      if (!convert(values[at], value)) {
        fail("write_scan", "attribute {}: {} at point {} does not fit {}", excerpt(column.name),
             values[at], first_point + first + i, name_of(Column{"", 1, std::vector<To>()}.type()));
      }
      std::memcpy(to + i * stride, &value, sizeof(To));
    }
  };
}

// More than this is lost in no format without a word.
constexpr double kMostRounding = 0.001;

float narrow_position(double value, std::int64_t point) {
  if (!std::isfinite(value)) return static_cast<float>(value);
  require(std::abs(value) <= std::numeric_limits<float>::max(), "write_scan",
          "the position {} of point {} does not fit float32", value, point);
  const auto rounded = static_cast<float>(value);
  require(std::abs(static_cast<double>(rounded) - value) <= kMostRounding, "write_scan",
          "float32 would move the position {} of point {} by {:.3g}; write it shifted, or in a "
          "format with "
          "float64",
          value, point, std::abs(static_cast<double>(rounded) - value));
  return rounded;
}

std::string as_word(std::string_view name) {
  constexpr std::string_view kSpecial = ",;\"'\\";
  std::string word(name);
  for (char& c : word) {
    if (c <= 0x20 || c > 0x7e || kSpecial.find(c) != std::string_view::npos) c = '_';
  }
  return word.empty() ? "_" : word;
}

template <typename T>
void print(std::string& out, const std::byte*& from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  from += sizeof(T);
  append_number(out, value);
}

}  // namespace

std::int64_t OutField::size() const { return byte_size(type) * components; }

ColumnType position_type_of(const Scan& scan) {
  const bool near = scan.origin == std::array<double, 3>{0, 0, 0};
  return near && scan.position_type == ColumnType::f32 ? ColumnType::f32 : ColumnType::f64;
}

OutField position_field(const Scan& scan, std::size_t axis, ColumnType type, Frame frame,
                        std::int64_t first_point) {
  constexpr std::array<const char*, 3> kAxes = {"x", "y", "z"};
  const bool narrow = type == ColumnType::f32;
  const double origin = frame == Frame::origin ? 0 : scan.origin.at(axis);
  return {kAxes.at(axis), narrow ? ColumnType::f32 : ColumnType::f64, 1,
          [&scan, axis, narrow, origin, first_point](std::int64_t first, std::int64_t count,
                                                     std::byte* to, std::int64_t stride) {
            for (std::int64_t i = first; i < first + count; ++i, to += stride) {
              const double value = origin + scan.positions[static_cast<std::size_t>(i)].at(axis);
              if (narrow) {
                const float rounded = narrow_position(value, first_point + i);
                std::memcpy(to, &rounded, sizeof(rounded));
              } else {
                std::memcpy(to, &value, sizeof(value));
              }
            }
          }};
}

Frame narrow_frame(const Scan& scan, const WriteOptions& options) {
  const bool far = scan.origin != std::array<double, 3>{0, 0, 0};
  return far && options.shift ? Frame::origin : Frame::file;
}

OutField column_field(const Column& column) {
  const std::int64_t row = byte_size(column.type()) * column.components;
  return {
      column.name, column.type(), column.components,
      [&column, row](std::int64_t first, std::int64_t count, std::byte* to, std::int64_t stride) {
        const auto* from = std::visit(
            [](const auto& values) { return reinterpret_cast<const std::byte*>(values.data()); },
            column.values);
        for (std::int64_t i = 0; i < count; ++i) {
          std::memcpy(to + i * stride, from + (first + i) * row, static_cast<std::size_t>(row));
        }
      }};
}

OutField component_field(const Column& column, std::int64_t component, ColumnType type,
                         std::string name, std::int64_t first_point) {
  OutField::Fill fill = visit_numbers(column, [&](const auto& values) {
    return visit_column_type(type, [&]<typename To>() {
      return converting_fill<To>(values, column, component, first_point);
    });
  });
  return {std::move(name), type, 1, std::move(fill)};
}

bool fits(const Column& column, ColumnType type) {
  return visit_numbers(column, [&](const auto& values) {
    return visit_column_type(type, [&]<typename To>() {
      To to{};
      return std::ranges::all_of(values, [&](auto value) { return convert(value, to); });
    });
  });
}

namespace {

OutField code_field(const Column& column, std::int64_t component, std::string name) {
  return {std::move(name), ColumnType::text, 1,
          [&column, component](std::int64_t first, std::int64_t count, std::byte* to,
                               std::int64_t stride) {
            const auto codes = column.span<WordCode>();
            for (std::int64_t i = first; i < first + count; ++i, to += stride) {
              std::memcpy(to, &codes[static_cast<std::size_t>(i * column.components + component)],
                          sizeof(WordCode));
            }
          },
          column.words.get()};
}

void print_word(std::string& out, const std::byte*& from, const Words& words, char separator) {
  WordCode code{};
  std::memcpy(&code, from, sizeof(code));
  from += sizeof(code);
  append_word(out, words.at(static_cast<std::size_t>(code)), separator);
}

}  // namespace

std::vector<OutField> component_fields(const Scan& scan, std::int64_t first_point) {
  std::vector<OutField> fields;
  for (const Column& column : scan.attributes) {
    for (std::int64_t c = 0; c < column.components; ++c) {
      std::string name =
          column.components == 1 ? column.name : fmt::format("{}_{}", column.name, c);
      fields.push_back(column.is_text() ? code_field(column, c, std::move(name))
                                        : component_field(column, c, column.type(), std::move(name),
                                                          first_point));
    }
  }
  return fields;
}

std::vector<OutField> scalar_fields(const Scan& scan, std::int64_t first_point) {
  std::vector<OutField> fields;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    fields.push_back(position_field(scan, axis, position_type_of(scan), Frame::file, first_point));
  }
  std::ranges::move(component_fields(scan, first_point), std::back_inserter(fields));
  return fields;
}

std::int64_t record_size(std::span<const OutField> fields) {
  std::int64_t size = 0;
  for (const OutField& field : fields) size += field.size();
  return size;
}

void for_each_block(const Scan& scan, std::span<const OutField> fields, const UseRecords& use) {
  constexpr std::int64_t kMostPoints = 4096, kMostBytes = 1 << 26;  // of which words may take many
  const std::int64_t stride = record_size(fields);
  const std::int64_t points = scan.size();
  const std::int64_t block = std::clamp<std::int64_t>(kMostBytes / stride, 1, kMostPoints);
  std::vector<std::byte> records(static_cast<std::size_t>(std::min(block, points) * stride));
  for (std::int64_t first = 0; first < points; first += block) {
    const std::int64_t count = std::min(block, points - first);
    std::byte* to = records.data();
    for (const OutField& field : fields) {
      field.fill(first, count, to, stride);
      to += field.size();
    }
    use(std::span(records).first(static_cast<std::size_t>(count * stride)), count);
  }
}

void write_block(ByteSink& sink, const Scan& scan, std::span<const OutField> fields) {
  for_each_block(scan, fields,
                 [&](std::span<const std::byte> records, std::int64_t) { sink.write(records); });
}

std::vector<std::string_view> held_by_scanners(const Scan& scan, bool has_colours) {
  std::vector<std::string_view> held;
  const Column* intensity = scan.find("intensity");
  if (intensity != nullptr && intensity->components == 1) held.emplace_back("intensity");
  if (has_colours) held.insert(held.end(), {"red", "green", "blue"});
  return held;
}

void note_left_out(const Scan& scan, std::span<const std::string_view> held,
                   std::string_view format, const WriteOptions& options) {
  if (!options.on_note) return;
  std::string names;
  for (const Column& column : scan.attributes) {
    if (std::ranges::find(held, column.name) != held.end()) continue;
    names += (names.empty() ? "" : ", ") + column.name;
  }
  if (!names.empty()) {
    options.on_note(fmt::format("{} has no place for {}: left out", format, excerpt(names)));
  }
}

void write_rows(ByteSink& sink, const Scan& scan, std::span<const OutField> fields,
                char separator) {
  std::string text;
  for_each_block(scan, fields, [&](std::span<const std::byte> records, std::int64_t count) {
    text.clear();
    const std::byte* from = records.data();
    for (std::int64_t i = 0; i < count; ++i) {
      for (const OutField& field : fields) {
        for (std::int64_t c = 0; c < field.components; ++c) {
          if (field.words != nullptr) {
            print_word(text, from, *field.words, separator);
          } else {
            visit_column_type(field.type, [&]<typename T>() { print<T>(text, from); });
          }
          text += separator;
        }
      }
      text.back() = '\n';
    }
    sink.write(text);
  });
}

void make_words(std::vector<OutField>& fields) {
  std::set<std::string> taken;
  for (OutField& field : fields) {
    const std::string base = as_word(field.name);
    field.name = base;
    for (int n = 2; !taken.insert(field.name).second; ++n) {
      field.name = fmt::format("{}_{}", base, n);
    }
  }
}

}  // namespace voxloom::io
