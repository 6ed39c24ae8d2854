// NPZ: a zip archive of NPY files. Positions are the array "points", "positions", "xyz", "pos",
// "coords", "coord", "pc", "vertices" or "arr_0", (N,3) or wider, or the three arrays "x", "y" and "z"; other arrays with N rows
// become attributes, colours and normals by their names (named_vectors.h); what has another shape or unreadable elements is left out.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "io/failure.h"
#include "io/formats.h"
#include "io/named_vectors.h"
#include "io/npy_header.h"
#include "io/zip.h"

namespace voxloom::io {
namespace {

struct Array {
  std::string name;
  Bytes bytes;
  NpyHeader header;
};

std::vector<Array> open_arrays(const Bytes& bytes, std::int64_t budget) {
  constexpr std::string_view kSuffix = ".npy";
  std::vector<Array> arrays;
  for (const ZipMember& member : read_zip_directory(bytes)) {
    if (!member.name.ends_with(kSuffix)) continue;
    Array array{.name = member.name.substr(0, member.name.size() - kSuffix.size()),
                .bytes = open_zip_member(bytes, member, budget),
                .header = {}};
    array.header = read_npy_header(array.bytes);
    arrays.push_back(std::move(array));
  }
  return arrays;
}

// The array whose rows are the points: it says how many there are.
Array& find_points(std::vector<Array>& arrays, const Bytes& bytes) {
  for (const char* name :
       {"points", "positions", "xyz", "pos", "coords", "coord", "pc", "vertices", "x", "arr_0"}) {
    const auto found = std::ranges::find(arrays, name, &Array::name);
    if (found != arrays.end() && !found->header.shape.empty()) return *found;
  }
  std::string names;
  for (const Array& array : arrays) names += (names.empty() ? "" : ", ") + array.name;
  fail_file(bytes->name(),
            "none of its arrays, {}, is called points, positions, xyz, pos, coords, coord, pc, "
            "vertices or x",
            excerpt(names));
}

bool is_attribute(const Array& array, std::int64_t points) {
  const std::vector<std::int64_t>& shape = array.header.shape;
  return array.header.problem.empty() && !array.header.structured && !shape.empty() &&
         shape.size() <= 2 && shape[0] == points && (shape.size() == 1 || shape[1] > 0) &&
         array.header.members[0].type.kind != 'V' && !has_scattered_text(array.header);
}

}  // namespace

Points open_npz(const Bytes& bytes, const ReadOptions& options) {
  std::vector<Array> arrays = open_arrays(bytes, options.max_unpacked_bytes);
  Array& points = find_points(arrays, bytes);
  const bool by_axis = points.name == "x" && !points.header.structured;
  if (!by_axis) set_upright(points.header, options.on_note);
  std::vector<Points> parts;
  parts.push_back(open_npy_array(points.bytes, points.header, by_axis ? "x" : "", options.on_note));
  std::vector<std::string> left_out;
  for (const Array& array : arrays) {
    if (&array == &points) continue;
    if (!is_attribute(array, points.header.shape[0])) {
      left_out.push_back(array.name);
      continue;
    }
    parts.push_back(open_npy_array(array.bytes, array.header, array.name, options.on_note));
  }
  if (!left_out.empty() && options.on_note) {
    options.on_note(
        fmt::format("arrays without a number or a word for each of the {} points are left out: {}",
                    points.header.shape[0], excerpt(fmt::format("{}", fmt::join(left_out, ", ")))));
  }
  Points joined = with_named_vectors(join(std::move(parts)));
  joined->set_left_out(std::move(left_out));
  return joined;
}

}  // namespace voxloom::io
