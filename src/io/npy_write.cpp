// NPY: see npy_header.h for the format. A scan without attributes, or with a float32 intensity beside
// float32 positions, is a plain (N,3) or (N,4) array; every other one is an array of records.
// NPZ: the array "points" and one array per attribute, stored; text as U, as wide as its longest word; see zip.h.
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "core/checked.h"
#include "core/error.h"
#include "io/column_type.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/lines.h"
#include "io/npy_header.h"
#include "io/words.h"

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

// What is known of all pieces before the first is written: of each attribute, the characters of its longest word.
struct NpzFacts {
  static constexpr std::int64_t kLeftOut = -1;
  std::vector<std::int64_t> widths = {};  // 0: numbers
};

std::int64_t widest_word(const Column& column) {
  std::int64_t width = 1;  // numpy has no narrower one
  for (const std::string_view word : used_words(column)) {
    const std::optional<std::int64_t> count = character_count(word);
    require(count.has_value(), "write_scan", "attribute {}: {} is not UTF-8", excerpt(column.name),
            excerpt(word));
    width = std::max(width, *count);
  }
  return width;
}

NpzFacts survey_for_npz(const ScanPieces& scan, const OnNote& note) {
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 31;
  const std::vector<Column>& attributes = scan.head().attributes;
  NpzFacts facts{.widths = std::vector<std::int64_t>(attributes.size())};
  if (std::ranges::none_of(attributes, &Column::is_text)) return facts;
  scan.each([&](const Scan& piece, std::int64_t) {
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (!attributes[i].is_text()) continue;
      facts.widths[i] = std::max(facts.widths[i], widest_word(piece.attributes[i]));
    }
  });
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    std::int64_t& width = facts.widths[i];
    if (attributes[i].is_text()) width = std::max<std::int64_t>(width, 1);
    const std::int64_t bytes = checked_product(
        "write_scan", {scan.size(), attributes[i].components, width, kCharacterBytes});
    if (width <= kLongestWord && bytes <= kMostBytes) continue;
    width = NpzFacts::kLeftOut;
    if (!note) continue;
    note(fmt::format("NPZ: {} would take {} bytes, every word as wide as the longest: left out",
                     excerpt(attributes[i].name), bytes));
  }
  return facts;
}

void put_characters(const Column& column, std::int64_t width, std::int64_t index, std::byte* to) {
  const auto characters = characters_of(column.word(index));
  require(characters && std::ssize(*characters) <= width, "write_scan",
          "the words of {} changed while they were written", excerpt(column.name));
  std::memset(to, 0, static_cast<std::size_t>(width * kCharacterBytes));
  if (characters->empty()) return;
  std::memcpy(to, characters->data(), characters->size() * sizeof(char32_t));
}

OutField characters_field(const Column& column, std::int64_t width) {
  static_assert(sizeof(char32_t) == kCharacterBytes);
  return {
      column.name, ColumnType::u32, column.components * width,
      [&column, width](std::int64_t first, std::int64_t count, std::byte* to, std::int64_t stride) {
        for (std::int64_t i = first; i < first + count; ++i, to += stride) {
          for (std::int64_t c = 0; c < column.components; ++c) {
            put_characters(column, width, i * column.components + c,
                           to + c * width * kCharacterBytes);
          }
        }
      }};
}

std::vector<OutField> npz_fields(const Scan& scan, const NpzFacts& facts) {
  std::vector<OutField> fields;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    fields.push_back(position_field(scan, axis, position_type_of(scan)));
  }
  for (std::size_t i = 0; i < scan.attributes.size(); ++i) {
    const std::int64_t width = facts.widths[i];
    if (width == NpzFacts::kLeftOut) continue;
    fields.push_back(width == 0 ? column_field(scan.attributes[i])
                                : characters_field(scan.attributes[i], width));
  }
  make_words(fields);
  return fields;
}

struct Member {
  std::string name, header;
  std::size_t begin = 0, end = 0;  // of the fields
  std::uint32_t crc = 0;
  std::int64_t size = 0, offset = 0;
};

Member member_of(const std::string& name, const std::string& descr, std::int64_t points,
                 std::int64_t width, std::size_t begin, std::size_t end) {
  Member member{.name = name + ".npy",
                .header = header_of(
                    fmt::format("'{}'", descr),
                    width == 1 ? fmt::format("{},", points) : fmt::format("{}, {}", points, width)),
                .begin = begin,
                .end = end};
  std::ranges::replace(member.name, '/', '_');
  return member;
}

std::vector<Member> list_members(const ScanPieces& scan, const NpzFacts& facts) {
  const std::vector<OutField> fields = npz_fields(scan.head(), facts);
  std::vector<Member> members = {
      member_of("points", descr_of(fields[0].type), scan.size(), 3, 0, 3)};
  const std::vector<Column>& attributes = scan.head().attributes;
  for (std::size_t i = 0, at = 3; i < attributes.size(); ++i) {
    const std::int64_t width = facts.widths[i];
    if (width == NpzFacts::kLeftOut) continue;
    const std::string descr =
        width == 0 ? descr_of(attributes[i].type()) : fmt::format("<U{}", width);
    members.push_back(
        member_of(fields[at].name, descr, scan.size(), attributes[i].components, at, at + 1));
    ++at;
  }
  return members;
}

using UseBytes = std::function<void(std::span<const std::byte>)>;

void for_each_part(const Member& member, const Scan& piece, const NpzFacts& facts,
                   const UseBytes& use) {
  const std::vector<OutField> fields = npz_fields(piece, facts);
  for_each_block(piece, std::span(fields).subspan(member.begin, member.end - member.begin),
                 [&](std::span<const std::byte> records, std::int64_t) { use(records); });
}

// The checksum stands before the data: everything is made twice, nothing is kept.
void survey(std::vector<Member>& members, const ScanPieces& scan, const NpzFacts& facts) {
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
      for_each_part(member, piece, facts, [&](auto bytes) { add(member, bytes); });
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

void write_npz(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options) {
  const NpzFacts facts = survey_for_npz(scan, options.on_note);
  std::vector<Member> members = list_members(scan, facts);
  survey(members, scan, facts);
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
      for_each_part(member, piece, facts,
                    [&](std::span<const std::byte> bytes) { sink.write(bytes); });
    });
  }
  sink.write(directory_of(members, offset));
}

}  // namespace voxloom::io
