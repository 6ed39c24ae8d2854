// LAS 1.0 to 1.4, point formats 0 to 10: see las_format.h. Packed bytes become one column per number,
// scaled extra bytes become float64.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "io/column_type.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/las_format.h"

namespace voxloom::io {
namespace {

struct Header {
  int format = 0;
  std::int64_t size = 0;
  std::int64_t vlrs = 0;
  RecordLayout layout = {};
  Quantization quantization = {};
};

// What becomes of a stored field.
struct Extra {
  Field stored;
  bool scaled = false;
  std::array<double, 3> scale = {1, 1, 1}, offset = {0, 0, 0};
};

class HeaderReader {
 public:
  explicit HeaderReader(const Bytes& bytes) : bytes_(*bytes), file_(bytes->name()) {}

  Header read() {
    constexpr std::int64_t kOldHeader = 227, kModernHeader = 375;
    require_size(kOldHeader);
    const int major = load<std::uint8_t>(raw_, 24);
    const int minor = load<std::uint8_t>(raw_, 25);
    if (major != 1 || minor > 4) {
      fail_byte(file_, 24, "version {}.{} is not one of 1.0 to 1.4", major, minor);
    }
    if (minor == 4) require_size(kModernHeader);
    header_.size = load<std::uint16_t>(raw_, 94);
    if (header_.size < (minor == 4 ? kModernHeader : kOldHeader)) {
      fail_byte(file_, 94, "a header of {} bytes is too short for version 1.{}", header_.size,
                minor);
    }
    header_.vlrs = load<std::uint32_t>(raw_, 100);
    read_points(minor);
    read_quantization();
    return header_;
  }

 private:
  void require_size(std::int64_t size) {
    raw_.resize(static_cast<std::size_t>(size));
    bytes_.read(0, raw_);
  }

  void read_points(int minor) {
    const int format = load<std::uint8_t>(raw_, 104);
    // Compressors set one of the two upper bits, so that nobody takes their data for points.
    if (format >= 64) {
      fail_byte(file_, 104, "the points are compressed (LAZ); unpack the file to LAS first");
    }
    if (format >= kLasFormats)
      fail_byte(file_, 104, "point format {} is not one of 0 to 10", format);
    RecordLayout& layout = header_.layout;
    layout.begin = load<std::uint32_t>(raw_, 96);
    layout.stride = load<std::uint16_t>(raw_, 105);
    const std::uint64_t count =
        minor == 4 ? load<std::uint64_t>(raw_, 247) : load<std::uint32_t>(raw_, 107);
    header_.format = format;
    if (layout.begin < header_.size || layout.begin > bytes_.size()) {
      fail_byte(file_, 96, "the points begin at byte {}: not between the header and the end, {}",
                layout.begin, bytes_.size());
    }
    if (layout.stride < las_record_size(format)) {
      fail_byte(file_, 105, "records of {} bytes are too short for point format {}, which has {}",
                layout.stride, format, las_record_size(format));
    }
    if (count > static_cast<std::uint64_t>((bytes_.size() - layout.begin) / layout.stride)) {
      fail_byte(file_, minor == 4 ? 247 : 107,
                "the header promises {} points of {} bytes, but {} bytes follow", count,
                layout.stride, bytes_.size() - layout.begin);
    }
    layout.count = static_cast<std::int64_t>(count);
  }

  void read_quantization() {
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      const auto scale = load<double>(raw_, 131 + 8 * axis);
      const auto offset = load<double>(raw_, 155 + 8 * axis);
      if (!std::isfinite(scale) || scale == 0) {
        fail_byte(file_, 131 + 8 * axis, "the scale is {}", scale);
      }
      if (!std::isfinite(offset)) fail_byte(file_, 155 + 8 * axis, "the offset is {}", offset);
      header_.quantization.scale.at(static_cast<std::size_t>(axis)) = scale;
      header_.quantization.offset.at(static_cast<std::size_t>(axis)) = offset;
    }
  }

  ByteSource& bytes_;
  std::string file_;
  std::vector<std::byte> raw_;
  Header header_;
};

std::string text_at(std::span<const std::byte> bytes, std::int64_t offset, std::size_t size) {
  const char* begin = reinterpret_cast<const char*>(bytes.data()) + offset;
  return {begin, ::strnlen(begin, size)};
}

Extra parse_extra(std::span<const std::byte> record, const std::string& file, std::int64_t at) {
  const int type = load<std::uint8_t>(record, 2);
  const unsigned options = load<std::uint8_t>(record, 3);
  Extra extra{.stored = {.name = text_at(record, 4, 32), .type = ColumnType::u8}};
  if (type == 0) {  // so many bytes that nobody explains
    extra.stored.components = std::max(1U, options);
    return extra;
  }
  if (type > 30) fail_byte(file, at + 2, "extra bytes have the unknown type {}", type);
  extra.stored.type = static_cast<ColumnType>((type - 1) % 10);
  extra.stored.components = (type - 1) / 10 + 1;
  constexpr unsigned kHasScale = 8, kHasOffset = 16;
  extra.scaled = (options & (kHasScale | kHasOffset)) != 0;
  for (std::int64_t i = 0; i < extra.stored.components; ++i) {
    const auto axis = static_cast<std::size_t>(i);
    if ((options & kHasScale) != 0) extra.scale.at(axis) = load<double>(record, 112 + 8 * i);
    if ((options & kHasOffset) != 0) extra.offset.at(axis) = load<double>(record, 136 + 8 * i);
  }
  return extra;
}

// Looks for the descriptions of extra bytes between the header and the points.
std::vector<Extra> read_extras(const Bytes& bytes, const Header& header) {
  std::vector<Extra> extras;
  Cursor cursor(bytes, header.size);
  for (std::int64_t i = 0; i < header.vlrs; ++i) {
    if (cursor.offset() + kLasVlrHeader > header.layout.begin) {
      fail_byte(bytes->name(), cursor.offset(), "VLR {} of {} reaches into the points", i,
                header.vlrs);
    }
    const std::span<const std::byte> vlr = cursor.take(kLasVlrHeader);
    const std::int64_t length = load<std::uint16_t>(vlr, 20);
    const bool describes = text_at(vlr, 2, 16) == "LASF_Spec" && load<std::uint16_t>(vlr, 18) == 4;
    const std::int64_t end = cursor.offset() + length;
    if (end > header.layout.begin) {
      fail_byte(bytes->name(), cursor.offset(), "VLR {} of {} reaches into the points", i,
                header.vlrs);
    }
    while (describes && cursor.offset() + kLasExtraRecord <= end) {
      const std::int64_t at = cursor.offset();
      extras.push_back(parse_extra(cursor.take(kLasExtraRecord), bytes->name(), at));
    }
    cursor.skip(end - cursor.offset());
  }
  return extras;
}

// The extra bytes that fit the record; what is left over is kept as bytes.
std::vector<Extra> fitting(std::vector<Extra> extras, std::int64_t room) {
  std::vector<Extra> used;
  for (Extra& extra : extras) {
    const std::int64_t size = byte_size(extra.stored.type) * extra.stored.components;
    if (size > room) break;
    room -= size;
    used.push_back(std::move(extra));
  }
  if (room > 0) {
    used.push_back({.stored = {.name = "extra_bytes", .type = ColumnType::u8, .components = room}});
  }
  return used;
}

class LasSource final : public PointSource {
 public:
  LasSource(const Bytes& bytes, Header header, std::vector<Extra> extras)
      : PointSource({}, header.layout.count), format_(header.format), extras_(std::move(extras)) {
    quantization_ = header.quantization;
    header.layout.fields = las_fields(format_);
    std::int64_t offset = las_record_size(format_);
    for (const Extra& extra : extras_) {
      header.layout.fields.push_back({extra.stored, offset});
      offset += byte_size(extra.stored.type) * extra.stored.components;
    }
    first_extra_ = header.layout.fields.size() - extras_.size();
    records_ = open_records(bytes, header.layout);
    list_fields();
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> stored = records_->read(count);
    std::vector<Column> columns;
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const std::span<const LasBits> bits = bits_of(i);
      for (const LasBits& part : bits) columns.push_back(unpack(stored[i], part));
      if (!bits.empty()) continue;
      const bool scaled = i >= first_extra_ && extras_[i - first_extra_].scaled;
      columns.push_back(scaled ? apply_scale(stored[i], extras_[i - first_extra_])
                               : std::move(stored[i]));
    }
    return columns;
  }

  std::string where(std::int64_t point) const override { return records_->where(point); }

 private:
  std::span<const LasBits> bits_of(std::size_t field) const {
    constexpr std::size_t kReturns = 4, kFlags = 5;
    if (field == kReturns) return las_return_bits(format_);
    if (field == kFlags) return las_flag_bits(format_);
    return {};
  }

  void list_fields() {
    for (std::size_t i = 0; i < records_->fields().size(); ++i) {
      const std::span<const LasBits> bits = bits_of(i);
      for (const LasBits& part : bits) {
        fields_.push_back({.name = part.name, .type = ColumnType::u8});
      }
      if (!bits.empty()) continue;
      fields_.push_back(records_->fields()[i]);
      if (i >= first_extra_ && extras_[i - first_extra_].scaled) {
        fields_.back().type = ColumnType::f64;
      }
    }
  }

  static Column unpack(const Column& packed, const LasBits& bits) {
    Column column = make_column(bits.name, ColumnType::u8, packed.points());
    const auto& from = std::get<std::vector<std::uint8_t>>(packed.values);
    auto& to = std::get<std::vector<std::uint8_t>>(column.values);
    const unsigned mask = (1U << bits.width) - 1;
    std::ranges::transform(from, to.begin(), [&](unsigned byte) {
      return static_cast<std::uint8_t>(byte >> bits.shift & mask);
    });
    return column;
  }

  static Column apply_scale(const Column& stored, const Extra& extra) {
    Column column = make_column(stored.name, ColumnType::f64, stored.points(), stored.components);
    auto& to = std::get<std::vector<double>>(column.values);
    for (std::size_t i = 0; i < to.size(); ++i) {
      const std::size_t axis = i % static_cast<std::size_t>(stored.components);
      to[i] = extra.offset.at(axis) +
              extra.scale.at(axis) * stored.as_double(static_cast<std::int64_t>(i));
    }
    return column;
  }

  int format_;
  std::vector<Extra> extras_;
  std::size_t first_extra_ = 0;
  Points records_;
};

}  // namespace

Points open_las(const Bytes& bytes, const ReadOptions&) {
  const Header header = HeaderReader(bytes).read();
  const std::int64_t room = header.layout.stride - las_record_size(header.format);
  return std::make_unique<LasSource>(bytes, header, fitting(read_extras(bytes, header), room));
}

}  // namespace voxloom::io
