// NPY: see npy_header.h for the format. A scan without attributes, or with a float32 intensity beside
// float32 positions, is a plain (N,3) or (N,4) array; every other one is an array of records.
// NPZ: the array "points" and one array per attribute, stored; see zip.h.
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "io/column_type.h"
#include "io/formats.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

std::string descr_of(ColumnType type) {
  const bool is_signed = type == ColumnType::i8 || type == ColumnType::i16 ||
                         type == ColumnType::i32 || type == ColumnType::i64;
  return fmt::format("{}{}{}", byte_size(type) == 1 ? '|' : '<',
                     is_float(type) ? 'f'
                     : is_signed    ? 'i'
                                    : 'u',
                     byte_size(type));
}

// Magic, length and the text, padded so that the elements begin at a multiple of 64.
std::string header_of(const std::string& descr, const std::string& shape) {
  std::string text =
      fmt::format("{{'descr': {}, 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  const bool is_long = text.size() > 60000;
  const std::size_t start = is_long ? 12 : 10;
  text.append(63 - (start + text.size()) % 64, ' ');
  text += '\n';
  std::string header =
      is_long ? std::string("\x93NUMPY\x02\x00", 8) : std::string("\x93NUMPY\x01\x00", 8);
  for (std::size_t i = 0; i < start - 8; ++i) {
    header += static_cast<char>(static_cast<unsigned char>(text.size() >> (8 * i)));
  }
  return header + text;
}

std::vector<OutField> npy_fields(const Scan& scan) {
  std::vector<OutField> fields;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    fields.push_back(position_field(scan, axis, position_type_of(scan)));
  }
  for (const Column& column : scan.attributes) fields.push_back(column_field(column));
  make_words(fields);
  return fields;
}

bool is_plain(const Scan& scan) {
  if (scan.attributes.empty()) return true;
  const Column& first = scan.attributes[0];
  return scan.attributes.size() == 1 && first.name == "intensity" && first.components == 1 &&
         first.type() == ColumnType::f32 && position_type_of(scan) == ColumnType::f32;
}

std::string structured_descr(const std::vector<OutField>& fields) {
  std::string descr = "[";
  for (const OutField& field : fields) {
    descr += fmt::format("('{}', '{}'", field.name, descr_of(field.type));
    if (field.components > 1) descr += fmt::format(", ({},)", field.components);
    descr += "), ";
  }
  descr.resize(descr.size() - 2);
  return descr + "]";
}

struct Member {
  std::string name, header;
  std::size_t begin = 0, end = 0;  // of the fields
  std::uint32_t crc = 0;
  std::int64_t size = 0, offset = 0;
};

Member plain_member(const std::string& name, std::int64_t points,
                    const std::vector<OutField>& fields, std::size_t begin, std::size_t end) {
  std::int64_t width = 0;
  for (std::size_t i = begin; i < end; ++i) width += fields[i].components;
  Member member{.name = name + ".npy",
                .header = header_of(
                    fmt::format("'{}'", descr_of(fields[begin].type)),
                    width == 1 ? fmt::format("{},", points) : fmt::format("{}, {}", points, width)),
                .begin = begin,
                .end = end};
  std::ranges::replace(member.name, '/', '_');
  return member;
}

using UseBytes = std::function<void(std::span<const std::byte>)>;

void for_each_part(const Member& member, const Scan& piece, const UseBytes& use) {
  const std::vector<OutField> fields = npy_fields(piece);
  for_each_block(piece, std::span(fields).subspan(member.begin, member.end - member.begin),
                 [&](std::span<const std::byte> records, std::int64_t) { use(records); });
}

// The checksum stands before the data: everything is made twice, nothing is kept.
void survey(std::vector<Member>& members, const ScanPieces& scan) {
  const auto add = [](Member& member, std::span<const std::byte> bytes) {
    member.crc = static_cast<std::uint32_t>(crc32(
        member.crc, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
    member.size += static_cast<std::int64_t>(bytes.size());
  };
  for (Member& member : members) {
    member.crc = static_cast<std::uint32_t>(crc32(0, nullptr, 0));
    add(member, std::as_bytes(std::span(member.header)));
  }
  scan.each([&](const Scan& piece, std::int64_t) {
    for (Member& member : members) {
      for_each_part(member, piece, [&](auto bytes) { add(member, bytes); });
    }
  });
}

class ZipText {
 public:
  template <typename T>
  ZipText& put(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    text.append(bytes, sizeof(T));
    return *this;
  }
  // Version, flags, method, time, date; checksum, both sizes; the name's length.
  ZipText& put_member(const Member& member) {
    constexpr std::uint16_t kVersion = 20, kFirstDay = 33;  // 1 January 1980
    put(kVersion).put<std::uint16_t>(0).put<std::uint16_t>(0).put<std::uint16_t>(0).put(kFirstDay);
    put(member.crc).put(static_cast<std::uint32_t>(member.size));
    put(static_cast<std::uint32_t>(member.size));
    return put(static_cast<std::uint16_t>(member.name.size()));
  }

  std::string text;
};

std::string directory_of(const std::vector<Member>& members, std::int64_t offset) {
  ZipText zip;
  for (const Member& member : members) {
    zip.put<std::uint32_t>(0x02014b50).put<std::uint16_t>(20).put_member(member);
    zip.put<std::uint32_t>(0).put<std::uint32_t>(0).put<std::uint32_t>(0);  // no extra, no comment
    zip.put(static_cast<std::uint32_t>(member.offset)).text += member.name;
  }
  const auto size = static_cast<std::uint32_t>(zip.text.size());
  const auto count = static_cast<std::uint16_t>(members.size());
  zip.put<std::uint32_t>(0x06054b50).put<std::uint32_t>(0).put(count).put(count);
  zip.put(size).put(static_cast<std::uint32_t>(offset)).put<std::uint16_t>(0);
  return zip.text;
}

}  // namespace

void write_npy(ByteSink& sink, const ScanPieces& pieces, const WriteOptions&) {
  const Scan& scan = in_one_piece(pieces, "NPY");
  const std::vector<OutField> fields = npy_fields(scan);
  const std::string descr = is_plain(scan) ? fmt::format("'{}'", descr_of(position_type_of(scan)))
                                           : structured_descr(fields);
  const std::string shape = is_plain(scan) ? fmt::format("{}, {}", scan.size(), fields.size())
                                           : fmt::format("{},", scan.size());
  sink.write(header_of(descr, shape));
  write_block(sink, scan, fields);
}

void write_npz(ByteSink& sink, const ScanPieces& scan, const WriteOptions&) {
  const std::vector<OutField> fields = npy_fields(scan.head());
  std::vector<Member> members;
  members.push_back(plain_member("points", scan.size(), fields, 0, 3));
  for (std::size_t i = 3; i < fields.size(); ++i) {
    members.push_back(plain_member(fields[i].name, scan.size(), fields, i, i + 1));
  }
  survey(members, scan);
  std::int64_t offset = 0;
  for (Member& member : members) {
    member.offset = offset;
    ZipText start;
    start.put<std::uint32_t>(0x04034b50).put_member(member).put<std::uint16_t>(0);
    start.text += member.name;
    offset += static_cast<std::int64_t>(start.text.size()) + member.size;
    require(offset < 0xffffffffLL && members.size() < 0xffff, "write_scan",
            "NPZ: more than 4 GiB; write .npy instead");
    sink.write(start.text);
    sink.write(member.header);
    scan.each([&](const Scan& piece, std::int64_t) {
      for_each_part(member, piece, [&](std::span<const std::byte> bytes) { sink.write(bytes); });
    });
  }
  sink.write(directory_of(members, offset));
}

}  // namespace voxloom::io
