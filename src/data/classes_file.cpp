// classes.json, the table of a folder's classes.
#include <limits>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/failure.h"
#include "data/json_file.h"
#include "data/label_map.h"
#include "data/layouts.h"
#include "voxloom/dataset.h"

namespace voxloom {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::int32_t> read_values(const std::filesystem::path& path, const Json& list,
                                      std::int32_t lowest) {
  std::vector<std::int32_t> values;
  for (const Json& value : list) {
    if (!value.is_number_integer() || value < lowest ||
        value > std::numeric_limits<std::int32_t>::max()) {
      data::fail_data(path, "a label is a whole number from {} on, not {}", lowest, value.dump());
    }
    values.push_back(value.get<std::int32_t>());
  }
  return values;
}

void read_color(const std::filesystem::path& path, const Json& list, LabelClass& into) {
  const bool three = list.is_array() && list.size() == 3;
  for (std::size_t i = 0; i < 3; ++i) {
    if (!three || !list[i].is_number_integer() || list[i] < 0 || list[i] > 255) {
      data::fail_data(path, "the color of '{}' is not three numbers from 0 to 255", into.name);
    }
    into.color.at(i) = list[i].get<std::uint8_t>();
  }
}

LabelClass read_class(const std::filesystem::path& path, const Json& entry, std::int32_t place) {
  if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string()) {
    data::fail_data(path, "class {} has no \"name\"", place);
  }
  LabelClass read;
  read.name = entry["name"].get<std::string>();
  if (entry.contains("color")) read_color(path, entry["color"], read);
  read.values = {place};
  if (entry.contains("values")) {
    if (!entry["values"].is_array()) {
      data::fail_data(path, "the \"values\" of '{}' are not a list", read.name);
    }
    read.values = read_values(path, entry["values"], 0);
  }
  return read;
}

Json parse_file(const std::filesystem::path& path) {
  Json json = data::read_json_object(path);
  if (!json.contains("classes") || !json["classes"].is_array()) {
    data::fail_data(path, "has no list \"classes\"");
  }
  return json;
}

}  // namespace

ClassTable read_classes(const std::filesystem::path& path) {
  if (path.extension() == ".yaml") return data::read_kitti_yaml(path);
  const Json json = parse_file(path);
  ClassTable table;
  for (const Json& entry : json["classes"]) {
    table.classes.push_back(read_class(path, entry, static_cast<std::int32_t>(table.size())));
  }
  if (json.contains("ignored")) {
    if (!json["ignored"].is_array()) data::fail_data(path, "\"ignored\" is not a list");
    table.ignored = read_values(path, json["ignored"], std::numeric_limits<std::int32_t>::min());
  }
  try {
    data::validate(table);
  } catch (const std::invalid_argument& error) {
    data::fail_data(path, "{}", error.what());
  }
  return table;
}

std::string format_classes(const ClassTable& table) {
  data::validate(table);
  // One class per line, for those who edit it.
  std::string text = "{\"classes\": [\n";
  for (const LabelClass& one : table.classes) {
    const Json json = {{"name", one.name}, {"color", one.color}, {"values", one.values}};
    text += "  " + json.dump() + (&one == &table.classes.back() ? "\n" : ",\n");
  }
  return text + " ],\n \"ignored\": " + Json(table.ignored).dump() + "}\n";
}

void write_classes(const std::filesystem::path& path, const ClassTable& table) {
  const std::string text = format_classes(table);
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace voxloom
