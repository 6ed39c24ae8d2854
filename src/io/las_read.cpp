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
  LasRecords kept = {};  // what of the header is kept
  std::int64_t first_evlr = 0, evlrs = 0;
  RecordLayout layout = {};
  Quantization quantization = {};
};

// What becomes of a stored field.
struct Extra {
  Field stored;
  bool scaled = false;
  std::array<double, 3> scale = {1, 1, 1}, offset = {0, 0, 0};
};

std::string text_at(std::span<const std::byte> bytes, std::int64_t offset, std::size_t size) {
  const char* begin = reinterpret_cast<const char*>(bytes.data()) + offset;
  return {begin, ::strnlen(begin, size)};
}

class HeaderReader {
 public:
  HeaderReader(const Bytes& bytes, const OnNote& note)
      : bytes_(*bytes), note_(note), file_(bytes->name()) {}

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
    read_identity();
    if (minor == 4) read_evlrs();
    read_points(minor);
    read_quantization();
    return header_;
  }

 private:
  void require_size(std::int64_t size) {
    raw_.resize(static_cast<std::size_t>(size));
    bytes_.read(0, raw_);
  }

  void read_identity() {
    LasRecords& kept = header_.kept;
    kept.source_id = load<std::uint16_t>(raw_, 4);
    kept.encoding = load<std::uint16_t>(raw_, 6);
    for (std::size_t i = 0; i < kept.project.size(); ++i) {
      kept.project.at(i) = load<std::uint8_t>(raw_, 8 + static_cast<std::int64_t>(i));
    }
    kept.system = text_at(raw_, 26, kLasSystemBytes);
    kept.created_day = load<std::uint16_t>(raw_, 90);
    kept.created_year = load<std::uint16_t>(raw_, 92);
  }

  void read_points(int minor) {
    const int format = load<std::uint8_t>(raw_, 104);
    // Compressors set one of the two upper bits, so that nobody takes their data for points.
    if (format >= 64) {
      fail_byte(
          file_, 104,
          "the points are compressed (LAZ or COPC): unpack the file to LAS first, with a tool "
          "of your own or with Python: pip install 'voxloom[laz]', then "
          "python -m voxloom unpack IN.laz OUT.las");
    }
    if (format >= kLasFormats)
      fail_byte(file_, 104, "point format {} is not one of 0 to 10", format);
    RecordLayout& layout = header_.layout;
    layout.begin = load<std::uint32_t>(raw_, 96);
    layout.stride = load<std::uint16_t>(raw_, 105);
    std::uint64_t count = load<std::uint32_t>(raw_, 107);
    // The older count may be the only one, or, for many points, 0.
    if (minor == 4 && load<std::uint64_t>(raw_, 247) > 0) count = load<std::uint64_t>(raw_, 247);
    header_.format = format;
    if (layout.begin < header_.size || layout.begin > bytes_.size()) {
      fail_byte(file_, 96, "the points begin at byte {}: not between the header and the end, {}",
                layout.begin, bytes_.size());
    }
    if (layout.stride < las_record_size(format)) {
      fail_byte(file_, 105, "records of {} bytes are too short for point format {}, which has {}",
                layout.stride, format, las_record_size(format));
    }
    // Records behind the points are no points.
    const bool has_end = header_.first_evlr > layout.begin;
    const std::int64_t there = (has_end ? header_.first_evlr : bytes_.size()) - layout.begin;
    if (count > static_cast<std::uint64_t>(there / layout.stride)) {
      fail_byte(file_, minor == 4 ? 247 : 107,
                "the header promises {} points of {} bytes, but {} bytes follow{}", count,
                layout.stride, there, has_end ? " before the first EVLR" : "");
    }
    layout.count = static_cast<std::int64_t>(count);
    if (count == 0) return count_points();
    note_behind(layout, there, note_);
  }

  void read_evlrs() {
    const auto first = load<std::uint64_t>(raw_, 235);
    header_.evlrs = load<std::uint32_t>(raw_, 243);
    if (header_.evlrs > 0 && first > static_cast<std::uint64_t>(bytes_.size())) {
      fail_byte(file_, 235, "the first EVLR is promised at byte {}, the file has {}", first,
                bytes_.size());
    }
    header_.first_evlr = static_cast<std::int64_t>(header_.evlrs > 0 ? first : 0);
  }

  // A writer that was stopped, or could not go back, leaves a count of 0.
  void count_points() {
    RecordLayout& layout = header_.layout;
    const std::int64_t end = header_.first_evlr > layout.begin ? header_.first_evlr : bytes_.size();
    const std::int64_t there = end - layout.begin;
    if (there == 0) return;
    if (there % layout.stride != 0) {
      fail_byte(file_, 107,
                "the header promises no points, but {} bytes follow, not whole records of {}",
                there, layout.stride);
    }
    layout.count = there / layout.stride;
    if (note_)
      note_(fmt::format("the header promises no points, but there are {}: read", layout.count));
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
  const OnNote& note_;
  std::string file_;
  std::vector<std::byte> raw_;
  Header header_;
};

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

constexpr std::int64_t kMostKept = std::int64_t{1} << 26;  // bytes of records

// Takes the descriptions of extra bytes out of the records between the header and the points, and keeps the
// others.
std::vector<Extra> read_vlrs(const Bytes& bytes, const Header& header, LasRecords& kept) {
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
    if (!describes && cursor.offset() <= kMostKept) {
      kept.vlrs.emplace_back(static_cast<std::size_t>(kLasVlrHeader + length));
      bytes->read(cursor.offset() - kLasVlrHeader, kept.vlrs.back());
    }
    while (describes && cursor.offset() + kLasExtraRecord <= end) {
      const std::int64_t at = cursor.offset();
      extras.push_back(parse_extra(cursor.take(kLasExtraRecord), bytes->name(), at));
    }
    cursor.skip(end - cursor.offset());
  }
  return extras;
}

// The records behind the points, but for waves, whose places in the file would change.
void read_evlrs(const Bytes& bytes, const Header& header, LasRecords& kept, const OnNote& note) {
  constexpr std::uint16_t kWaves = 65535;
  std::int64_t left = kMostKept, at = header.first_evlr;
  for (std::int64_t i = 0; i < header.evlrs; ++i) {
    std::vector<std::byte> record(kLasEvlrHeader);
    bytes->read(at, record);
    const auto length = load<std::uint64_t>(record, 20);
    if (length > static_cast<std::uint64_t>(bytes->size() - at - kLasEvlrHeader)) {
      fail_byte(bytes->name(), at, "EVLR {} of {} reaches behind the end of the file", i,
                header.evlrs);
    }
    const std::int64_t size = kLasEvlrHeader + static_cast<std::int64_t>(length);
    if (load<std::uint16_t>(record, 18) == kWaves || size > left) {
      if (note) note(fmt::format("EVLR {} of {} bytes is not kept", i, length));
    } else {
      record.resize(static_cast<std::size_t>(size));
      bytes->read(at, record);
      kept.evlrs.push_back(std::move(record));
      left -= size;
    }
    at += size;
  }
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
  LasSource(const Bytes& bytes, Header header, std::vector<Extra> extras, LasRecords kept)
      : PointSource({}, header.layout.count), format_(header.format), extras_(std::move(extras)) {
    quantization_ = header.quantization;
    las_ = std::move(kept);
    header.layout.fields = las_fields(format_);
    for (Extra& extra : extras_) rename_exact(extra.stored.name);
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
      for (const LasBits& part : bits) {
        if (!is_replaced(part.name)) columns.push_back(unpack(stored[i], part));
      }
      if (!bits.empty() || (i < first_extra_ && is_replaced(stored[i].name))) continue;
      const bool scaled = i >= first_extra_ && extras_[i - first_extra_].scaled;
      columns.push_back(scaled ? apply_scale(stored[i], extras_[i - first_extra_])
                               : std::move(stored[i]));
    }
    return columns;
  }

  void skip(std::int64_t count) override { records_->skip(count); }

  std::string where(std::int64_t point) const override { return records_->where(point); }

 private:
  std::span<const LasBits> bits_of(std::size_t field) const {
    constexpr std::size_t kReturns = 4, kFlags = 5;
    if (field == kReturns) return las_return_bits(format_);
    if (field == kFlags) return las_flag_bits(format_);
    return {};
  }

  void rename_exact(std::string& name) const {
    if (!name.starts_with(kLasExact)) return;
    const std::string field = name.substr(kLasExact.size());
    if (is_reserved_las_name(format_, field)) name = field;
  }

  // Extra bytes named like one of the format's own fields hold what that could not.
  bool is_replaced(std::string_view field) const {
    return field != "x" && field != "y" && field != "z" &&
           std::ranges::any_of(extras_,
                               [&](const Extra& extra) { return extra.stored.name == field; });
  }

  void list_fields() {
    for (std::size_t i = 0; i < records_->fields().size(); ++i) {
      const std::span<const LasBits> bits = bits_of(i);
      for (const LasBits& part : bits) {
        if (!is_replaced(part.name)) fields_.push_back({.name = part.name, .type = ColumnType::u8});
      }
      if (!bits.empty() || (i < first_extra_ && is_replaced(records_->fields()[i].name))) continue;
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

Points open_las(const Bytes& bytes, const ReadOptions& options) {
  const Header header = HeaderReader(bytes, options.on_note).read();
  LasRecords kept = header.kept;
  std::vector<Extra> extras = read_vlrs(bytes, header, kept);
  read_evlrs(bytes, header, kept, options.on_note);
  const std::int64_t room = header.layout.stride - las_record_size(header.format);
  return std::make_unique<LasSource>(bytes, header, fitting(std::move(extras), room),
                                     std::move(kept));
}

}  // namespace voxloom::io
