// PCD: see pcd_header.h. What PCL's point types have is written in their types and names: float32 x, y, z,
// intensity, normals and curvature, uint32 label, packed rgb.
#include <algorithm>
#include <bit>
#include <cmath>

#include "core/error.h"
#include "io/colours.h"
#include "io/column_type.h"
#include "io/formats.h"

namespace voxloom::io {
namespace {

char pcd_type_of(ColumnType type) {
  if (is_float(type)) return 'F';
  const bool is_signed = type == ColumnType::i8 || type == ColumnType::i16 ||
                         type == ColumnType::i32 || type == ColumnType::i64;
  return is_signed ? 'I' : 'U';
}

// The bits of a float32, as everybody who reads PCD expects: 0x00RRGGBB, or 0xAARRGGBB as uint32.
struct PackedColour {
  Column column;
  std::vector<std::string_view> replaced;
};

PackedColour pack_colour(const Scan& scan, double unit, const std::optional<double>& alpha_unit) {
  const ByteColours colours = bytes_of_colours(scan, unit);
  const bool opaque = !alpha_unit;
  std::vector<std::uint8_t> alpha;
  if (alpha_unit) alpha = bytes_of_alpha(scan, *alpha_unit);
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(scan.size()));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    bits[i] = std::uint32_t{colours[0][i]} << 16U | std::uint32_t{colours[1][i]} << 8U |
              std::uint32_t{colours[2][i]} | (opaque ? 0 : std::uint32_t{alpha[i]} << 24U);
  }
  if (!opaque) return PackedColour{{"rgba", 1, std::move(bits)}, {"red", "green", "blue", "alpha"}};
  std::vector<float> floats(bits.size());
  std::ranges::transform(bits, floats.begin(), [](auto b) { return std::bit_cast<float>(b); });
  return PackedColour{{"rgb", 1, std::move(floats)}, {"red", "green", "blue"}};
}

// PCL's own names and types.
struct PclField {
  std::string_view ours, name;
  ColumnType type;
};
constexpr std::array<PclField, 6> kPclFields = {{{"intensity", "intensity", ColumnType::f32},
                                                 {"nx", "normal_x", ColumnType::f32},
                                                 {"ny", "normal_y", ColumnType::f32},
                                                 {"nz", "normal_z", ColumnType::f32},
                                                 {"curvature", "curvature", ColumnType::f32},
                                                 {"label", "label", ColumnType::u32}}};

const PclField* pcl_field_of(const Column& column) {
  const auto* known = std::ranges::find(kPclFields, column.name, &PclField::ours);
  return known == kPclFields.end() || column.components != 1 ? nullptr : known;
}

// What the types of the fields follow from.
struct PcdFacts {
  std::optional<double> colour_unit = {}, alpha_unit = {};
  std::vector<bool> fit = {};  // of each attribute: PCL's type for the name holds its values
};

PcdFacts survey_for_pcd(const ScanPieces& scan) {
  const std::vector<Column>& attributes = scan.head().attributes;
  PcdFacts facts{.fit = std::vector<bool>(attributes.size(), true)};
  ColourSurvey colours(scan.size()), alpha(scan.size(), Channels::alpha);
  scan.each([&](const Scan& piece, std::int64_t first) {
    colours.look(piece, first);
    alpha.look(piece, first);
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      const PclField* known = pcl_field_of(attributes[i]);
      if (known != nullptr) facts.fit[i] = facts.fit[i] && fits(piece.attributes[i], known->type);
    }
  });
  if (colours.is_whole()) facts.colour_unit = colours.unit();
  if (alpha.is_whole()) facts.alpha_unit = alpha.unit();
  return facts;
}

bool is_narrowed(const Scan& scan, const PcdFacts& facts) {
  const Column* alpha = facts.alpha_unit ? scan.find("alpha") : nullptr;
  return !has_byte_colours(scan) || (alpha != nullptr && alpha->type() != ColumnType::u8);
}

// A wide file keeps float64.
OutField pcd_field(const Column& column, bool fits_known, std::int64_t first, bool is_wide) {
  const PclField* known = pcl_field_of(column);
  if (known == nullptr) return column_field(column);
  const bool keeps_type = !fits_known || (is_wide && column.type() == ColumnType::f64);
  OutField field =
      keeps_type ? column_field(column) : component_field(column, 0, known->type, "", first);
  field.name = known->name;
  return field;
}

std::vector<OutField> pcd_fields(const Scan& scan, std::int64_t first,
                                 const std::optional<PackedColour>& colour, const PcdFacts& facts,
                                 const WriteOptions& options) {
  std::vector<OutField> fields;
  const ColumnType type = options.wide ? position_type_of(scan) : ColumnType::f32;
  const Frame frame = type == ColumnType::f64 ? Frame::file : narrow_frame(scan, options);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    fields.push_back(position_field(scan, axis, type, frame, first));
  }
  if (colour) fields.push_back(column_field(colour->column));
  for (std::size_t i = 0; i < scan.attributes.size(); ++i) {
    const Column& column = scan.attributes[i];
    if (colour && std::ranges::find(colour->replaced, column.name) != colour->replaced.end()) {
      continue;
    }
    fields.push_back(pcd_field(column, facts.fit[i], first, options.wide));
  }
  make_words(fields);
  return fields;
}

// Of length 1, w x y z, from the component that is largest: the signs of the others follow from it, in a half turn,
// where w is 0, too.
std::array<double, 4> quaternion_of(const Pose& m) {
  const std::array<double, 4> squares = {
      1 + m[0][0] + m[1][1] + m[2][2], 1 + m[0][0] - m[1][1] - m[2][2],
      1 - m[0][0] + m[1][1] - m[2][2], 1 - m[0][0] - m[1][1] + m[2][2]};  // 4 w w, 4 x x, ...
  const double wx = m[2][1] - m[1][2], wy = m[0][2] - m[2][0],
               wz = m[1][0] - m[0][1];  // 4 w x, ...
  const double xy = m[1][0] + m[0][1], xz = m[0][2] + m[2][0], yz = m[2][1] + m[1][2];
  const auto largest =
      static_cast<std::size_t>(std::ranges::max_element(squares) - squares.begin());
  const std::array<std::array<double, 4>, 4> products = {{{squares[0], wx, wy, wz},
                                                          {wx, squares[1], xy, xz},
                                                          {wy, xy, squares[2], yz},
                                                          {wz, xz, yz, squares[3]}}};
  std::array<double, 4> q = products.at(largest);
  const double sign = q[0] < 0 ? -1 : 1;
  const double length = std::hypot(std::hypot(q[0], q[1]), std::hypot(q[2], q[3]));
  for (double& component : q) component = component == 0 ? 0 : sign * component / length;
  return q;
}

// Place and orientation of the sensor: x y z, then the quaternion w x y z.
std::string viewpoint_text(const Scan& scan, bool shifted) {
  if (!scan.viewpoint) return "0 0 0 1 0 0 0";
  const Pose& m = *scan.viewpoint;
  const auto [w, x, y, z] = quaternion_of(m);
  const std::array<double, 3> away = shifted ? scan.origin : std::array<double, 3>{0, 0, 0};
  return fmt::format("{} {} {} {} {} {} {}", m[0][3] - away[0], m[1][3] - away[1],
                     m[2][3] - away[2], w, x, y, z);
}

std::string pcd_header(const Scan& scan, std::int64_t points, const std::vector<OutField>& fields,
                       const WriteOptions& options) {
  std::string names, sizes, types, counts;
  for (const OutField& field : fields) {
    names += " " + field.name;
    sizes += fmt::format(" {}", byte_size(field.type));
    types += fmt::format(" {}", pcd_type_of(field.type));
    counts += fmt::format(" {}", field.components);
  }
  const bool shifted =
      fields[0].type == ColumnType::f32 && narrow_frame(scan, options) == Frame::origin;
  return fmt::format(
      "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS{}\nSIZE{}\nTYPE{}\n"
      "COUNT{}\nWIDTH {}\nHEIGHT 1\nVIEWPOINT {}\nPOINTS {}\nDATA {}\n",
      names, sizes, types, counts, points, viewpoint_text(scan, shifted), points,
      options.encoding == Encoding::ascii ? "ascii" : "binary");
}

}  // namespace

void write_pcd(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options) {
  require(options.encoding != Encoding::big_endian, "write_scan", "PCD has no big-endian form");
  const PcdFacts facts = survey_for_pcd(scan);
  if (facts.colour_unit && options.on_note && is_narrowed(scan.head(), facts)) {
    options.on_note(std::string(kByteColoursNote));
  }
  // Calls use(fields) with the fields of a piece.
  const auto with_fields = [&](const Scan& piece, std::int64_t first, const auto& use) {
    std::optional<PackedColour> colour;
    if (facts.colour_unit) colour = pack_colour(piece, *facts.colour_unit, facts.alpha_unit);
    use(pcd_fields(piece, first, colour, facts, options));
  };
  with_fields(scan.head(), 0, [&](const std::vector<OutField>& fields) {
    sink.write(pcd_header(scan.head(), scan.size(), fields, options));
  });
  scan.each([&](const Scan& piece, std::int64_t first) {
    with_fields(piece, first, [&](const std::vector<OutField>& fields) {
      if (options.encoding == Encoding::ascii) return write_rows(sink, piece, fields, ' ');
      write_block(sink, piece, fields);
    });
  });
}

}  // namespace voxloom::io
