// LAS: see las_format.h. The oldest version that holds the scan is written: 1.2 with point formats
// 0 to 3 where they do, else 1.4 with formats 6 to 8. Attributes that LAS has no place for become
// extra bytes (and make it 1.4).
#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "core/error.h"
#include "io/formats.h"
#include "io/las_format.h"
#include "io/las_layout.h"
#include "io/las_records.h"

namespace voxloom::io {
namespace {

constexpr std::string_view kLasWriteOp = "write_scan";
constexpr std::int64_t kMost16 = 65535;

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

// A description holds up to three values: wider attributes get several.
struct Part {
  std::string name;
  std::int64_t type, components;
};

std::vector<Part> extra_parts(const LasLayout& layout) {
  std::vector<Part> parts;
  std::set<std::string> taken, used;
  for (const Column* column : layout.extras) taken.insert(column->name);
  for (const Column* column : layout.extras) {
    for (std::int64_t first = 0; first < column->components; first += 3) {
      const std::int64_t components = std::min<std::int64_t>(3, column->components - first);
      std::string name = components == column->components
                             ? column->name
                             : fmt::format("{}_{}", column->name, first);
      // The format's own field of this name is taken by another attribute.
      const Column* own = layout.source_of(column->name);
      if (own != nullptr && own != column) {
        int number = 2;
        while (taken.contains(fmt::format("{}_{}", name, number))) ++number;
        name += fmt::format("_{}", number);
      } else if (is_reserved_las_name(layout.format, name)) {
        name.insert(0, kLasExact);
      }
      require(used.insert(name).second, kLasWriteOp,
              "LAS: two attributes would be called '{}': rename one", name);
      require(name.size() <= 32, kLasWriteOp,
              "LAS: the attribute name '{}' is longer than 32 bytes", name);
      parts.push_back({std::move(name), static_cast<std::int64_t>(column->type()), components});
    }
  }
  return parts;
}

// The record that describes the extra bytes; nothing when there are none.
Block describe(const std::vector<Part>& parts) {
  if (parts.empty()) return Block(0);
  const std::int64_t size = static_cast<std::int64_t>(parts.size()) * kLasExtraRecord;
  require(size <= kMost16, kLasWriteOp, "LAS: {} extra attributes are too many", parts.size());
  Block vlr(kLasVlrHeader + size);
  vlr.put_text(2, "LASF_Spec");
  vlr.put<std::uint16_t>(18, 4);
  vlr.put(20, static_cast<std::uint16_t>(size));
  vlr.put_text(22, "Extra bytes");
  std::int64_t at = kLasVlrHeader;
  for (const Part& part : parts) {
    vlr.put(at + 2, static_cast<std::uint8_t>(1 + part.type + 10 * (part.components - 1)));
    vlr.put_text(at + 4, part.name);
    at += kLasExtraRecord;
  }
  return vlr;
}

void put_counts(Block& header, const LasLayout& layout) {
  std::array<std::uint64_t, 15> by_return{};
  const Column* returns = layout.source_of("return_number");
  if (returns != nullptr) by_return = layout.facts.by_return;
  if (is_modern_las(layout.format)) {
    header.put(247, static_cast<std::uint64_t>(layout.points));
    header.put(255, by_return);
    return;
  }
  header.put(107, static_cast<std::uint32_t>(layout.points));
  for (std::int64_t i = 0; i < 5; ++i) {
    header.put(111 + 4 * i, static_cast<std::uint32_t>(by_return.at(static_cast<std::size_t>(i))));
  }
}

void put_geometry(Block& header, const LasLayout& layout) {
  const Box& box = layout.facts.box;
  header.put(131, layout.quantization.scale);
  header.put(155, layout.quantization.offset);
  for (std::int64_t i = 0; i < 3; ++i) {
    header.put(179 + 16 * i, box.high.at(static_cast<std::size_t>(i)));
    header.put(187 + 16 * i, box.low.at(static_cast<std::size_t>(i)));
  }
}

// Bits 0 and 3, what times and returns mean, are kept. Bit 4: the coordinate system is given as text; formats 6 and later demand
// it, so that it is only left out for files that have GeoTIFF keys and no text.
std::uint16_t encoding_of(const LasLayout& layout) {
  constexpr std::uint16_t kTimeBit = 1, kReturnsBit = 8, kTextBit = 16;
  const std::optional<LasRecords>& las = layout.head.las;
  const auto kept = static_cast<std::uint16_t>(las ? las->encoding & (kTimeBit | kReturnsBit) : 0);
  const bool keys = las && find_record(*las, kProjectionUser, kGeoKeys) &&
                    !find_record(*las, kProjectionUser, kTextSystem);
  return is_modern_las(layout.format) && !keys ? kept | kTextBit : kept;
}

void put_identity(Block& header, const LasRecords& kept) {
  require(kept.system.size() <= kLasSystemBytes, kLasWriteOp,
          "LAS: the system '{}' is longer than {} bytes", kept.system, kLasSystemBytes);
  header.put(4, kept.source_id);
  header.put(8, kept.project);
  header.put_text(26, kept.system);
  header.put_text(58, "voxloom");
  header.put(90, kept.created_day);
  header.put(92, kept.created_year);
}

std::int64_t bytes_in(const std::vector<std::vector<std::byte>>& records) {
  std::int64_t size = 0;
  for (const auto& record : records) size += static_cast<std::int64_t>(record.size());
  return size;
}

Block make_header(const LasLayout& layout, std::int64_t record, std::int64_t descriptions) {
  require(record <= kMost16, kLasWriteOp, "LAS: {} bytes per point are too many", record);
  const bool modern = is_modern_las(layout.format);
  const std::int64_t size = modern ? 375 : 227;
  Block header(size);
  header.put_text(0, "LASF");
  header.put<std::uint16_t>(6, encoding_of(layout));
  header.put<std::uint8_t>(24, 1);
  header.put<std::uint8_t>(25, modern ? 4 : 2);
  header.put(94, static_cast<std::uint16_t>(size));
  static const LasRecords kNone;
  const LasRecords& kept = layout.head.las ? *layout.head.las : kNone;
  put_identity(header, kept);
  const std::int64_t begin = size + bytes_in(kept.vlrs) + descriptions;
  require(begin <= 0xffffffffLL, kLasWriteOp, "LAS: the records before the points take {} bytes",
          begin);
  header.put(96, static_cast<std::uint32_t>(begin));
  header.put(100, static_cast<std::uint32_t>(kept.vlrs.size() + (descriptions > 0 ? 1 : 0)));
  if (!kept.evlrs.empty()) {
    header.put(235, static_cast<std::uint64_t>(begin + record * layout.points));
    header.put(243, static_cast<std::uint32_t>(kept.evlrs.size()));
  }
  header.put(104, static_cast<std::uint8_t>(layout.format));
  header.put(105, static_cast<std::uint16_t>(record));
  put_counts(header, layout);
  put_geometry(header, layout);
  return header;
}

}  // namespace

void write_las(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options) {
  const LasLayout layout = las_layout(scan, options);
  const Block descriptions = describe(extra_parts(layout));
  const auto described = static_cast<std::int64_t>(descriptions.bytes().size());
  const LasPiece head{.layout = layout, .scan = layout.head};
  sink.write(make_header(layout, record_size(las_out_fields(head)), described).bytes());
  const std::optional<LasRecords>& kept = layout.head.las;
  if (kept) {
    for (const auto& vlr : kept->vlrs) sink.write(std::span(vlr));
  }
  sink.write(descriptions.bytes());
  scan.each([&](const Scan& some, std::int64_t first) {
    const LasPiece piece{.layout = layout, .scan = some, .first = first};
    write_block(sink, some, las_out_fields(piece));
  });
  if (kept) {
    for (const auto& evlr : kept->evlrs) sink.write(std::span(evlr));
  }
}

}  // namespace voxloom::io
