#include "cli/data_config.h"

#include <algorithm>

#include "cli/config_fields.h"
#include "voxloom/augment.h"

namespace voxloom::cli {
namespace {

sim::WorldOptions read_made(const Json& json, const std::string& where) {
  Fields fields(json, where);
  sim::WorldOptions made;
  fields.take("scans", made.scans);
  fields.take("seed", made.seed);
  take_choice(fields, "split", sim::kSplits, made.split);
  if (fields.find("sensor") != nullptr) {
    made.sensor.emplace();
    take_choice(fields, "sensor", sim::kSensors, *made.sensor);
  }
  fields.finish();
  return made;
}

// {"street": {...}}, or another world's name; whether there is one.
bool read_world(Fields& fields, DataConfig& data) {
  int worlds = 0;
  for (const sim::World world : sim::kWorlds) {
    const std::string name(name_of(world));
    const Json* made = fields.find(name.c_str());
    if (made == nullptr) continue;
    data.world = world;
    data.made = read_made(*made, fields.inside(name.c_str()));
    ++worlds;
  }
  if (worlds > 1) fields.refuse("names more than one world");
  return worlds == 1;
}

std::string quoted_worlds() {
  std::string names;
  for (const sim::World world : sim::kWorlds) {
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name_of(world));
  }
  return names;
}

// The options of commands that read scans, as settings.
void read_scan_options(Fields& fields, ScanOptions& to) {
  fields.take("strict", to.strict);
  fields.take("format", to.from);
  if (!to.from.empty() && !scan_format_named(to.from)) {
    fields.refuse(fmt::format("there is no format \"{}\"", to.from));
  }
  take_names(fields, "fields", to.fields);
  take_names(fields, "drop", to.drop);
  take_names(fields, "keep", to.keep);
  if (const Json* columns = fields.find("columns")) {
    if (!columns->is_object()) fields.refuse("\"columns\" is no object");
    for (const auto& [role, name] : columns->items()) {
      if (!name.is_string())
        fields.refuse(fmt::format("the column \"{}\" is {}", role, name.dump()));
      to.columns.push_back(role + "=" + name.get<std::string>());
    }
  }
  const Json* range = fields.find("intensity_range");
  if (range == nullptr) return;
  if (!range->is_array() || range->size() != 2 || !(*range)[0].is_number() ||
      !(*range)[1].is_number()) {
    fields.refuse("\"intensity_range\" is not two numbers");
  }
  to.intensity_range = {(*range)[0].get<double>(), (*range)[1].get<double>()};
}

Json scan_json(const ScanOptions& scan) {
  Json json = Json::object();
  if (scan.strict) json["strict"] = true;
  if (!scan.from.empty()) json["format"] = scan.from;
  for (const auto& [name, list] : {std::pair("fields", &scan.fields), std::pair("drop", &scan.drop),
                                   std::pair("keep", &scan.keep)}) {
    if (!list->empty()) json[name] = *list;
  }
  for (const std::string& column : scan.columns) {
    const std::size_t equals = column.find('=');
    json["columns"][column.substr(0, equals)] = column.substr(equals + 1);
  }
  if (scan.intensity_range) json["intensity_range"] = *scan.intensity_range;
  return json;
}

// One, or a list of them.
void read_folders(Fields& fields, std::vector<std::string>& to) {
  const Json* folder = fields.find("folder");
  if (folder == nullptr) return;
  if (folder->is_array()) return take_names(fields, "folder", to);
  if (!folder->is_string()) fields.refuse(fmt::format("\"folder\" is {}", folder->dump()));
  if (!folder->get<std::string>().empty()) to.push_back(folder->get<std::string>());
}

}  // namespace

DataConfig read_data(const Json& json, const std::string& where) {
  Fields fields(json, where);
  DataConfig data;
  read_folders(fields, data.folders);
  fields.take("cache", data.is_cached);
  fields.take("crop", data.crop);
  if (data.crop < 0) fields.refuse(fmt::format("\"crop\" is {}", data.crop));
  fields.take("classes", data.classes);
  take_names(fields, "parts", data.parts);
  fields.take("split", data.split);
  read_scan_options(fields, data.scan);
  const bool is_made = read_world(fields, data);
  // What is for files would be passed over.
  const bool is_of_files = !data.classes.empty() || !data.parts.empty() || !data.split.empty() ||
                           !scan_json(data.scan).empty();
  if (is_made && data.folders.empty() && is_of_files) {
    fields.refuse(fmt::format(
        "beside a \"{}\" stand \"cache\" and \"crop\": the other names are for a \"folder\"",
        name_of(data.world)));
  }
  if (data.folders.empty() != is_made) {
    fields.refuse(fmt::format("names either a \"folder\" or a world: {}", quoted_worlds()));
  }
  fields.finish();
  return data;
}

Json data_json(const DataConfig& data) {
  if (!data.folders.empty()) {
    Json json;
    json["folder"] = data.folders.size() == 1 ? Json(data.folders.front()) : Json(data.folders);
    json["cache"] = data.is_cached;
    if (!data.classes.empty()) json["classes"] = data.classes;
    if (!data.parts.empty()) json["parts"] = data.parts;
    if (!data.split.empty()) json["split"] = data.split;
    if (data.crop > 0) json["crop"] = data.crop;
    json.update(scan_json(data.scan));
    return json;
  }
  Json made = {
      {"split", name_of(data.made.split)}, {"scans", data.made.scans}, {"seed", data.made.seed}};
  if (data.made.sensor) made["sensor"] = name_of(*data.made.sensor);
  Json json = {{std::string(name_of(data.world)), made}, {"cache", data.is_cached}};
  if (data.crop > 0) json["crop"] = data.crop;
  return json;
}

ClassTable class_table(const std::string& name) {
  const auto known = known_classes(name);
  return known ? *known : read_classes(name);
}

void say_note(const std::string& note) { fmt::print(stderr, "voxloom: {}\n", note); }

DatasetPtr open_data(const DataConfig& config, const FeatureSet& features, const OnNote& note) {
  DatasetPtr data;
  if (config.folders.empty()) {
    data = sim::world_dataset(config.world, config.made);
  } else {
    InputOptions input = input_options(config.scan, {});
    input.features = features;
    std::optional<ClassTable> classes;
    if (!config.classes.empty()) classes = class_table(config.classes);
    std::vector<std::string> parts = config.parts;
    if (!config.split.empty())
      std::ranges::copy(read_parts(config.split), std::back_inserter(parts));
    data = open_datasets(
        std::vector<std::filesystem::path>(config.folders.begin(), config.folders.end()),
        {.classes = std::move(classes),
         .parts = std::move(parts),
         .read = read_options(config.scan, InvalidPoints::drop, {}),
         .input = input,
         .on_note = note});
  }
  return config.is_cached ? cached(std::move(data)) : data;
}

DatasetPtr as_trained_on(DatasetPtr data, const DataConfig& config) {
  return config.crop > 0 ? cropped(std::move(data), config.crop) : data;
}

}  // namespace voxloom::cli
