// PTS, text: how many points follow, then a line for each; a file may hold several such parts.
//
//   2
//   1.5 -2 0.25 -571 128 130 127      x y z; or x y z intensity; and red green blue behind either
//   1.5 -2 0.5 -612 9 8 7
//
// Intensities are what the scanner gave, often -2048 to 2047.
#include "io/colours.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/text_survey.h"

namespace voxloom::io {
namespace {

std::vector<std::string> pts_names(const TextSurvey& survey, const Bytes& bytes) {
  switch (survey.columns.size()) {
    case 0:  // no points
    case 3: return {"x", "y", "z"};
    case 4: return {"x", "y", "z", "intensity"};
    case 6: return {"x", "y", "z", "red", "green", "blue"};
    case 7: return {"x", "y", "z", "intensity", "red", "green", "blue"};
    default:
      fail_file(bytes->name(), "{} numbers in a row: PTS has 3, 4, 6 or 7", survey.columns.size());
  }
}

}  // namespace

Points open_pts(const Bytes& bytes, const ReadOptions& options) {
  Points points =
      open_text_rows(bytes, survey_text(bytes, options, {.needs_count = true, .names = pts_names}));
  points->set_intensity_range({-2048, 2047});
  return points;
}

void write_pts(ByteSink& sink, const ScanPieces& pieces, const WriteOptions& options) {
  const Scan& scan = in_one_piece(pieces, "PTS");
  const std::optional<ByteColours> colours = byte_colours(scan);
  const Column* intensity = scan.find("intensity");
  note_left_out(scan, held_by_scanners(scan, colours.has_value()), "PTS", options);
  if (colours && options.on_note && !has_byte_colours(scan)) {
    options.on_note(std::string(kByteColoursNote));
  }
  std::vector<Column> made;
  std::vector<OutField> fields;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    fields.push_back(position_field(scan, axis, position_type_of(scan)));
  }
  if (intensity != nullptr && intensity->components == 1)
    fields.push_back(column_field(*intensity));
  if (colours) {
    for (const std::vector<std::uint8_t>& channel : *colours)
      made.push_back({"colour", 1, channel});
    for (const Column& channel : made) fields.push_back(column_field(channel));
  }
  sink.write(fmt::format("{}\n", scan.size()));
  write_rows(sink, scan, fields, ' ');
}

}  // namespace voxloom::io
