#include "io/ply_header.h"

#include <algorithm>
#include <array>

#include "io/column_type.h"
#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

struct TypeName {
  std::string_view name;
  ColumnType type;
};

// The first name of a type is the one that is written: Open3D's tensor reader drops "ushort", and meshio
// refuses "char" and "float64".
constexpr std::array<TypeName, 18> kTypes = {{{"int8", ColumnType::i8},
                                              {"char", ColumnType::i8},
                                              {"uchar", ColumnType::u8},
                                              {"uint8", ColumnType::u8},
                                              {"int16", ColumnType::i16},
                                              {"short", ColumnType::i16},
                                              {"uint16", ColumnType::u16},
                                              {"ushort", ColumnType::u16},
                                              {"int", ColumnType::i32},
                                              {"int32", ColumnType::i32},
                                              {"uint", ColumnType::u32},
                                              {"uint32", ColumnType::u32},
                                              {"float", ColumnType::f32},
                                              {"float32", ColumnType::f32},
                                              {"double", ColumnType::f64},
                                              {"float64", ColumnType::f64},
                                              // Not of the format, but meshio writes them.
                                              {"int64", ColumnType::i64},
                                              {"uint64", ColumnType::u64}}};

// Far beyond any real header; keeps the work for a hostile one small.
constexpr std::size_t kMaxProperties = 4096;
constexpr std::int64_t kMaxPlyLines = 65536;

class PlyHeaderParser {
 public:
  explicit PlyHeaderParser(const Bytes& bytes) : file_(bytes->name()), lines_(bytes) {}

  PlyHeader parse() {
    std::string_view line;
    if (!lines_.next(line) || trimmed(line) != "ply") {
      fail_byte(file_, 0, "does not start with 'ply'");
    }
    while (lines_.next(line)) {
      if (lines_.number() > kMaxPlyLines) fail("the header is longer than {} lines", kMaxPlyLines);
      const std::vector<std::string_view> words = split(line);
      if (words.empty() || words[0] == "obj_info") continue;
      if (words[0] == "comment") {
        keep_comment(trimmed(line));
        continue;
      }
      if (words[0] == "end_header") return finish();
      parse_words(words);
    }
    fail("the header has no 'end_header'");
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    fail_line(file_, lines_.number(), text, std::forward<Args>(args)...);
  }

  void keep_comment(std::string_view line) {
    constexpr std::string_view kWord = "comment";
    constexpr std::size_t kMostComments = 4096, kLongest = 256;
    const std::string_view text = trimmed(line.substr(kWord.size()));
    if (text.empty()) return;
    if (header_.comments.size() >= kMostComments || text.size() > kLongest) {
      ++header_.comments_left_out;
      return;
    }
    header_.comments.emplace_back(text);
  }

  void parse_words(const std::vector<std::string_view>& words) {
    if (words[0] == "format") {
      parse_format(words);
    } else if (words[0] == "element") {
      parse_element(words);
    } else if (words[0] == "property") {
      parse_property(words);
    } else {
      fail("{} is no word of a PLY header", excerpt(words[0]));
    }
  }

  void parse_format(const std::vector<std::string_view>& words) {
    if (words.size() != 3 || words[2] != "1.0") fail("expected 'format <encoding> 1.0'");
    if (words[1] == "ascii") {
      header_.encoding = Encoding::ascii;
    } else if (words[1] == "binary_little_endian") {
      header_.encoding = Encoding::binary;
    } else if (words[1] == "binary_big_endian") {
      header_.encoding = Encoding::big_endian;
    } else {
      fail("unknown encoding {}", excerpt(words[1]));
    }
    has_format_ = true;
  }

  void parse_element(const std::vector<std::string_view>& words) {
    if (words.size() != 3) fail("expected 'element <name> <count>'");
    const std::optional<std::int64_t> count = parse_count(words[2]);
    if (!count) fail("{} is not a count", excerpt(words[2]));
    header_.elements.push_back({.name = std::string(words[1]), .count = *count});
  }

  ColumnType parse_type(std::string_view name) const {
    for (const TypeName& type : kTypes) {
      if (name == type.name) return type.type;
    }
    fail("unknown type {}", excerpt(name));
  }

  void parse_property(const std::vector<std::string_view>& words) {
    if (header_.elements.empty()) fail("a property stands before the first element");
    if (++properties_ > kMaxProperties) fail("there are more than {} properties", kMaxProperties);
    PlyProperty property;
    if (words.size() == 5 && words[1] == "list") {
      property = {.name = std::string(words[4]),
                  .type = parse_type(words[3]),
                  .is_list = true,
                  .count_type = parse_type(words[2])};
      if (is_float(property.count_type)) fail("a list's length cannot be {}", excerpt(words[2]));
    } else if (words.size() == 3) {
      property = {.name = std::string(words[2]), .type = parse_type(words[1])};
    } else {
      fail("expected 'property <type> <name>' or 'property list <type> <type> <name>'");
    }
    header_.elements.back().properties.push_back(std::move(property));
  }

  PlyHeader finish() {
    if (!has_format_) fail("the header has no 'format'");
    header_.size = lines_.offset();
    header_.lines = lines_.number();
    return std::move(header_);
  }

  std::string file_;
  LineReader lines_;
  PlyHeader header_;
  bool has_format_ = false;
  std::size_t properties_ = 0;
};

}  // namespace

bool PlyElement::has_lists() const {
  return std::ranges::any_of(properties, &PlyProperty::is_list);
}

std::int64_t PlyElement::row_size() const {
  std::int64_t size = 0;
  for (const PlyProperty& p : properties) size += byte_size(p.is_list ? p.count_type : p.type);
  return size;
}

PlyHeader read_ply_header(const Bytes& bytes) { return PlyHeaderParser(bytes).parse(); }

std::string_view ply_name_of(ColumnType type) {
  if (type == ColumnType::i64 || type == ColumnType::u64) return {};
  return std::ranges::find(kTypes, type, &TypeName::type)->name;
}

}  // namespace voxloom::io
