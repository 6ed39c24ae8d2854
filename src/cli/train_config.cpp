#include "cli/train_config.h"

#include <fmt/core.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/closest.h"
#include "data/feature_json.h"
#include "io/byte_source.h"
#include "voxloom/augment.h"
#include "voxloom/error.h"

namespace voxloom::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kLargestFile = 1 << 20;

// An object of the file. What nobody asked for is an error: a misspelt name must not pass in silence.
class Fields {
 public:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) refuse("is no object");
  }

  template <typename T>
  void take(const char* name, T& value) {
    names_.insert(name);
    const auto found = json_.find(name);
    if (found == json_.end()) return;
    if (!fits<T>(*found)) refuse(fmt::format("\"{}\" is {}", name, found->dump()));
    value = found->template get<T>();
  }
  [[nodiscard]] const Json* find(const char* name) {
    names_.insert(name);
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  void finish() const {
    for (const auto& [name, value] : json_.items()) {
      if (!names_.contains(name))
        refuse(fmt::format("there is no setting \"{}\"{}", name,
                           did_you_mean(name, {names_.begin(), names_.end()})));
    }
  }
  [[noreturn]] void refuse(const std::string& reason) const {
    throw FormatError(fmt::format("[train] {}: {}", where_, reason));
  }
  [[nodiscard]] std::string inside(const char* name) const {
    return fmt::format("{}, \"{}\"", where_, name);
  }

 private:
  template <typename T>
  static bool fits(const Json& value) {
    if constexpr (std::is_same_v<T, bool>) return value.is_boolean();
    if constexpr (std::is_same_v<T, std::string>) return value.is_string();
    if constexpr (std::is_unsigned_v<T> && !std::is_same_v<T, bool>) {
      return value.is_number_unsigned();
    }
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      // Whatever its type, it must fit.
      return value.is_number_integer() && value >= std::numeric_limits<std::int32_t>::min() &&
             value <= std::numeric_limits<std::int32_t>::max();
    }
    return value.is_number();
  }

  const Json& json_;
  std::string where_;
  std::set<std::string> names_;
};

template <typename Enum, std::size_t N>
void take_choice(Fields& fields, const char* name, const std::array<Enum, N>& choices,
                 Enum& value) {
  std::string word;
  fields.take(name, word);
  if (word.empty()) return;
  for (const Enum choice : choices) {
    if (name_of(choice) == word) return static_cast<void>(value = choice);
  }
  fields.refuse(fmt::format("\"{}\" is \"{}\"", name, word));
}

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

void take_names(Fields& fields, const char* name, std::vector<std::string>& to) {
  const Json* list = fields.find(name);
  if (list == nullptr) return;
  if (!list->is_array()) fields.refuse(fmt::format("\"{}\" is no list", name));
  for (const Json& entry : *list) {
    if (!entry.is_string()) fields.refuse(fmt::format("\"{}\" has {}", name, entry.dump()));
    to.push_back(entry.get<std::string>());
  }
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

DataConfig read_data(const Json& json, const std::string& where) {
  Fields fields(json, where);
  DataConfig data;
  fields.take("folder", data.folder);
  fields.take("cache", data.is_cached);
  fields.take("crop", data.crop);
  if (data.crop < 0) fields.refuse(fmt::format("\"crop\" is {}", data.crop));
  fields.take("classes", data.classes);
  take_names(fields, "parts", data.parts);
  read_scan_options(fields, data.scan);
  const Json* street = fields.find("street");
  if (street != nullptr) data.street = read_street(*street, fields.inside("street"));
  if (data.folder.empty() == (street == nullptr)) {
    fields.refuse("names either a \"folder\" or a \"street\"");
  }
  fields.finish();
  return data;
}

void read_optimizer(const Json& json, const std::string& where, train::OptimizerOptions& to) {
  Fields fields(json, where);
  std::string rule = to.rule == train::Rule::sgd ? "sgd" : "adamw";
  fields.take("rule", rule);
  if (rule != "sgd" && rule != "adamw") fields.refuse(fmt::format("\"rule\" is \"{}\"", rule));
  to.rule = rule == "sgd" ? train::Rule::sgd : train::Rule::adamw;
  fields.take("momentum", to.momentum);
  fields.take("beta1", to.beta1);
  fields.take("beta2", to.beta2);
  fields.take("eps", to.eps);
  fields.take("weight_decay", to.weight_decay);
  fields.finish();
}

void read_class_weights(Fields& fields, TrainConfig& config) {
  const Json* weights = fields.find("class_weights");
  if (weights == nullptr) return;
  if (*weights == "balanced") {
    config.balance_classes = true;
    return;
  }
  config.balance_classes = false;
  if (!weights->is_array()) fields.refuse("\"class_weights\" is no list, nor \"balanced\"");
  for (const Json& weight : *weights) {
    if (!weight.is_number()) fields.refuse(fmt::format("a class weight is {}", weight.dump()));
    config.train.class_weights.push_back(weight.get<float>());
  }
}

void read_model(const Json& json, const std::string& where, TrainConfig& config) {
  Fields fields(json, where);
  fields.take("depth", config.depth);
  fields.take("width", config.width);
  fields.finish();
}

void read_features(Fields& fields, FeatureSet& to) {
  const Json* list = fields.find("features");
  if (list == nullptr) return;
  try {
    to.features = data::features_from(*list);
    validate(to);
  } catch (const std::invalid_argument& error) {
    fields.refuse(error.what());
  }
}

void read_train(Fields& fields, train::TrainOptions& to) {
  fields.take("voxel_size", to.voxel_size);
  fields.take("batch_size", to.batch_size);
  fields.take("accumulation", to.accumulation);
  fields.take("epochs", to.epochs);
  fields.take("steps", to.steps);
  fields.take("rate", to.rate);
  fields.take("last_rate", to.last_rate);
  fields.take("warmup", to.warmup);
  fields.take("clip", to.clip);
  fields.take("cross_entropy", to.cross_entropy);
  fields.take("lovasz", to.lovasz);
  fields.take("label_smoothing", to.label_smoothing);
  fields.take("focus", to.focus);
  take_names(fields, "frozen", to.frozen);
  fields.take("statistics_momentum", to.statistics_momentum);
  fields.take("checkpoint_blocks", to.checkpoint_blocks);
  fields.take("seed", to.seed);
}

void read_keep(Fields& fields, TrainConfig& config) {
  std::string keep = config.keeps_best ? "best" : "last";
  fields.take("keep", keep);
  if (keep != "best" && keep != "last") fields.refuse(fmt::format("\"keep\" is \"{}\"", keep));
  config.keeps_best = keep == "best";
}

// What goes by evaluations needs some.
void check_evaluations(const Fields& fields, const TrainConfig& config) {
  if (config.patience < 0) fields.refuse(fmt::format("\"patience\" is {}", config.patience));
  const bool needs = config.patience > 0 || config.keeps_best;
  if (needs && (!config.validation || config.evaluate_every < 1)) {
    fields.refuse(
        "\"patience\" and \"keep\" go by a \"validation\" every \"evaluate_every\" steps");
  }
}

TrainConfig read_config(const Json& json, const std::string& where) {
  Fields fields(json, where);
  TrainConfig config;
  read_train(fields, config.train);
  fields.take("augment", config.augment);
  read_features(fields, config.train.features);
  fields.take("evaluate_every", config.evaluate_every);
  fields.take("save_every", config.save_every);
  fields.take("init", config.init);
  fields.take("patience", config.patience);
  fields.take("trainable", config.is_trainable);
  read_keep(fields, config);
  read_class_weights(fields, config);
  if (const Json* model = fields.find("model")) read_model(*model, fields.inside("model"), config);
  if (const Json* rule = fields.find("optimizer")) {
    read_optimizer(*rule, fields.inside("optimizer"), config.train.optimizer);
  }
  const Json* data = fields.find("data");
  if (data == nullptr) fields.refuse("there is no \"data\"");
  config.data = read_data(*data, fields.inside("data"));
  if (const Json* validation = fields.find("validation")) {
    config.validation = read_data(*validation, fields.inside("validation"));
  }
  check_evaluations(fields, config);
  fields.finish();
  return config;
}

// As short as reads back to the same float32.
Json number(float value) { return Json::parse(fmt::format("{}", value)); }

Json data_json(const DataConfig& data) {
  if (!data.folder.empty()) {
    Json json = {{"folder", data.folder}, {"cache", data.is_cached}};
    if (!data.classes.empty()) json["classes"] = data.classes;
    if (!data.parts.empty()) json["parts"] = data.parts;
    if (data.crop > 0) json["crop"] = data.crop;
    json.update(scan_json(data.scan));
    return json;
  }
  Json street = {{"split", name_of(data.street.split)},
                 {"scans", data.street.scans},
                 {"seed", data.street.seed}};
  if (data.street.sensor) street["sensor"] = name_of(*data.street.sensor);
  return {{"street", street}, {"cache", data.is_cached}};
}

}  // namespace

TrainConfig street_config() {
  TrainConfig config;
  config.data.street = {.split = sim::Split::train, .scans = 2000, .seed = 1};
  config.validation.emplace();
  config.validation->street = {.split = sim::Split::val, .scans = 12, .seed = 1};
  config.validation->is_cached = true;
  config.balance_classes = true;
  config.width = 0.375;
  config.train.voxel_size = 0.2;
  config.train.steps = 3000;
  config.train.rate = 0.004;
  config.train.warmup = 60;
  config.evaluate_every = 250;
  config.save_every = 100;
  return config;
}

TrainConfig read_train_config(const std::filesystem::path& path) {
  const io::Bytes bytes = io::open_file(path, "train");
  const std::string where = path.string();
  if (bytes->size() > kLargestFile) {
    throw FormatError(fmt::format("[train] {}: {} bytes; a configuration has at most {}", where,
                                  bytes->size(), kLargestFile));
  }
  std::string text(static_cast<std::size_t>(bytes->size()), '\0');
  bytes->read(0, std::as_writable_bytes(std::span(text)));
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw FormatError(fmt::format("[train] {}: is not JSON", where));
  return read_config(json, where);
}

std::string to_json(const TrainConfig& config) {
  const train::TrainOptions& t = config.train;
  const train::OptimizerOptions& o = t.optimizer;
  Json json = {{"data", data_json(config.data)}};
  if (config.validation) json["validation"] = data_json(*config.validation);
  json["features"] = data::json_of(t.features.features);
  json.update({{"augment", config.augment},
               {"model", {{"depth", config.depth}, {"width", config.width}}},
               {"voxel_size", t.voxel_size},
               {"batch_size", t.batch_size},
               {"accumulation", t.accumulation},
               {"epochs", t.epochs},
               {"steps", t.steps},
               {"optimizer",
                {{"rule", o.rule == train::Rule::sgd ? "sgd" : "adamw"},
                 {"momentum", number(o.momentum)},
                 {"beta1", number(o.beta1)},
                 {"beta2", number(o.beta2)},
                 {"eps", number(o.eps)},
                 {"weight_decay", number(o.weight_decay)}}},
               {"rate", number(t.rate)},
               {"last_rate", number(t.last_rate)},
               {"warmup", t.warmup},
               {"clip", t.clip},
               {"cross_entropy", number(t.cross_entropy)},
               {"lovasz", number(t.lovasz)},
               {"label_smoothing", number(t.label_smoothing)},
               {"focus", number(t.focus)},
               {"frozen", t.frozen},
               {"statistics_momentum", number(t.statistics_momentum)},
               {"checkpoint_blocks", t.checkpoint_blocks},
               {"seed", t.seed},
               {"evaluate_every", config.evaluate_every},
               {"save_every", config.save_every},
               {"patience", config.patience},
               {"keep", config.keeps_best ? "best" : "last"},
               {"trainable", config.is_trainable}});
  if (!config.init.empty()) json["init"] = config.init;
  if (config.balance_classes) {
    json["class_weights"] = "balanced";
  } else {
    json["class_weights"] = Json::array();
    for (const float weight : t.class_weights) json["class_weights"].push_back(number(weight));
  }
  return json.dump(2) + "\n";
}

ClassTable class_table(const std::string& name) {
  const auto known = known_classes(name);
  return known ? *known : read_classes(name);
}

void say_note(const std::string& note) { fmt::print(stderr, "voxloom: {}\n", note); }

DatasetPtr open_data(const DataConfig& config, const FeatureSet& features, const OnNote& note) {
  DatasetPtr data;
  if (config.folder.empty()) {
    data = sim::street_dataset(config.street);
  } else {
    InputOptions input = input_options(config.scan, {});
    input.features = features;
    std::optional<ClassTable> classes;
    if (!config.classes.empty()) classes = class_table(config.classes);
    data = open_dataset(config.folder, {.classes = std::move(classes),
                                        .parts = config.parts,
                                        .read = read_options(config.scan, InvalidPoints::error, {}),
                                        .input = input,
                                        .on_note = note});
  }
  if (config.is_cached) data = cached(std::move(data));
  return config.crop > 0 ? cropped(std::move(data), config.crop) : data;
}

nn::MinkUNetOptions net_options(const TrainConfig& config, std::int64_t classes) {
  return {.in_channels = config.train.features.size(),
          .classes = classes,
          .depth = config.depth,
          .width = config.width,
          .seed = config.train.seed};
}

}  // namespace voxloom::cli
