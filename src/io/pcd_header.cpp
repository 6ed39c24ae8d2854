#include "io/pcd_header.h"

#include <cmath>
#include <map>

#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

constexpr std::int64_t kMaxPcdComponents = 65536;  // of one point; keeps a record's size in bounds
constexpr std::int64_t kMaxLines = 1024;

class PcdHeaderParser {
 public:
  explicit PcdHeaderParser(const Bytes& bytes) : file_(bytes->name()), lines_(bytes) {}

  PcdHeader parse() {
    std::string_view line;
    while (lines_.next(line)) {
      if (lines_.number() > kMaxLines) fail("the header is longer than {} lines", kMaxLines);
      const std::string_view text = trimmed(line);
      if (text.empty() || text.starts_with('#')) continue;
      const std::vector<std::string_view> words = split(text);
      std::vector<std::string> values(words.begin() + 1, words.end());
      const std::string key = words[0] == "COLUMNS" ? "FIELDS" : std::string(words[0]);
      if (!keys_.emplace(key, std::move(values)).second) fail("{} stands twice", excerpt(key));
      if (key == "DATA") return finish();
    }
    fail("the header has no 'DATA'");
  }

 private:
  using Values = std::vector<std::string>;

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    fail_line(file_, lines_.number(), text, std::forward<Args>(args)...);
  }

  const Values& at(const std::string& key) const {
    const auto found = keys_.find(key);
    if (found == keys_.end()) fail("the header has no '{}'", key);
    return found->second;
  }

  std::int64_t count_of(std::string_view key, const std::string& text) const {
    const std::optional<std::int64_t> count = parse_count(text);
    if (!count) fail("{} is not a count, in {}", excerpt(text), key);
    return *count;
  }

  std::int64_t count_at(const std::string& key) const {
    const Values& values = at(key);
    if (values.size() != 1) fail("'{}' has {} values, one is expected", key, values.size());
    return count_of(key, values[0]);
  }

  ColumnType parse_type(const std::string& type, const std::string& size) const {
    static const std::map<std::string, ColumnType> kTypes = {
        {"U1", ColumnType::u8},  {"I1", ColumnType::i8},  {"U2", ColumnType::u16},
        {"I2", ColumnType::i16}, {"U4", ColumnType::u32}, {"I4", ColumnType::i32},
        {"U8", ColumnType::u64}, {"I8", ColumnType::i64}, {"F4", ColumnType::f32},
        {"F8", ColumnType::f64}};
    const auto found = kTypes.find(type + size);
    if (found == kTypes.end())
      fail("no field has TYPE {} and SIZE {}", excerpt(type), excerpt(size));
    return found->second;
  }

  // What may be left out, as in version .5: then it is `usual` for every field.
  Values values_at(const std::string& key, const char* usual, std::size_t fields) const {
    return keys_.contains(key) ? at(key) : Values(fields, usual);
  }

  std::vector<Field> parse_fields() const {
    const Values& names = at("FIELDS");
    const Values sizes = values_at("SIZE", "4", names.size());
    const Values types = values_at("TYPE", "F", names.size());
    const Values counts = values_at("COUNT", "1", names.size());
    if (sizes.size() != names.size() || types.size() != names.size() ||
        counts.size() != names.size()) {
      fail("FIELDS, SIZE, TYPE and COUNT have {}, {}, {} and {} values", names.size(), sizes.size(),
           types.size(), counts.size());
    }
    std::vector<Field> fields;
    std::int64_t total = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::int64_t components = count_of("COUNT", counts[i]);
      if (components < 1 || components > kMaxPcdComponents ||
          (total += components) > kMaxPcdComponents) {
        fail("field {} has COUNT {}; a point may have 1 to {} values", excerpt(names[i]),
             components, kMaxPcdComponents);
      }
      fields.push_back({names[i], parse_type(types[i], sizes[i]), components});
    }
    if (fields.empty()) fail("there are no FIELDS");
    return fields;
  }

  std::int64_t parse_points() const {
    if (!keys_.contains("WIDTH") && keys_.contains("POINTS")) return count_at("POINTS");
    const std::int64_t width = count_at("WIDTH");
    const std::int64_t height = keys_.contains("HEIGHT") ? count_at("HEIGHT") : 1;
    std::int64_t points = 0;
    if (__builtin_mul_overflow(width, height, &points)) {
      fail("WIDTH {} x HEIGHT {} does not fit 64 bits", width, height);
    }
    if (keys_.contains("POINTS") && count_at("POINTS") != points) {
      fail("POINTS is {}, WIDTH {} x HEIGHT {} is {}", count_at("POINTS"), width, height, points);
    }
    return points;
  }

  PcdData parse_data() const {
    const Values& values = at("DATA");
    const std::string kind = values.size() == 1 ? lower(values[0]) : "";
    if (kind == "ascii") return PcdData::ascii;
    if (kind == "binary") return PcdData::binary;
    if (kind == "binary_compressed") return PcdData::compressed;
    fail("DATA must be ascii, binary or binary_compressed, not {}",
         excerpt(values.empty() ? "" : values[0]));
  }

  // Nothing when it says nothing: no viewpoint, or the one that everybody writes.
  std::optional<Pose> parse_viewpoint() const {
    if (!keys_.contains("VIEWPOINT")) return std::nullopt;
    const Values& values = at("VIEWPOINT");
    std::array<double, 7> v{};
    bool good = values.size() == v.size();
    for (std::size_t i = 0; good && i < v.size(); ++i) {
      good = parse_number(values[i], v.at(i)) == Number::good && std::isfinite(v.at(i));
    }
    const auto [x, y, z, qw, qx, qy, qz] = v;
    const double length = qw * qw + qx * qx + qy * qy + qz * qz;
    if (!good || !std::isfinite(length)) fail("VIEWPOINT should be seven numbers");
    Pose pose = kIdentityPose;
    if (length > 0) {
      const double s = 2 / length;
      pose[0] = {1 - s * (qy * qy + qz * qz), s * (qx * qy - qw * qz), s * (qx * qz + qw * qy), 0};
      pose[1] = {s * (qx * qy + qw * qz), 1 - s * (qx * qx + qz * qz), s * (qy * qz - qw * qx), 0};
      pose[2] = {s * (qx * qz - qw * qy), s * (qy * qz + qw * qx), 1 - s * (qx * qx + qy * qy), 0};
    }
    pose[0][3] = x;
    pose[1][3] = y;
    pose[2][3] = z;
    return pose == kIdentityPose ? std::nullopt : std::optional(pose);
  }

  PcdHeader finish() const {
    return {.fields = parse_fields(),
            .points = parse_points(),
            .data = parse_data(),
            .viewpoint = parse_viewpoint(),
            .size = lines_.offset(),
            .lines = lines_.number()};
  }

  std::string file_;
  LineReader lines_;
  std::map<std::string, Values> keys_;
};

}  // namespace

bool is_padding(const Field& field) {
  if (field.name == "_") return true;
  return field.name.starts_with("__") &&
         parse_count(std::string_view(field.name).substr(2)).has_value();
}

PcdHeader read_pcd_header(const Bytes& bytes) { return PcdHeaderParser(bytes).parse(); }

}  // namespace voxloom::io
