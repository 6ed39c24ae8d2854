// LAS: see las_format.h. The oldest version that holds the scan is written: 1.2 with point formats
// 0 to 3 where they do, else 1.4 with formats 6 to 8. Attributes that LAS has no place for become
// extra bytes (and make it 1.4).
#include <algorithm>
#include <array>
#include <cstring>

#include "core/error.h"
#include "io/formats.h"
#include "io/las_format.h"
#include "io/las_plan.h"

namespace voxloom::io {
namespace {

constexpr std::string_view kOp = "write_scan";
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

std::vector<Part> extra_parts(const LasPlan& plan) {
  std::vector<Part> parts;
  for (const Column* column : plan.extras) {
    for (std::int64_t first = 0; first < column->components; first += 3) {
      const std::int64_t components = std::min<std::int64_t>(3, column->components - first);
      std::string name = components == column->components
                             ? column->name
                             : fmt::format("{}_{}", column->name, first);
      require(name.size() <= 32, kOp, "LAS: the attribute name '{}' is longer than 32 bytes", name);
      parts.push_back({std::move(name), static_cast<std::int64_t>(column->type()), components});
    }
  }
  return parts;
}

// The record that describes the extra bytes; nothing when there are none.
Block describe(const std::vector<Part>& parts) {
  if (parts.empty()) return Block(0);
  const std::int64_t size = static_cast<std::int64_t>(parts.size()) * kLasExtraRecord;
  require(size <= kMost16, kOp, "LAS: {} extra attributes are too many", parts.size());
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

void put_counts(Block& header, const LasPlan& plan) {
  std::array<std::uint64_t, 15> by_return{};
  const Column* returns = plan.source_of("return_number");
  for (std::int64_t i = 0; returns != nullptr && i < plan.scan.size(); ++i) {
    const double number = returns->as_double(i);
    if (number >= 1 && number <= 15) ++by_return.at(static_cast<std::size_t>(number) - 1);
  }
  if (is_modern_las(plan.format)) {
    header.put(247, static_cast<std::uint64_t>(plan.scan.size()));
    header.put(255, by_return);
    return;
  }
  header.put(107, static_cast<std::uint32_t>(plan.scan.size()));
  for (std::int64_t i = 0; i < 5; ++i) {
    header.put(111 + 4 * i, static_cast<std::uint32_t>(by_return.at(static_cast<std::size_t>(i))));
  }
}

void put_geometry(Block& header, const LasPlan& plan) {
  const Box box = bounds(plan.scan);
  header.put(131, plan.quantization.scale);
  header.put(155, plan.quantization.offset);
  for (std::int64_t i = 0; i < 3; ++i) {
    header.put(179 + 16 * i, box.high.at(static_cast<std::size_t>(i)));
    header.put(187 + 16 * i, box.low.at(static_cast<std::size_t>(i)));
  }
}

Block make_header(const LasPlan& plan, std::int64_t record, std::int64_t descriptions) {
  require(record <= kMost16, kOp, "LAS: {} bytes per point are too many", record);
  const bool modern = is_modern_las(plan.format);
  const std::int64_t size = modern ? 375 : 227;
  Block header(size);
  header.put_text(0, "LASF");
  // Bit 4: the coordinate system would be given as text; formats 6 and later demand it.
  header.put<std::uint16_t>(6, modern ? 16 : 0);
  header.put<std::uint8_t>(24, 1);
  header.put<std::uint8_t>(25, modern ? 4 : 2);
  header.put_text(58, "voxloom");
  header.put(94, static_cast<std::uint16_t>(size));
  header.put(96, static_cast<std::uint32_t>(size + descriptions));
  header.put<std::uint32_t>(100, descriptions > 0 ? 1 : 0);
  header.put(104, static_cast<std::uint8_t>(plan.format));
  header.put(105, static_cast<std::uint16_t>(record));
  put_counts(header, plan);
  put_geometry(header, plan);
  return header;
}

}  // namespace

void write_las(ByteSink& sink, const Scan& scan, const WriteOptions& options) {
  const LasPlan plan = plan_las(scan, options);
  const std::vector<OutField> fields = las_out_fields(plan);
  const Block descriptions = describe(extra_parts(plan));
  const auto described = static_cast<std::int64_t>(descriptions.bytes().size());
  sink.write(make_header(plan, record_size(fields), described).bytes());
  sink.write(descriptions.bytes());
  for_each_block(scan, fields,
                 [&](std::span<const std::byte> records, std::int64_t) { sink.write(records); });
}

}  // namespace voxloom::io
