#include "io/zip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "io/failure.h"

namespace voxloom::io {
namespace {

constexpr std::uint32_t kMemberMark = 0x04034b50, kEntryMark = 0x02014b50, kEndMark = 0x06054b50,
                        kEnd64Mark = 0x06064b50, kLocatorMark = 0x07064b50;
constexpr std::int64_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20, kEntrySize = 46,
                       kMemberSize = 30;

std::vector<std::byte> read_range(const Bytes& bytes, std::int64_t offset, std::int64_t size) {
  std::vector<std::byte> out(static_cast<std::size_t>(size));
  bytes->read(offset, out);
  return out;
}

// A 64-bit value that must be a place in the file.
std::int64_t load_place(std::span<const std::byte> from, std::int64_t at, const Bytes& bytes) {
  const auto value = load<std::uint64_t>(from, at);
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail_file(bytes->file(), "the zip directory holds the impossible size {}", value);
  }
  return static_cast<std::int64_t>(value);
}

struct Directory {
  std::int64_t entries = 0, size = 0, offset = 0;
};

// A comment of up to 64 KiB may follow the end record.
std::int64_t find_end(const Bytes& bytes) {
  const std::int64_t size = std::min<std::int64_t>(bytes->size(), kEndSize + 65535);
  const std::int64_t begin = bytes->size() - size;
  const std::vector<std::byte> tail = read_range(bytes, begin, size);
  for (std::int64_t at = size - kEndSize; at >= 0; --at) {
    if (load<std::uint32_t>(tail, at) == kEndMark) return begin + at;
  }
  fail_byte(bytes->file(), bytes->size(), "the zip archive has no end record: truncated?");
}

Directory read_end(const Bytes& bytes) {
  const std::int64_t at = find_end(bytes);
  const std::vector<std::byte> end = read_range(bytes, at, kEndSize);
  Directory directory{.entries = load<std::uint16_t>(end, 10),
                      .size = load<std::uint32_t>(end, 12),
                      .offset = load<std::uint32_t>(end, 16)};
  if (at >= kLocatorSize) {
    const std::vector<std::byte> locator = read_range(bytes, at - kLocatorSize, kLocatorSize);
    if (load<std::uint32_t>(locator, 0) == kLocatorMark) {
      const std::int64_t place = load_place(locator, 8, bytes);
      const std::vector<std::byte> end64 = read_range(bytes, place, kEnd64Size);
      if (load<std::uint32_t>(end64, 0) != kEnd64Mark) {
        fail_byte(bytes->file(), place, "the zip archive's 64-bit end record is not there");
      }
      directory = {.entries = load_place(end64, 32, bytes),
                   .size = load_place(end64, 40, bytes),
                   .offset = load_place(end64, 48, bytes)};
    }
  }
  if (directory.offset > at || directory.size > at - directory.offset ||
      directory.entries > directory.size / kEntrySize) {
    fail_byte(bytes->file(), at,
              "the zip directory ({} members in {} bytes at byte {}) does not lie in the file",
              directory.entries, directory.size, directory.offset);
  }
  return directory;
}

// Replaces the values that are all ones by those of extra field 1.
void apply_extra(ZipMember& member, std::span<const std::byte> extra, const Bytes& bytes) {
  constexpr std::int64_t kAllOnes = 0xffffffff;
  const auto size = static_cast<std::int64_t>(extra.size());
  for (std::int64_t at = 0; at + 4 <= size;) {
    const int id = load<std::uint16_t>(extra, at);
    const std::int64_t end = at + 4 + load<std::uint16_t>(extra, at + 2);
    std::int64_t value = at + 4;
    for (std::int64_t* field : {&member.size, &member.packed, &member.offset}) {
      if (id != 1 || *field != kAllOnes || value + 8 > std::min(end, size)) continue;
      *field = load_place(extra, value, bytes);
      value += 8;
    }
    at = end;
  }
}

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
constexpr bool kCheckSums = false;
#else
constexpr bool kCheckSums = true;
#endif

void check_crc(std::uint32_t crc, const ZipMember& member, const Bytes& bytes) {
  if (kCheckSums && crc != member.crc) {
    fail_byte(bytes->file(), member.offset, "the checksum of {} is wrong: damaged data",
              excerpt(member.name));
  }
}

std::uint32_t crc_of(ByteSource& data) {
  std::vector<std::byte> block(
      static_cast<std::size_t>(std::min<std::int64_t>(data.size(), 1 << 18)));
  uLong crc = crc32(0, nullptr, 0);
  for (std::int64_t at = 0; at < data.size();) {
    const std::int64_t count = std::min(data.size() - at, static_cast<std::int64_t>(block.size()));
    data.read(at, std::span(block).first(static_cast<std::size_t>(count)));
    crc = crc32(crc, reinterpret_cast<const Bytef*>(block.data()), static_cast<uInt>(count));
    at += count;
  }
  return static_cast<std::uint32_t>(crc);
}

// Unpacks a deflate stream. The output grows with what really comes out: a promise costs nothing.
class Inflater {
 public:
  Inflater(const Bytes& packed, const ZipMember& member) : packed_(packed), member_(member) {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) fail("zlib has no memory");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::vector<std::byte> run() {
    int status = Z_OK;
    while (status != Z_STREAM_END) {
      if (stream_.avail_in == 0) feed();
      const std::size_t room = make_room();
      const auto before = stream_.avail_in;
      status = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t made = room - stream_.avail_out;
      done_ += made;
      if (status != Z_OK && status != Z_STREAM_END) fail("the deflated data are damaged");
      if (made == 0 && before == stream_.avail_in && status != Z_STREAM_END) {
        fail("the deflated data end early");
      }
    }
    if (done_ != static_cast<std::size_t>(member_.size)) {
      fail("it does not unpack to the promised size");
    }
    out_.resize(done_);
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    fail_byte(packed_->file(), member_.offset, "member {}: {}", excerpt(member_.name), reason);
  }

  void feed() {
    const std::int64_t count =
        std::min<std::int64_t>(packed_->size() - fed_, static_cast<std::int64_t>(in_.size()));
    if (count == 0) fail("the deflated data end early");
    packed_->read(fed_, std::span(in_).first(static_cast<std::size_t>(count)));
    fed_ += count;
    stream_.next_in = reinterpret_cast<Bytef*>(in_.data());
    stream_.avail_in = static_cast<uInt>(count);
  }

  std::size_t make_room() {
    constexpr std::size_t kFirst = 1 << 18, kMost = 1 << 28;
    const auto size = static_cast<std::size_t>(member_.size);
    // One byte more than promised: a stream that fills it is too long.
    if (done_ > size) fail("it does not unpack to the promised size");
    if (done_ == out_.size()) out_.resize(std::min(size + 1, std::max(kFirst, 2 * out_.size())));
    const std::size_t room = std::min(out_.size() - done_, kMost);
    stream_.next_out = reinterpret_cast<Bytef*>(out_.data() + done_);
    stream_.avail_out = static_cast<uInt>(room);
    return room;
  }

  Bytes packed_;
  const ZipMember& member_;
  z_stream stream_{};
  std::array<std::byte, 1 << 16> in_;
  std::int64_t fed_ = 0;
  std::vector<std::byte> out_;
  std::size_t done_ = 0;
};

}  // namespace

std::vector<ZipMember> read_zip_directory(const Bytes& bytes) {
  const Directory directory = read_end(bytes);
  Cursor cursor(part_of(bytes, 0, directory.offset + directory.size, bytes->name()),
                directory.offset);
  std::vector<ZipMember> members;
  std::int64_t unread = bytes->size();
  for (std::int64_t i = 0; i < directory.entries; ++i) {
    const std::int64_t at = cursor.offset();
    const std::span<const std::byte> entry = cursor.take(kEntrySize);
    if (load<std::uint32_t>(entry, 0) != kEntryMark) {
      fail_byte(bytes->file(), at, "no zip directory entry stands here");
    }
    ZipMember member{.name = {},
                     .flags = load<std::uint16_t>(entry, 8),
                     .method = load<std::uint16_t>(entry, 10),
                     .crc = load<std::uint32_t>(entry, 16),
                     .packed = load<std::uint32_t>(entry, 20),
                     .size = load<std::uint32_t>(entry, 24),
                     .offset = load<std::uint32_t>(entry, 42)};
    const std::int64_t name = load<std::uint16_t>(entry, 28);
    const std::int64_t extra = load<std::uint16_t>(entry, 30);
    const std::int64_t comment = load<std::uint16_t>(entry, 32);
    const std::span<const std::byte> text = cursor.take(name);
    member.name.assign(reinterpret_cast<const char*>(text.data()), text.size());
    apply_extra(member, cursor.take(extra), bytes);
    cursor.skip(comment);
    // Members do not overlap in an honest archive; a hostile one could make us read it many times.
    if (member.packed > unread) {
      fail_byte(bytes->file(), at, "the zip members have more bytes than the file");
    }
    unread -= member.packed;
    members.push_back(std::move(member));
  }
  return members;
}

Bytes open_zip_member(const Bytes& bytes, const ZipMember& member, std::int64_t& budget) {
  const std::string name = bytes->name() + ":" + member.name;
  std::array<std::byte, kMemberSize> start;
  bytes->read(member.offset, start);
  if (load<std::uint32_t>(start, 0) != kMemberMark) {
    fail_byte(bytes->file(), member.offset, "no zip member stands here");
  }
  if ((member.flags & 1U) != 0) {
    fail_byte(bytes->file(), member.offset, "member {} is encrypted", excerpt(member.name));
  }
  const std::int64_t begin =
      member.offset + kMemberSize + load<std::uint16_t>(start, 26) + load<std::uint16_t>(start, 28);
  Bytes packed = part_of(bytes, begin, member.packed, name);
  if (member.method == 0) {
    if (member.packed != member.size) {
      fail_byte(bytes->file(), member.offset, "member {} is stored as {} bytes but has {}",
                excerpt(member.name), member.packed, member.size);
    }
    check_crc(crc_of(*packed), member, bytes);
    return packed;
  }
  if (member.method != Z_DEFLATED) {
    fail_byte(bytes->file(), member.offset, "member {} is packed with the unknown method {}",
              excerpt(member.name), member.method);
  }
  constexpr std::int64_t kMaxRatio = 1032;  // of deflate
  if (member.size > budget || member.size / kMaxRatio > member.packed) {
    fail_byte(bytes->file(), member.offset, "member {} would unpack from {} to {} bytes (limit {})",
              excerpt(member.name), member.packed, member.size, budget);
  }
  budget -= member.size;
  Bytes data = own_memory(Inflater(packed, member).run(), {bytes->file().op, name});
  check_crc(crc_of(*data), member, bytes);
  return data;
}

}  // namespace voxloom::io
