#include "cli/info_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>
#include <vector>

#include "cli/streams.h"
#include "cli/text_table.h"
#include "io/column_type.h"
#include "io/failure.h"
#include "io/las_format.h"
#include "io/las_records.h"
#include "io/words.h"
#include "voxloom/survey.h"

namespace voxloom::cli {
namespace {

// Of the finite values, and how many are not.
struct ValueRange {
  // A mantissa of 64 bits, or of more: whole numbers of any type are exact.
  using Number = long double;
  static_assert(std::numeric_limits<Number>::digits >= 64);

  Number low = std::numeric_limits<Number>::infinity();
  Number high = -std::numeric_limits<Number>::infinity();
  std::int64_t not_finite = 0;
  bool is_whole = false;

  template <typename T>
  void add(T of_file) {
    is_whole = std::is_integral_v<T>;
    const auto value = static_cast<Number>(of_file);
    if (!std::isfinite(value)) {
      ++not_finite;
      return;
    }
    low = std::min(low, value);
    high = std::max(high, value);
  }
  [[nodiscard]] std::string text() const {
    std::string text = low <= high ? fmt::format("{} to {}", text_of(low), text_of(high)) : "-";
    if (not_finite > 0) text += fmt::format(", {} not finite", not_finite);
    return text;
  }
  [[nodiscard]] std::string text_of(Number value) const {
    return is_whole ? fmt::format("{:.0f}", value) : fmt::format("{}", static_cast<double>(value));
  }
};

// In quotes and shortened; terminals obey control characters.
std::string shown_word(std::string_view word) {
  constexpr std::size_t kMostShown = 24;
  constexpr char32_t kBlank = 0x20, kDelete = 0x7f, kBehindControls = 0xa0;
  const auto characters = io::characters_of(word);
  if (!characters) return io::excerpt(word);
  std::string text = "'";
  for (std::size_t i = 0; i < std::min(kMostShown, characters->size()); ++i) {
    const char32_t c = (*characters)[i];
    io::append_character(text, c < kBlank || (c >= kDelete && c < kBehindControls) ? U'?' : c);
  }
  return text + (characters->size() > kMostShown ? "...'" : "'");
}

// Each word once, as far as they are counted.
class WordList {
 public:
  void add(const Column& column) {
    for (const std::string_view word : io::used_words(column)) {
      if (words_.size() > kMostCounted) return;
      if (!words_.insert(std::string(word)).second) continue;
      if (first_.size() < kShown) first_.push_back(shown_word(word));
    }
  }
  [[nodiscard]] std::string text() const {
    if (words_.empty()) return "-";
    const bool is_open = words_.size() > kMostCounted;
    return fmt::format("{}{} word{}: {}{}", is_open ? "more than " : "",
                       grouped(is_open ? kMostCounted : words_.size()),
                       words_.size() == 1 ? "" : "s", fmt::join(first_, ", "),
                       words_.size() > first_.size() ? ", ..." : "");
  }

 private:
  static constexpr std::size_t kMostCounted = 1'000'000, kShown = 4;
  std::unordered_set<std::string> words_;
  std::vector<std::string> first_;
};

struct ScanFacts {
  Scan head;  // no points
  std::array<ValueRange, 3> extent = {};
  std::vector<ValueRange> columns = {};  // of numbers
  std::vector<WordList> words = {};      // of text
};

ScanFacts scan_facts(ScanReader& reader) {
  constexpr std::int64_t kPiece = 1 << 18;
  ScanFacts facts{.head = reader.read(0)};
  facts.columns.resize(facts.head.attributes.size());
  facts.words.resize(facts.head.attributes.size());
  while (reader.remaining() > 0) {
    const Scan piece = reader.read(kPiece);
    for (std::int64_t i = 0; i < piece.size(); ++i) {
      const std::array<double, 3> p = piece.at(i);
      for (std::size_t axis = 0; axis < 3; ++axis) facts.extent.at(axis).add(p.at(axis));
    }
    for (std::size_t c = 0; c < piece.attributes.size(); ++c) {
      if (piece.attributes[c].is_text()) {
        facts.words[c].add(piece.attributes[c]);
        continue;
      }
      io::visit_numbers(piece.attributes[c], [&](const auto& values) {
        for (const auto value : values) facts.columns[c].add(value);
      });
    }
  }
  return facts;
}

void list_records(const LasRecords& records, TextTable& table) {
  for (const bool extended : {false, true}) {
    for (const auto& bytes : extended ? records.evlrs : records.vlrs) {
      const auto header =
          static_cast<std::size_t>(extended ? io::kLasEvlrHeader : io::kLasVlrHeader);
      const auto record = io::las_record(bytes, header);
      if (!record) continue;
      table.row({record->user, fmt::to_string(record->id), readable_bytes(record->content.size()),
                 record->description});
    }
  }
}

}  // namespace

void print_scan(const std::string& file, const ScanOptions& options) {
  const std::vector<std::byte> bytes = file == kStream ? read_stdin() : std::vector<std::byte>();
  const ReadOptions how = read_options(options, InvalidPoints::keep, note_on(shown_name(file)));
  ScanReader reader =
      file == kStream ? ScanReader(bytes, shown_name(file), how) : ScanReader(file, how);
  const auto points = static_cast<std::uint64_t>(reader.size());
  const ScanFormat format = reader.format();
  const ScanFacts facts = scan_facts(reader);
  const Scan& head = facts.head;

  fmt::print("{}\n", shown_name(file));
  fmt::print("  format              {}\n", name_of(format));
  fmt::print("  points              {}\n", grouped(points));
  const auto system = coordinate_system(head);
  fmt::print("  coordinate system   {}\n", system ? to_string(*system) : "not said");
  if (head.quantization) {
    fmt::print("  lattice             scale {}, offset {}\n",
               fmt::join(head.quantization->scale, " "), fmt::join(head.quantization->offset, " "));
  }
  if (head.origin != std::array<double, 3>{0, 0, 0}) {
    fmt::print("  origin              {}, what positions are relative to when they are float32\n",
               fmt::join(head.origin, " "));
  }
  if (head.pose) fmt::print("  pose                has one: coordinates are the scanner's\n");
  if (head.viewpoint)
    fmt::print("  viewpoint           {} {} {}\n", (*head.viewpoint)[0][3], (*head.viewpoint)[1][3],
               (*head.viewpoint)[2][3]);
  TextTable columns, records;
  const std::array<const char*, 3> kAxes = {"x", "y", "z"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    columns.row(
        {kAxes.at(axis), std::string(name_of(head.position_type)), facts.extent.at(axis).text()});
  }
  for (std::size_t c = 0; c < head.attributes.size(); ++c) {
    const Column& column = head.attributes[c];
    const std::string type(name_of(column.type()));
    columns.row({column.name,
                 column.components == 1 ? type : fmt::format("{} x {}", type, column.components),
                 column.is_text() ? facts.words[c].text() : facts.columns[c].text()});
  }
  columns.print("columns");
  if (head.las) list_records(*head.las, records);
  records.print("records");
}

}  // namespace voxloom::cli
