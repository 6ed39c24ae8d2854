// Text columns: a line of names, a line per point.
#include <algorithm>

#include "io/aliases.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/lines.h"
#include "io/words.h"

namespace voxloom::io {
namespace {

// What words of a column lose in a line of text.
class WrittenWords {
 public:
  void look(const Column& column) {
    for (const std::string_view word : used_words(column)) {
      double value = 0;
      has_line_ends_ = has_line_ends_ || word.find_first_of("\r\n") != std::string_view::npos;
      are_numbers_ = are_numbers_ && parse_number(word, value) == Number::good;
      any_ = true;
    }
  }
  void say(const std::string& name, const OnNote& note) const {
    if (has_line_ends_) note(fmt::format("line ends in words of {} become blanks", excerpt(name)));
    const bool is_known =
        std::ranges::find(aliases(), lower(name), &Alias::name) != aliases().end();
    if (!any_ || !are_numbers_ || !is_known) return;
    note(fmt::format("the words of {} are numbers, and are read as such again", excerpt(name)));
  }

 private:
  bool has_line_ends_ = false, are_numbers_ = true, any_ = false;
};

void note_words(const ScanPieces& scan, const OnNote& note) {
  const std::vector<Column>& attributes = scan.head().attributes;
  if (!note || std::ranges::none_of(attributes, &Column::is_text)) return;
  std::vector<WrittenWords> words(attributes.size());
  scan.each([&](const Scan& piece, std::int64_t) {
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (attributes[i].is_text()) words[i].look(piece.attributes[i]);
    }
  });
  for (std::size_t i = 0; i < attributes.size(); ++i) words[i].say(attributes[i].name, note);
}

}  // namespace

void write_text(ByteSink& sink, const ScanPieces& scan, const WriteOptions& options) {
  const char separator = options.separator == 0 ? ' ' : options.separator;
  std::vector<OutField> named = scalar_fields(scan.head(), 0);
  make_words(named);
  std::string header;
  for (const OutField& field : named) header += field.name + separator;
  header.back() = '\n';
  sink.write(header);
  scan.each([&](const Scan& piece, std::int64_t first) {
    write_rows(sink, piece, scalar_fields(piece, first), separator);
  });
  note_words(scan, options.on_note);
}

}  // namespace voxloom::io
