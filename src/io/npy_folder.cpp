#include "io/npy_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/failure.h"
#include "io/npy_header.h"

namespace voxloom::io {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPoints = "coord.npy";

// What arrays of three numbers are column by column, and what those of one number are called here.
struct Parts {
  std::string_view array;
  std::array<std::string_view, 3> names;
};
constexpr std::array<Parts, 4> kParts = {{{"color", {"red", "green", "blue"}},
                                          {"colors", {"red", "green", "blue"}},
                                          {"normal", {"nx", "ny", "nz"}},
                                          {"normals", {"nx", "ny", "nz"}}}};

std::string column_name(const std::string& array) {
  if (array == "segment") return "label";
  return array == "strength" ? "intensity" : array;
}

// One column of several numbers as several columns.
class SplitSource final : public PointSource {
 public:
  SplitSource(Points source, const std::array<std::string_view, 3>& names)
      : PointSource({}, source->size()), source_(std::move(source)) {
    for (const std::string_view name : names) {
      fields_.push_back({std::string(name), source_->fields()[0].type, 1});
    }
  }
  std::vector<Column> read(std::int64_t count) override {
    const Column whole = std::move(source_->read(count)[0]);
    std::vector<Column> columns = make_columns(count);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      std::visit(
          [&](auto& to) {
            const auto& from = std::get<std::decay_t<decltype(to)>>(whole.values);
            for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[3 * i + c];
          },
          columns[c].values);
    }
    return columns;
  }

 private:
  Points source_;
};

Points with_columns(Points source, const std::string& array) {
  const auto* parts = std::ranges::find(kParts, array, &Parts::array);
  const bool splits =
      parts != kParts.end() && source->fields().size() == 1 && source->fields()[0].components == 3;
  return splits ? std::make_unique<SplitSource>(std::move(source), parts->names)
                : std::move(source);
}

}  // namespace

bool is_npy_folder(const fs::path& path) { return fs::is_regular_file(path / kPoints); }

Points open_npy_folder(const fs::path& path, const ReadOptions& options) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == ".npy" && entry.path().filename() != kPoints) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  const Bytes coord = open_file(path / kPoints);
  std::vector<Points> parts;
  NpyHeader of_points = read_npy_header(coord);
  set_upright(of_points, options.on_note);
  parts.push_back(open_npy_array(coord, of_points, ""));
  const std::int64_t points = parts[0]->size();
  for (const fs::path& file : files) {
    const std::string array = file.stem().string();
    const Bytes bytes = open_file(file);
    const NpyHeader header = read_npy_header(bytes);
    if (header.shape.empty() || header.shape[0] != points || header.shape.size() > 2) {
      if (options.on_note) {
        options.on_note(
            fmt::format("{} is no array of {} rows: left out", file.filename().string(), points));
      }
      continue;
    }
    parts.push_back(with_columns(open_npy_array(bytes, header, column_name(array)), array));
  }
  return join(std::move(parts));
}

}  // namespace voxloom::io
