#include "cli/train_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/config_fields.h"
#include "core/error.h"
#include "data/feature_json.h"
#include "io/byte_source.h"

namespace voxloom::cli {
namespace {

constexpr std::int64_t kLargestFile = 1 << 20;

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

struct NetworkName {
  Network network;
  const char* name;
  int depth;  // unless the configuration has another
};
constexpr std::array kNetworks = {NetworkName{Network::minkunet, "minkunet", 14},
                                  NetworkName{Network::spunet, "spunet", 34},
                                  NetworkName{Network::resnet, "resnet", 18}};

const NetworkName& row_of(Network network) {
  return *std::ranges::find(kNetworks, network, &NetworkName::network);
}

void read_model(const Json& json, const std::string& where, TrainConfig& config) {
  Fields fields(json, where);
  std::string name = row_of(config.network).name;
  fields.take("network", name);
  const auto* row = std::ranges::find(kNetworks, name, &NetworkName::name);
  if (row == kNetworks.end()) {
    std::vector<std::string> names;
    for (const NetworkName& one : kNetworks) names.emplace_back(one.name);
    fields.refuse(fmt::format("there is no \"network\" \"{}\"{}; known are {}", name,
                              did_you_mean(name, names), fmt::join(names, ", ")));
  }
  if (row->network != config.network) config.depth = row->depth;
  config.network = row->network;
  fields.take("depth", config.depth);
  fields.take("width", config.width);
  fields.finish();
}

// True: the defaults; false: none; an object: the defaults but for what it says.
void read_augment(Fields& fields, std::optional<AugmentOptions>& to) {
  const Json* json = fields.find("augment");
  if (json == nullptr) return;
  to.reset();
  if (*json == false) return;
  to = moderate_augmentation();
  if (*json == true) return;
  Fields inside(*json, fields.inside("augment"));
  inside.take("mix", to->mix);
  inside.take("rotation", to->rotation);
  inside.take("tilt", to->tilt);
  if (const Json* scale = inside.find("scale")) {
    if (!scale->is_array() || scale->size() != 2 || !(*scale)[0].is_number() ||
        !(*scale)[1].is_number()) {
      inside.refuse(fmt::format("\"scale\" is {}, not two numbers", scale->dump()));
    }
    to->scale = {(*scale)[0].get<double>(), (*scale)[1].get<double>()};
  }
  inside.take("flip_x", to->flip_x);
  inside.take("flip_y", to->flip_y);
  inside.take("shift_z", to->shift_z);
  inside.take("jitter", to->jitter);
  inside.take("intensity_scale", to->intensity_scale);
  inside.take("drop", to->drop);
  inside.finish();
}

Json augment_json(const std::optional<AugmentOptions>& augment) {
  if (!augment) return false;
  const AugmentOptions& a = *augment;
  return {{"mix", a.mix},         {"rotation", a.rotation}, {"tilt", a.tilt},
          {"scale", a.scale},     {"flip_x", a.flip_x},     {"flip_y", a.flip_y},
          {"shift_z", a.shift_z}, {"jitter", a.jitter},     {"intensity_scale", a.intensity_scale},
          {"drop", a.drop}};
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
  read_augment(fields, config.augment);
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

// What differs between the worlds. Each takes less than 40 minutes on two cores with AVX2, and what came of it is in
// models/README.md.
struct WorldTraining {
  sim::World world;
  double voxel_size, width, mix;
  std::int64_t steps;
};

const WorldTraining& training_of(sim::World world) {
  static constexpr std::array<WorldTraining, sim::kWorlds.size()> kRows = {{
      {sim::World::street, 0.2, 0.375, 0.3, 3000},
      {sim::World::rooms, 0.08, 0.375, 0, 2000},
      {sim::World::aerial, 0.5, 0.375, 0.3, 1000},
  }};
  return *std::ranges::find(kRows, world, &WorldTraining::world);
}

// As short as reads back to the same float32.
Json number(float value) { return Json::parse(fmt::format("{}", value)); }

}  // namespace

TrainConfig world_config(sim::World world) {
  const WorldTraining& row = training_of(world);
  TrainConfig config;
  config.data.world = world;
  config.data.made = {.split = sim::Split::train, .scans = 2000, .seed = 1};
  config.validation.emplace();
  config.validation->world = world;
  config.validation->made = {.split = sim::Split::val, .scans = 12, .seed = 1};
  config.validation->is_cached = true;
  config.balance_classes = true;
  config.width = row.width;
  config.augment->mix = row.mix;
  config.train.features = sim::info_of(world).features;
  config.train.voxel_size = row.voxel_size;
  config.train.steps = row.steps;
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
  json.update({{"augment", augment_json(config.augment)},
               {"model",
                {{"network", row_of(config.network).name},
                 {"depth", config.depth},
                 {"width", config.width}}},
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

std::unique_ptr<nn::Module> make_network(const TrainConfig& config, std::int64_t classes) {
  const std::int64_t in = config.train.features.size();
  if (config.network == Network::resnet) {
    constexpr double kBase = 64, kStep = 8;  // channels
    require(config.width > 0 && config.width <= 64, "train", "width should lie in (0, 64], got {}",
            config.width);
    return std::make_unique<nn::LinkNet>(nn::LinkNetOptions{
        .in_channels = in,
        .classes = classes,
        .depth = config.depth,
        .width = static_cast<std::int64_t>(std::ceil(kBase * config.width / kStep) * kStep),
        .seed = config.train.seed});
  }
  return std::make_unique<nn::MinkUNet>(
      nn::MinkUNetOptions{.in_channels = in,
                          .classes = classes,
                          .depth = config.depth,
                          .width = config.width,
                          .style = config.network == Network::spunet ? nn::UNetStyle::pointcept
                                                                     : nn::UNetStyle::minkowski,
                          .seed = config.train.seed});
}

}  // namespace voxloom::cli
