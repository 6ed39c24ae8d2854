// Zip archives made by hand.
#pragma once

#include <zlib.h>

#include <string>
#include <vector>

#include "io/support.h"

namespace voxloom::test {

struct ZipEntry {
  std::string name, data;
  bool deflated = false;
};

inline std::string deflated(const std::string& data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct ZipOptions {
  std::int64_t size_lie = 0;  // added to every size in the directory
  bool with_64_bits = false;
};

inline FileBytes zip_file(const std::vector<ZipEntry>& entries, const ZipOptions& options = {}) {
  FileBytes file, directory;
  for (const ZipEntry& entry : entries) {
    const std::string packed = entry.deflated ? deflated(entry.data) : entry.data;
    const auto crc =
        static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(entry.data.data()),
                                         static_cast<uInt>(entry.data.size())));
    const auto method = static_cast<std::uint16_t>(entry.deflated ? 8 : 0);
    const auto offset = static_cast<std::uint32_t>(file.size());
    const auto size =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(entry.data.size()) + options.size_lie);
    FileBytes local;
    local.put<std::uint32_t>(0x04034b50).pad(26).put(static_cast<std::uint16_t>(entry.name.size()));
    local.put<std::uint16_t>(4).text(entry.name).text("\1\1\0\0").pad(30 + entry.name.size() + 4);
    file.text({reinterpret_cast<const char*>(local.bytes().data()), local.size()}).text(packed);
    FileBytes extra;
    if (options.with_64_bits) {
      extra.put<std::uint16_t>(1).put<std::uint16_t>(24).put(size);
      extra.put<std::uint64_t>(packed.size()).put<std::uint64_t>(offset);
    }
    FileBytes row;
    row.put<std::uint32_t>(0x02014b50).pad(10).put(method).pad(16).put(crc);
    const bool wide = options.with_64_bits;
    row.put(wide ? 0xffffffffU : static_cast<std::uint32_t>(packed.size()));
    row.put(wide ? 0xffffffffU : static_cast<std::uint32_t>(size));
    row.put(static_cast<std::uint16_t>(entry.name.size()));
    row.put(static_cast<std::uint16_t>(extra.size())).pad(42).put(wide ? 0xffffffffU : offset);
    row.text(entry.name).text({reinterpret_cast<const char*>(extra.bytes().data()), extra.size()});
    directory.text({reinterpret_cast<const char*>(row.bytes().data()), row.size()});
  }
  const auto begin = static_cast<std::uint32_t>(file.size());
  file.text({reinterpret_cast<const char*>(directory.bytes().data()), directory.size()});
  const auto count = static_cast<std::uint16_t>(entries.size());
  if (options.with_64_bits) {
    const std::size_t end = file.size();
    file.put<std::uint32_t>(0x06064b50).pad(end + 32).put<std::uint64_t>(count);
    file.put<std::uint64_t>(directory.size()).put<std::uint64_t>(begin);
    file.put<std::uint32_t>(0x07064b50).put(0U).put<std::uint64_t>(end).put(1U);
    return file.put<std::uint32_t>(0x06054b50)
        .put(0U)
        .put(~0U)
        .put(~0U)
        .put(~0U)
        .put<std::uint16_t>(0);
  }
  file.put<std::uint32_t>(0x06054b50).put(0U).put(count).put(count);
  file.put(static_cast<std::uint32_t>(directory.size())).put(begin);
  return file.put<std::uint16_t>(7).text("comment");
}

}  // namespace voxloom::test
