#include "cli/data_config.h"

#include <algorithm>

#include "cli/config_fields.h"
#include "voxloom/augment.h"

namespace voxloom::cli {
namespace {

sim::StreetOptions read_street(const Json& json, const std::string& where) {
  Fields fields(json, where);
  sim::StreetOptions street;
  fields.take("scans", street.scans);
  fields.take("seed", street.seed);
  take_choice(fields, "split", sim::kSplits, street.split);
  if (fields.find("sensor") != nullptr) {
    street.sensor.emplace();
    take_choice(fields, "sensor", sim::kSensors, *street.sensor);
  }
  fields.finish();
  return street;
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
  const Json* street = fields.find("street");
  // What is for files would be passed over.
  const bool is_of_files = !data.classes.empty() || !data.parts.empty() || !data.split.empty() ||
                           !scan_json(data.scan).empty();
  if (street != nullptr && data.folders.empty() && is_of_files) {
    fields.refuse(
        "beside a \"street\" stand \"cache\" and \"crop\": the other names are for a \"folder\"");
  }
  if (street != nullptr) data.street = read_street(*street, fields.inside("street"));
  if (data.folders.empty() == (street == nullptr)) {
    fields.refuse("names either a \"folder\" or a \"street\"");
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
  Json street = {{"split", name_of(data.street.split)},
                 {"scans", data.street.scans},
                 {"seed", data.street.seed}};
  if (data.street.sensor) street["sensor"] = name_of(*data.street.sensor);
  Json json = {{"street", street}, {"cache", data.is_cached}};
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
    data = sim::street_dataset(config.street);
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
         .read = read_options(config.scan, InvalidPoints::error, {}),
         .input = input,
         .on_note = note});
  }
  return config.is_cached ? cached(std::move(data)) : data;
}

DatasetPtr as_trained_on(DatasetPtr data, const DataConfig& config) {
  return config.crop > 0 ? cropped(std::move(data), config.crop) : data;
}

}  // namespace voxloom::cli
