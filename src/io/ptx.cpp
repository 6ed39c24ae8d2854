// PTX, text: one or more scans, each a grid in its scanner's own coordinates with a pose of its own:
//
//   1234                     columns of the grid
//   567                      rows
//   0 0 0                    the scanner's place, then its three axes, in the coordinates of all scans
//   1 0 0
//   0 1 0
//   0 0 1
//   1 0 0 0                  the pose, for row vectors: (x y z 1) * matrix; the last row is the translation
//   0 1 0 0
//   0 0 1 0
//   500 900 10 1
//   1.5 -2 0.25 0.5          columns x rows lines: x y z intensity, intensities from 0 to 1
//   1.5 -2 0.5 0.5 9 8 7     or with red green blue, 0 to 255
//
// A cell of the grid without a return is "0 0 0 0.5": these are left out. The points of a single scan stay
// in its coordinates, with the pose beside them. Those of several are put where their poses take them, with
// a column "scan" that counts from 0.
#include <algorithm>
#include <cmath>

#include "io/colours.h"
#include "io/failure.h"
#include "io/formats.h"
#include "io/intensity_unit.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

constexpr std::size_t kPlain = 4, kColoured = 7;  // numbers in a row

class PtxLines {
 public:
  explicit PtxLines(const Bytes& bytes) : file_(bytes->name()), lines_(bytes) {}

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    fail_line(file_, lines_.number(), text, std::forward<Args>(args)...);
  }

  // Whether another scan begins; passes over empty lines.
  bool more() {
    while (line_.empty()) {
      std::string_view text;
      if (!lines_.next(text)) return false;
      line_ = trimmed(text);
    }
    return true;
  }

  // The numbers of the next line.
  const std::vector<double>& numbers(std::string_view what) {
    if (!more()) fail("the file ends where {} should stand", what);
    values_.clear();
    Cells cells(line_, ' ');
    for (std::string_view cell; cells.next(cell);) {
      double value = 0;
      if (values_.size() == kColoured || parse_number(cell, value) != Number::good) {
        fail("{} is no number of {}", excerpt(cell), what);
      }
      values_.push_back(value);
    }
    line_ = {};
    return values_;
  }

  const std::vector<double>& numbers(std::string_view what, std::size_t count) {
    const std::vector<double>& values = numbers(what);
    if (values.size() != count) fail("{} numbers, {} are expected: {}", values.size(), count, what);
    return values;
  }

  std::int64_t count(std::string_view what) {
    constexpr double kMost = 1e9;
    const double value = numbers(what, 1)[0];
    if (!(value >= 0 && value <= kMost) || value != std::trunc(value)) {
      fail("{} is no count of {}", value, what);
    }
    return static_cast<std::int64_t>(value);
  }

 private:
  std::string file_;
  LineReader lines_;
  std::string_view line_;  // of the reader's buffer, until it goes on
  std::vector<double> values_;
};

struct PtxHeader {
  std::int64_t cells = 0;
  Pose pose = kIdentityPose;
};

PtxHeader read_header(PtxLines& lines) {
  PtxHeader header;
  const std::int64_t columns = lines.count("the grid's columns");
  const std::int64_t rows = lines.count("the grid's rows");
  header.cells = columns * rows;  // at most 1e18
  lines.numbers("the scanner's place", 3);
  for (int axis = 0; axis < 3; ++axis) lines.numbers("the scanner's axes", 3);
  for (std::size_t row = 0; row < 4; ++row) {
    const std::vector<double>& values = lines.numbers("the pose", 4);
    for (std::size_t i = 0; i < 4; ++i) {
      if (!std::isfinite(values[i])) lines.fail("the pose is not finite");
      header.pose.at(i).at(row) = values[i];
    }
  }
  if (header.pose[3] != kIdentityPose[3]) lines.fail("the pose's last column is not 0 0 0 1");
  return header;
}

bool is_return(const std::vector<double>& row) { return row[0] != 0 || row[1] != 0 || row[2] != 0; }

// What a first look at the whole file finds.
struct PtxSurvey {
  std::int64_t points = 0, empty = 0, scans = 0;
  std::size_t width = 0;  // numbers in a row; 0 without rows
  Pose pose = kIdentityPose;
};

PtxSurvey survey(const Bytes& bytes) {
  PtxSurvey found;
  PtxLines lines(bytes);
  while (lines.more()) {
    const PtxHeader header = read_header(lines);
    // A row is at least four digits with blanks between and a line end.
    if (header.cells > bytes->size() / 8 + 1) {
      lines.fail("a grid of {} cells is promised in a file of {} bytes", header.cells,
                 bytes->size());
    }
    for (std::int64_t i = 0; i < header.cells; ++i) {
      const std::vector<double>& row = lines.numbers("a point");
      if (found.width == 0) found.width = row.size();
      if (row.size() != found.width || (found.width != kPlain && found.width != kColoured)) {
        lines.fail("a row of {} numbers: x y z intensity, or with red green blue, are expected",
                   row.size());
      }
      ++(is_return(row) ? found.points : found.empty);
    }
    found.pose = header.pose;
    ++found.scans;
  }
  return found;
}

std::vector<Field> fields_of(const PtxSurvey& survey) {
  std::vector<Field> fields;
  for (const char* axis : {"x", "y", "z"})
    fields.push_back({.name = axis, .type = ColumnType::f64});
  fields.push_back({.name = "intensity", .type = ColumnType::f32});
  if (survey.width == kColoured) {
    for (const char* channel : {"red", "green", "blue"}) {
      fields.push_back({.name = channel, .type = ColumnType::u8});
    }
  }
  if (survey.scans > 1) fields.push_back({.name = "scan", .type = ColumnType::i32});
  return fields;
}

class PtxSource final : public PointSource {
 public:
  PtxSource(const Bytes& bytes, const PtxSurvey& survey)
      : PointSource(fields_of(survey), survey.points), lines_(bytes), survey_(survey) {
    if (survey.scans != 1) return;
    pose_ = survey.pose;
    viewpoint_ = kIdentityPose;
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> columns = make_columns(count);
    for (std::int64_t i = 0; i < count; ++i)
      store(next_return(), columns, static_cast<std::size_t>(i));
    return columns;
  }

 private:
  const std::vector<double>& next_return() {
    for (;;) {
      while (left_ == 0) {
        const PtxHeader header = read_header(lines_);
        left_ = header.cells;
        scan_pose_ = header.pose;
        ++scan_;
      }
      --left_;
      const std::vector<double>& row = lines_.numbers("a point");
      if (is_return(row)) return row;
    }
  }

  void store(const std::vector<double>& row, std::vector<Column>& columns, std::size_t i) const {
    std::array<double, 3> position = {row[0], row[1], row[2]};
    if (survey_.scans > 1) {
      position = transform(scan_pose_, position);
      std::get<std::vector<std::int32_t>>(columns.back().values)[i] =
          static_cast<std::int32_t>(scan_);
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      std::get<std::vector<double>>(columns[axis].values)[i] = position.at(axis);
    }
    std::get<std::vector<float>>(columns[3].values)[i] = static_cast<float>(row[3]);
    for (std::size_t c = 4; c < survey_.width; ++c) {
      if (!(row[c] >= 0 && row[c] <= 255) || row[c] != std::trunc(row[c])) {
        lines_.fail("{} is no colour from 0 to 255", row[c]);
      }
      std::get<std::vector<std::uint8_t>>(columns[c].values)[i] = static_cast<std::uint8_t>(row[c]);
    }
  }

  PtxLines lines_;
  PtxSurvey survey_;
  std::int64_t left_ = 0;  // cells of the scan that is read
  std::int64_t scan_ = -1;
  Pose scan_pose_ = kIdentityPose;
};

// In the scan's coordinates: what positions are written relative to. Where its sensor stood, whose way it looked is not
// kept; what has a pose is the scanner's own.
std::array<double, 3> scanner_place(const Scan& scan) {
  if (scan.pose || !scan.viewpoint) return scan.origin;
  return {scan.viewpoint->at(0)[3], scan.viewpoint->at(1)[3], scan.viewpoint->at(2)[3]};
}

std::string ptx_header(const Scan& scan) {
  Pose pose = scan.pose.value_or(kIdentityPose);
  const std::array<double, 3> moved = transform(pose, scanner_place(scan));
  for (std::size_t axis = 0; axis < 3; ++axis) pose.at(axis)[3] = moved.at(axis);
  std::string text = fmt::format("{}\n1\n", scan.size());
  const auto put = [&](const char* end, double value) {
    append_number(text, value);
    text += end;
  };
  for (std::size_t axis = 0; axis < 3; ++axis) put(axis == 2 ? "\n" : " ", pose.at(axis)[3]);
  for (std::size_t column = 0; column < 3; ++column) {
    for (std::size_t row = 0; row < 3; ++row) put(row == 2 ? "\n" : " ", pose.at(row).at(column));
  }
  for (std::size_t column = 0; column < 4; ++column) {
    for (std::size_t row = 0; row < 4; ++row) put(row == 3 ? "\n" : " ", pose.at(row).at(column));
  }
  return text;
}

}  // namespace

Points open_ptx(const Bytes& bytes, const ReadOptions& options) {
  const PtxSurvey found = survey(bytes);
  if (found.scans == 0) fail_file(bytes->name(), "holds no scan");
  if (found.empty > 0 && options.on_note) {
    options.on_note(fmt::format("{} cells of the grid have no return: left out", found.empty));
  }
  Points points = std::make_unique<PtxSource>(bytes, found);
  points->set_intensity_range({0, 1});
  return points;
}

// One row of a grid; the scan's origin goes into the pose, so that no position is rounded where no sensor is known.
void write_ptx(ByteSink& sink, const ScanPieces& pieces, const WriteOptions& options) {
  const Scan& scan = in_one_piece(pieces, "PTX");
  const std::optional<ByteColours> colours = byte_colours(scan);
  const std::optional<Column> intensity = intensities_to(1, scan, options.on_note);
  constexpr double kUnknown = 0.5;
  note_left_out(scan, held_by_scanners(scan, colours.has_value()), "PTX", options);
  if (colours && options.on_note && !has_byte_colours(scan)) {
    options.on_note(std::string(kByteColoursNote));
  }
  if (!intensity && options.on_note) {
    options.on_note(fmt::format("there is no intensity: written as {}", kUnknown));
  }
  sink.write(ptx_header(scan));
  const std::array<double, 3> place = scanner_place(scan);
  std::string text;
  std::int64_t empty = 0;
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    std::array<double, 3> position = scan.positions[static_cast<std::size_t>(i)];
    for (std::size_t axis = 0; axis < 3; ++axis) {
      position.at(axis) += scan.origin.at(axis) - place.at(axis);
    }
    if (position == std::array<double, 3>{0, 0, 0}) ++empty;
    for (const double coordinate : position) {
      append_number(text, coordinate);
      text += ' ';
    }
    append_number(text, static_cast<float>(intensity ? intensity->as_double(i) : kUnknown));
    for (std::size_t c = 0; colours && c < 3; ++c) {
      text += ' ';
      append_number(text, colours->at(c)[static_cast<std::size_t>(i)]);
    }
    text += '\n';
    constexpr std::size_t kFlush = 1 << 18;
    if (text.size() < kFlush) continue;
    sink.write(text);
    text.clear();
  }
  sink.write(text);
  if (empty > 0 && options.on_note) {
    options.on_note(fmt::format("{} points at 0 0 0 are cells without a return in PTX", empty));
  }
}

}  // namespace voxloom::io
