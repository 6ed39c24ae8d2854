// The writers whose points are plain records or rows: KITTI, nuScenes, PLY, PCD, text.
#include <algorithm>

#include "core/error.h"
#include "io/column_type.h"
#include "io/formats.h"
#include "io/lines.h"
#include "io/ply_header.h"

namespace voxloom::io {
namespace {

void write_block(ByteSink& sink, const Scan& scan, const std::vector<OutField>& fields) {
  for_each_block(scan, fields,
                 [&](std::span<const std::byte> records, std::int64_t) { sink.write(records); });
}

// x, y, z and the named attributes as float32; an attribute that is not there is zero.
void write_floats(ByteSink& sink, const Scan& scan, std::initializer_list<const char*> names) {
  std::vector<OutField> fields;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    fields.push_back(position_field(scan, axis, ColumnType::f32));
  }
  const Column zeros = make_column("zero", ColumnType::f32, scan.size());
  for (const char* name : names) {
    const Column* column = scan.find(name);
    if (column != nullptr) {
      require(column->components == 1, "write_scan", "'{}' has {} components", name,
              column->components);
    }
    fields.push_back(
        component_field(column == nullptr ? zeros : *column, 0, ColumnType::f32, name));
  }
  write_block(sink, scan, fields);
}

void swap_elements(std::vector<std::byte>& records, const std::vector<OutField>& fields) {
  auto at = records.begin();
  while (at != records.end()) {
    for (const OutField& field : fields) {
      std::reverse(at, at + byte_size(field.type));
      at += byte_size(field.type);
    }
  }
}

// PLY has no 64-bit integers: they are written as double where that is exact.
std::vector<OutField> ply_fields(const Scan& scan) {
  std::vector<OutField> fields = scalar_fields(scan);
  std::size_t next = 3;
  for (const Column& column : scan.attributes) {
    for (std::int64_t c = 0; c < column.components; ++c, ++next) {
      if (!ply_name_of(column.type()).empty()) continue;
      fields[next] = component_field(column, c, ColumnType::f64, fields[next].name);
    }
  }
  make_words(fields);
  return fields;
}

char pcd_type_of(ColumnType type) {
  if (is_float(type)) return 'F';
  const bool is_signed = type == ColumnType::i8 || type == ColumnType::i16 ||
                         type == ColumnType::i32 || type == ColumnType::i64;
  return is_signed ? 'I' : 'U';
}

bool is_colour(const Column* column) {
  return column != nullptr && column->type() == ColumnType::u8 && column->components == 1;
}

// The bits of a float32, as everybody who reads PCD expects: 0x00RRGGBB, or 0xAARRGGBB as uint32.
struct PackedColour {
  Column column;
  std::vector<std::string_view> replaced;
};

std::optional<PackedColour> pack_colour(const Scan& scan) {
  const Column* red = scan.find("red");
  const Column* green = scan.find("green");
  const Column* blue = scan.find("blue");
  const Column* alpha = scan.find("alpha");
  if (!is_colour(red) || !is_colour(green) || !is_colour(blue)) return std::nullopt;
  const bool opaque = !is_colour(alpha);
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(scan.size()));
  const auto byte = [](const Column& column, std::size_t i) {
    return std::uint32_t{column.span<std::uint8_t>()[i]};
  };
  for (std::size_t i = 0; i < bits.size(); ++i) {
    bits[i] = byte(*red, i) << 16U | byte(*green, i) << 8U | byte(*blue, i) |
              (opaque ? 0 : byte(*alpha, i) << 24U);
  }
  if (!opaque) return PackedColour{{"rgba", 1, std::move(bits)}, {"red", "green", "blue", "alpha"}};
  std::vector<float> floats(bits.size());
  std::ranges::transform(bits, floats.begin(), [](auto b) { return std::bit_cast<float>(b); });
  return PackedColour{{"rgb", 1, std::move(floats)}, {"red", "green", "blue"}};
}

std::vector<OutField> pcd_fields(const Scan& scan, const std::optional<PackedColour>& colour) {
  std::vector<OutField> fields;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    fields.push_back(position_field(scan, axis, scan.position_type));
  }
  if (colour) fields.push_back(column_field(colour->column));
  for (const Column& column : scan.attributes) {
    if (colour && std::ranges::find(colour->replaced, column.name) != colour->replaced.end()) {
      continue;
    }
    fields.push_back(column_field(column));
  }
  make_words(fields);
  return fields;
}

std::string pcd_header(const Scan& scan, const std::vector<OutField>& fields, bool ascii) {
  std::string names, sizes, types, counts;
  for (const OutField& field : fields) {
    names += " " + field.name;
    sizes += fmt::format(" {}", byte_size(field.type));
    types += fmt::format(" {}", pcd_type_of(field.type));
    counts += fmt::format(" {}", field.components);
  }
  return fmt::format(
      "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS{}\nSIZE{}\nTYPE{}\n"
      "COUNT{}\nWIDTH {}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {}\nDATA {}\n",
      names, sizes, types, counts, scan.size(), scan.size(), ascii ? "ascii" : "binary");
}

}  // namespace

void write_kitti(ByteSink& sink, const Scan& scan, const WriteOptions&) {
  write_floats(sink, scan, {"intensity"});
}
void write_nuscenes(ByteSink& sink, const Scan& scan, const WriteOptions&) {
  write_floats(sink, scan, {"intensity", "ring"});
}

void write_ply(ByteSink& sink, const Scan& scan, const WriteOptions& options) {
  const Encoding encoding = options.encoding;
  const std::vector<OutField> fields = ply_fields(scan);
  constexpr std::array<const char*, 3> kNames = {"binary_little_endian", "ascii",
                                                 "binary_big_endian"};
  std::string header = fmt::format("ply\nformat {} 1.0\nelement vertex {}\n",
                                   kNames.at(static_cast<std::size_t>(encoding)), scan.size());
  for (const OutField& field : fields) {
    header += fmt::format("property {} {}\n", ply_name_of(field.type), field.name);
  }
  sink.write(header + "end_header\n");
  if (encoding == Encoding::ascii) return write_rows(sink, scan, fields, ' ');
  if (encoding == Encoding::binary) return write_block(sink, scan, fields);
  for_each_block(scan, fields, [&](std::span<const std::byte> records, std::int64_t) {
    std::vector<std::byte> swapped(records.begin(), records.end());
    swap_elements(swapped, fields);
    sink.write(std::span<const std::byte>(swapped));
  });
}

void write_pcd(ByteSink& sink, const Scan& scan, const WriteOptions& options) {
  require(options.encoding != Encoding::big_endian, "write_scan", "PCD has no big-endian form");
  const std::optional<PackedColour> colour = pack_colour(scan);
  const std::vector<OutField> fields = pcd_fields(scan, colour);
  const bool ascii = options.encoding == Encoding::ascii;
  sink.write(pcd_header(scan, fields, ascii));
  if (ascii) return write_rows(sink, scan, fields, ' ');
  write_block(sink, scan, fields);
}

void write_text(ByteSink& sink, const Scan& scan, const WriteOptions& options) {
  const char separator = options.separator == 0 ? ' ' : options.separator;
  std::vector<OutField> fields = scalar_fields(scan);
  make_words(fields);
  std::string header;
  for (const OutField& field : fields) header += field.name + separator;
  header.back() = '\n';
  sink.write(header);
  write_rows(sink, scan, fields, separator);
}

}  // namespace voxloom::io
