// nuScenes with lidarseg: tables of JSON objects that name each other by tokens.
//
//   v1.0-*/lidarseg.json      which file of labels is of which sample_data
//   v1.0-*/sample_data.json   and which file that is; of the whole data set more than a gigabyte
//   v1.0-*/category.json      names, by the numbers in the files
//   v1.0-*/sample.json        which scene a sample is of; only read where scenes are asked for
//   v1.0-*/scene.json         and what that is called
#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "data/failure.h"
#include "data/label_map.h"
#include "data/layouts.h"

namespace voxloom::data {
namespace {

namespace fs = std::filesystem;
using PlainJson = nlohmann::json;
using Row = std::map<std::string, std::string>;

// Calls use(row) with the strings and whole numbers of each object of a list, one at a time.
class RowReader final : public nlohmann::json_sax<PlainJson> {
 public:
  explicit RowReader(std::function<void(const Row&)> use) : use_(std::move(use)) {}

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t value) override { return take(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return take(std::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& value) override { return take(value); }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*count*/) override { return enter(); }
  bool end_object() override {
    if (depth_-- == kRow) {
      use_(row_);
      row_.clear();
    }
    return true;
  }
  bool start_array(std::size_t /*count*/) override { return enter(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    key_ = name;
    return true;
  }
  bool parse_error(std::size_t /*place*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  static constexpr int kRow = 2;  // the list, an object of it

  bool enter() {
    constexpr int kDeepest = 64;
    return ++depth_ <= kDeepest;
  }
  bool take(std::string value) {
    if (depth_ == kRow) row_[key_] = std::move(value);
    return true;
  }

  std::function<void(const Row&)> use_;
  int depth_ = 0;
  std::string key_;
  Row row_;
};

void for_each_row(const fs::path& path, const std::function<void(const Row&)>& use) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail_data(path, "cannot be read");
  RowReader reader(use);
  if (!PlainJson::sax_parse(in, &reader)) fail_data(path, "is not a list of JSON objects");
}

const std::string& field(const fs::path& path, const Row& row, const char* name) {
  const auto found = row.find(name);
  if (found == row.end()) fail_data(path, "an object has no \"{}\"", name);
  return found->second;
}

// A file of the data set, and none beside it.
fs::path inside(const fs::path& folder, const fs::path& table, const std::string& name) {
  const fs::path path(name);
  const bool leaves = path.is_absolute() || std::ranges::find(path, fs::path("..")) != path.end();
  if (leaves) fail_data(table, "'{}' is no file below {}", name, folder.string());
  return folder / path;
}

std::optional<fs::path> tables_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / "lidarseg.json")) found.push_back(entry.path());
  }
  if (found.size() > 1) {
    fail_data(folder,
              "has several versions with lidarseg.json; leave one, or open a folder for each");
  }
  return found.empty() ? std::nullopt : std::optional(found.front());
}

// Numbers without a category are no labels; "noise" is no class.
ClassTable categories_in(const fs::path& path) {
  std::map<std::int32_t, std::string> names;
  for_each_row(path, [&](const Row& row) {
    const std::string& index = field(path, row, "index");
    if (index.empty() || index.size() > 3 ||
        index.find_first_not_of("0123456789") != std::string::npos) {
      fail_data(path, "the index {} is no number of a label", index);
    }
    names[std::stoi(index)] = field(path, row, "name");
  });
  ClassTable table;
  for (const auto& [index, name] : names) {
    if (name == "noise") {
      table.ignored.push_back(index);
    } else {
      // Colours a golden angle apart, as the table has none.
      const auto shade = static_cast<std::uint32_t>(index) * 0x9e3779b9U;
      table.classes.push_back({name,
                               {static_cast<std::uint8_t>(64 + (shade >> 24) % 192),
                                static_cast<std::uint8_t>(64 + (shade >> 16 & 255) % 192),
                                static_cast<std::uint8_t>(64 + (shade >> 8 & 255) % 192)},
                               {index}});
    }
  }
  try {
    validate(table);
  } catch (const std::invalid_argument& error) {
    fail_data(path, "{}", error.what());
  }
  return table;
}

}  // namespace

std::optional<Layout> find_nuscenes(const fs::path& folder) {
  const std::optional<fs::path> tables = tables_in(folder);
  if (!tables) return std::nullopt;
  const fs::path lidarseg = *tables / "lidarseg.json", samples = *tables / "sample_data.json";
  std::map<std::string, fs::path> labels;  // by the token of the sample_data
  for_each_row(lidarseg, [&](const Row& row) {
    labels[field(lidarseg, row, "sample_data_token")] =
        inside(folder, lidarseg, field(lidarseg, row, "filename"));
  });
  std::vector<std::pair<LabelledFile, std::string>> found_files;  // with the sample's token
  for_each_row(samples, [&](const Row& row) {
    const auto found = labels.find(field(samples, row, "token"));
    if (found == labels.end()) return;
    const auto sample = row.find("sample_token");
    found_files.push_back({{inside(folder, samples, field(samples, row, "filename")), found->second,
                            LabelFile::bytes},
                           sample == row.end() ? "" : sample->second});
  });
  if (found_files.size() != labels.size()) {
    fail_data(samples, "names {} of the {} scans that lidarseg.json has labels for",
              found_files.size(), labels.size());
  }
  std::ranges::sort(found_files, {}, [](const auto& file) { return file.first.scan; });
  Layout layout;
  for (auto& [file, sample] : found_files) {
    layout.files.push_back(std::move(file));
    layout.samples.push_back(std::move(sample));
  }
  layout.classes = categories_in(*tables / "category.json");
  return layout;
}

void add_scenes(const fs::path& folder, const Layout& layout, NameIndex& names) {
  const std::optional<fs::path> tables = tables_in(folder);
  if (!tables || !fs::exists(*tables / "scene.json")) return;
  const fs::path scenes = *tables / "scene.json", samples = *tables / "sample.json";
  std::map<std::string, std::string> scene_names, scene_of_sample;
  for_each_row(scenes, [&](const Row& row) {
    scene_names[field(scenes, row, "token")] = field(scenes, row, "name");
  });
  for_each_row(samples, [&](const Row& row) {
    const auto scene = scene_names.find(field(samples, row, "scene_token"));
    if (scene != scene_names.end()) scene_of_sample[field(samples, row, "token")] = scene->second;
  });
  for (std::size_t i = 0; i < layout.samples.size(); ++i) {
    const auto scene = scene_of_sample.find(layout.samples[i]);
    if (scene != scene_of_sample.end()) names.add(scene->second, i);
  }
}

}  // namespace voxloom::data
