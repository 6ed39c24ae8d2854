// Bare text columns, one point a line:
//
//   # anything                   a comment; also // anything; empty lines are passed over
//   x,y,z,intensity,label        names: optional; also as the last comment before the points
//   2                            how many points follow: optional
//   1.5,2,0.25,17,3              separated by ',' or ';', or else by blanks and tabs, of .tsv by tabs alone;
//                                cells may be quoted, with quotes in them doubled
//
// The file is read twice: see text_survey.h. Without names the first three columns are x, y and z.
#include <algorithm>
#include <cmath>

#include "io/formats.h"
#include "io/lines.h"
#include "io/text_survey.h"

namespace voxloom::io {
namespace {

using Names = std::vector<std::string>;
using Columns = std::span<const ColumnSurvey>;

bool are_bytes(Columns columns) { return std::ranges::all_of(columns, &ColumnSurvey::is_byte); }

bool are_shares(Columns columns) {
  return std::ranges::all_of(
      columns, [](const ColumnSurvey& c) { return !c.is_text() && c.low >= 0 && c.high <= 1; });
}

// The last of red, green, blue, alpha: the same for all points, as cameras leave it.
bool is_opaque(const ColumnSurvey& column) { return column.is_byte() && column.constant; }

Names numbered(std::size_t count) {
  Names names = {"x", "y", "z"};
  for (std::size_t i = 3; i < count; ++i) names.push_back(fmt::format("column_{}", i));
  return names;
}

// Six columns: colours or normals, by the name and by what the values can be.
Names six_names(const TextSurvey& survey, const std::string& file) {
  constexpr double kUnit = 0.05;  // normals are printed with few digits
  const Columns last = Columns(survey.columns).subspan(3, 3);
  const Names colours = {"x", "y", "z", "red", "green", "blue"};
  const Names normals = {"x", "y", "z", "nx", "ny", "nz"};
  if (file.ends_with(".xyzrgb")) return colours;
  if (file.ends_with(".xyzn")) return normals;
  if (survey.rows > 0 && survey.normal_error <= kUnit) return normals;
  if (are_bytes(last) || are_shares(last)) return colours;
  return numbered(6);
}

// What the usual files without names hold.
Names default_names(const TextSurvey& survey, const Bytes& bytes) {
  const Columns columns(survey.columns);
  const std::size_t count = columns.size();
  if (count == 4 && !columns[3].is_text()) return {"x", "y", "z", "intensity"};
  if (count == 6) return six_names(survey, lower(bytes->name()));
  if (count == 7 && are_bytes(columns.subspan(3, 3)) && is_opaque(columns[6])) {
    return {"x", "y", "z", "red", "green", "blue", "alpha"};
  }
  if (count == 7 && are_bytes(columns.subspan(4, 3))) {
    return {"x", "y", "z", "intensity", "red", "green", "blue"};
  }
  return numbered(count);
}

}  // namespace

Points open_text(const Bytes& bytes, const ReadOptions& options) {
  return open_text_rows(bytes, survey_text(bytes, options, {.names = default_names}));
}

}  // namespace voxloom::io
