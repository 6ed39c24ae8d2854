// LAS: see las_format.h. The oldest version that holds the scan is written: 1.2 with point formats
// 0 to 3 where they do, else 1.4 with formats 6 to 8. Attributes that LAS has no place for become
// extra bytes (and make it 1.4).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/checked.h"
#include "core/error.h"
#include "io/column_type.h"
#include "io/las_format.h"
#include "io/writers.h"

namespace voxloom::io {
namespace {

constexpr std::string_view kOp = "write_scan";

// Little-endian values at given places of a block of zeros.
class Block {
 public:
  explicit Block(std::int64_t size) : bytes_(static_cast<std::size_t>(size)) {}
  template <typename T>
  void put(std::int64_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }
  void put_text(std::int64_t offset, std::string_view text) {
    std::memcpy(bytes_.data() + offset, text.data(), text.size());
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

double largest(const Scan& scan, const char* name) {
  const Column* column = scan.find(name);
  if (column == nullptr) return 0;
  return std::visit(
      [](const auto& values) {
        return values.empty() ? 0.0 : static_cast<double>(*std::ranges::max_element(values));
      },
      column->values);
}

class LasWriter {
 public:
  LasWriter(const Scan& scan, const WriteOptions& options)
      : scan_(scan), box_(bounds(scan)), quantization_(choose_quantization(options)) {
    choose_classification(options);
    list_extras(0);
    format_ = choose_format();
    list_extras(format_);
  }

  void write(ByteSink& sink) const {
    write_header(sink);
    if (!extras_.empty()) write_descriptions(sink);
    const std::vector<OutField> fields = list_fields();
    for_each_block(scan_, fields,
                   [&](std::span<const std::byte> records, std::int64_t) { sink.write(records); });
  }

 private:
  [[nodiscard]] Quantization choose_quantization(const WriteOptions& options) const {
    Quantization chosen;
    if (options.quantization) {
      chosen = *options.quantization;
    } else if (scan_.quantization) {
      return *scan_.quantization;
    } else {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        chosen.offset.at(axis) = std::floor(box_.low.at(axis));
        const double extent = box_.high.at(axis) - chosen.offset.at(axis);
        while (extent / chosen.scale.at(axis) > 2e9) chosen.scale.at(axis) *= 10;
      }
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      require(std::isfinite(chosen.scale.at(axis)) && chosen.scale.at(axis) > 0 &&
                  std::isfinite(chosen.offset.at(axis)),
              kOp, "LAS: scale {} and offset {} do not make a lattice", chosen.scale.at(axis),
              chosen.offset.at(axis));
    }
    return chosen;
  }

  void choose_classification(const WriteOptions& options) {
    if (!options.classification.empty()) {
      classification_ = scan_.find(options.classification);
      require(classification_ != nullptr, kOp, "LAS: there is no attribute '{}' to classify by",
              options.classification);
    } else {
      classification_ = scan_.find("classification");
      if (classification_ == nullptr) classification_ = scan_.find("label");
    }
    require(classification_ == nullptr || classification_->components == 1, kOp,
            "LAS: the classification has more than one component");
  }

  // Whether the attribute is one of the numbers that the format's own fields hold.
  [[nodiscard]] bool has_place(const Column& column, int format) const {
    if (&column == classification_) return true;
    if (column.components != 1 || column.name == "classification") return false;
    const auto is_named = [&](const auto& item) { return item.name == column.name; };
    const std::span<const LasBits> returns = las_return_bits(format), flags = las_flag_bits(format);
    if (std::ranges::any_of(returns, is_named) || std::ranges::any_of(flags, is_named)) return true;
    const std::vector<PlacedField> fields = las_fields(format);
    return std::ranges::any_of(fields, [&](const PlacedField& placed) {
      return placed.field.name == column.name && placed.field.name != "returns" &&
             placed.field.name != "flags";
    });
  }

  // What neither the wanted format nor the richest of its family has a place for.
  void list_extras(int format) {
    const int richest = is_modern_las(format) ? 8 : 3;
    extras_.clear();
    for (const Column& column : scan_.attributes) {
      if (!has_place(column, richest)) extras_.push_back(&column);
    }
  }

  [[nodiscard]] int choose_format() const {
    const bool colour = scan_.find("red") || scan_.find("green") || scan_.find("blue");
    const bool modern =
        !extras_.empty() || largest(scan_, "return_number") > 7 ||
        largest(scan_, "number_of_returns") > 7 ||
        (classification_ != nullptr && largest(scan_, classification_->name.c_str()) > 31) ||
        scan_.size() > 0xffffffffLL;
    if (modern) return scan_.find("nir") != nullptr ? 8 : colour ? 7 : 6;
    return (scan_.find("gps_time") != nullptr ? 1 : 0) + (colour ? 2 : 0);
  }

  [[nodiscard]] OutField lattice_field(std::size_t axis) const {
    const double scale = quantization_.scale.at(axis), offset = quantization_.offset.at(axis);
    return {"", ColumnType::i32, 1,
            [this, axis, scale, offset](std::int64_t first, std::int64_t count, std::byte* to,
                                        std::int64_t stride) {
              for (std::int64_t i = first; i < first + count; ++i, to += stride) {
                const double position = scan_.positions[static_cast<std::size_t>(i)].at(axis);
                const double value = std::round((position - offset) / scale);
                require(value >= -2147483648.0 && value <= 2147483647.0, kOp,
                        "LAS: coordinate {} of point {} does not fit scale {} and offset {}",
                        position, i, scale, offset);
                const auto rounded = static_cast<std::int32_t>(value);
                std::memcpy(to, &rounded, sizeof(rounded));
              }
            }};
  }

  [[nodiscard]] const Column* source_of(std::string_view name) const {
    if (name == "classification") return classification_;
    const Column* column = scan_.find(name);
    // "label", when it is the classification, is not written twice; wider columns are extra bytes.
    return column != nullptr && column->components == 1 ? column : nullptr;
  }

  // Several small numbers in a byte.
  [[nodiscard]] OutField packed_field(std::span<const LasBits> parts) const {
    return {
        "", ColumnType::u8, 1,
        [this, parts](std::int64_t first, std::int64_t count, std::byte* to, std::int64_t stride) {
          for (std::int64_t i = 0; i < count; ++i) to[i * stride] = std::byte{0};
          for (const LasBits& part : parts) {
            if (const Column* column = source_of(part.name)) {
              pack(*column, part, {first, count, to, stride});
            }
          }
        }};
  }

  struct Target {
    std::int64_t first, count;
    std::byte* to;
    std::int64_t stride;
  };

  static void pack(const Column& column, const LasBits& part, const Target& target) {
    const double limit = std::ldexp(1.0, static_cast<int>(part.width)) - 1;
    for (std::int64_t i = 0; i < target.count; ++i) {
      const double value = column.as_double(target.first + i);
      require(value >= 0 && value <= limit && value == std::trunc(value), kOp,
              "LAS: attribute '{}': {} at point {} is not an integer from 0 to {}", column.name,
              value, target.first + i, limit);
      target.to[i * target.stride] |=
          static_cast<std::byte>(static_cast<unsigned>(value) << part.shift);
    }
  }

  // 8-bit colours are multiplied by 256, as the format wants it.
  [[nodiscard]] static OutField colour_field(const Column& column) {
    return {"", ColumnType::u16, 1,
            [&column](std::int64_t first, std::int64_t count, std::byte* to, std::int64_t stride) {
              for (std::int64_t i = 0; i < count; ++i) {
                const auto value = static_cast<std::uint16_t>(column.as_double(first + i) * 256);
                std::memcpy(to + i * stride, &value, sizeof(value));
              }
            }};
  }

  [[nodiscard]] OutField zero_field(const Field& field) const {
    return {"", field.type, 1,
            [size = static_cast<std::size_t>(byte_size(field.type))](
                std::int64_t, std::int64_t count, std::byte* to, std::int64_t stride) {
              for (std::int64_t i = 0; i < count; ++i) std::memset(to + i * stride, 0, size);
            }};
  }

  [[nodiscard]] OutField own_field(const Field& field) const {
    if (field.name == "returns") return packed_field(las_return_bits(format_));
    if (field.name == "flags") return packed_field(las_flag_bits(format_));
    const Column* column = source_of(field.name);
    if (column == nullptr) return zero_field(field);
    const bool colour = field.name == "red" || field.name == "green" || field.name == "blue";
    if (colour && column->type() == ColumnType::u8) return colour_field(*column);
    return component_field(*column, 0, field.type, field.name);
  }

  [[nodiscard]] std::vector<OutField> list_fields() const {
    std::vector<OutField> fields;
    for (const PlacedField& placed : las_fields(format_)) {
      const std::size_t index = fields.size();
      fields.push_back(index < 3 ? lattice_field(index) : own_field(placed.field));
    }
    for (const Column* column : extras_) fields.push_back(column_field(*column));
    return fields;
  }

  [[nodiscard]] std::int64_t description_bytes() const {
    return static_cast<std::int64_t>(extra_parts().size()) * kLasExtraRecord;
  }

  // A description holds up to three values: wider attributes get several.
  struct Part {
    const Column* column;
    std::int64_t first, components;
  };
  [[nodiscard]] std::vector<Part> extra_parts() const {
    std::vector<Part> parts;
    for (const Column* column : extras_) {
      for (std::int64_t first = 0; first < column->components; first += 3) {
        parts.push_back({column, first, std::min<std::int64_t>(3, column->components - first)});
      }
    }
    return parts;
  }

  [[nodiscard]] std::int64_t header_size() const { return is_modern_las(format_) ? 375 : 227; }

  void write_header(ByteSink& sink) const {
    Block header(header_size());
    const bool modern = is_modern_las(format_);
    const std::int64_t descriptions = extras_.empty() ? 0 : kLasVlrHeader + description_bytes();
    const std::int64_t record =
        std::accumulate(extras_.begin(), extras_.end(), las_record_size(format_),
                        [](std::int64_t sum, const Column* column) {
                          return sum + byte_size(column->type()) * column->components;
                        });
    require(record <= 65535 && description_bytes() <= 65535, kOp,
            "LAS: {} bytes of attributes per point are too many", record);
    header.put_text(0, "LASF");
    // Bit 4: the coordinate system would be given as text; formats 6 and later demand it.
    header.put<std::uint16_t>(6, modern ? 16 : 0);
    header.put<std::uint8_t>(24, 1);
    header.put<std::uint8_t>(25, modern ? 4 : 2);
    header.put_text(58, "voxloom");
    header.put(94, static_cast<std::uint16_t>(header_size()));
    header.put(96, static_cast<std::uint32_t>(header_size() + descriptions));
    header.put<std::uint32_t>(100, extras_.empty() ? 0 : 1);
    header.put(104, static_cast<std::uint8_t>(format_));
    header.put(105, static_cast<std::uint16_t>(record));
    put_counts(header);
    put_geometry(header);
    sink.write(header.bytes());
  }

  void put_counts(Block& header) const {
    std::array<std::uint64_t, 15> by_return{};
    if (const Column* column = source_of("return_number")) {
      for (std::int64_t i = 0; i < scan_.size(); ++i) {
        const double number = column->as_double(i);
        if (number >= 1 && number <= 15) ++by_return.at(static_cast<std::size_t>(number) - 1);
      }
    }
    if (!is_modern_las(format_)) {
      header.put(107, static_cast<std::uint32_t>(scan_.size()));
      for (std::int64_t i = 0; i < 5; ++i) {
        header.put(111 + 4 * i,
                   static_cast<std::uint32_t>(by_return.at(static_cast<std::size_t>(i))));
      }
      return;
    }
    header.put(247, static_cast<std::uint64_t>(scan_.size()));
    for (std::int64_t i = 0; i < 15; ++i) {
      header.put(255 + 8 * i, by_return.at(static_cast<std::size_t>(i)));
    }
  }

  void put_geometry(Block& header) const {
    for (std::int64_t i = 0; i < 3; ++i) {
      const auto axis = static_cast<std::size_t>(i);
      header.put(131 + 8 * i, quantization_.scale.at(axis));
      header.put(155 + 8 * i, quantization_.offset.at(axis));
      header.put(179 + 16 * i, box_.high.at(axis));
      header.put(187 + 16 * i, box_.low.at(axis));
    }
  }

  void write_descriptions(ByteSink& sink) const {
    Block vlr(kLasVlrHeader + description_bytes());
    vlr.put_text(2, "LASF_Spec");
    vlr.put<std::uint16_t>(18, 4);
    vlr.put(20, static_cast<std::uint16_t>(description_bytes()));
    vlr.put_text(22, "Extra bytes");
    std::int64_t at = kLasVlrHeader;
    for (const Part& part : extra_parts()) {
      const bool whole = part.components == part.column->components;
      const std::string name =
          whole ? part.column->name : fmt::format("{}_{}", part.column->name, part.first);
      require(name.size() <= 32, kOp, "LAS: the attribute name '{}' is longer than 32 bytes", name);
      const auto type = static_cast<std::int64_t>(part.column->type());
      vlr.put(at + 2, static_cast<std::uint8_t>(1 + type + 10 * (part.components - 1)));
      vlr.put_text(at + 4, name);
      at += kLasExtraRecord;
    }
    sink.write(vlr.bytes());
  }

  const Scan& scan_;
  Box box_;
  Quantization quantization_;
  const Column* classification_ = nullptr;
  std::vector<const Column*> extras_;
  int format_ = 0;
};

}  // namespace

void write_las(ByteSink& sink, const Scan& scan, const WriteOptions& options) {
  LasWriter(scan, options).write(sink);
}

}  // namespace voxloom::io
