// A checkpoint: one safetensors file.
//
//   parameter.NAME             every parameter, running statistics included
//   optimizer.first.NAME ...   moments
//   confusion                  of the steps since it was last asked for
//   metadata                   format, step, and the options that the run depends on
//
// The place in the data and all random numbers follow from the step and the seed among the options.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "core/error.h"
#include "voxloom/error.h"
#include "voxloom/safetensors.h"
#include "voxloom/train.h"

namespace voxloom::train {
namespace {

constexpr const char* kFormat = "voxloom.checkpoint 2";
constexpr const char* kParameter = "parameter.";
constexpr const char* kOptimizer = "optimizer.";
constexpr const char* kConfusion = "confusion";

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& reason) {
  throw FormatError(fmt::format("[checkpoint] {}: {}", file.string(), reason));
}

std::string field(const Safetensors& data, const std::filesystem::path& file,
                  const std::string& key) {
  const auto found = data.metadata.find(key);
  if (found == data.metadata.end()) refuse(file, fmt::format("there is no '{}'", key));
  return found->second;
}

std::int64_t number(const std::string& text, const std::filesystem::path& file) {
  std::int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || value < 0) {
    refuse(file, fmt::format("the step is '{}'", text));
  }
  return value;
}

// The tensors whose names start with `prefix`, without it.
nn::NamedTensors part(const Safetensors& data, const std::string& prefix) {
  nn::NamedTensors tensors;
  for (const auto& [name, tensor] : data.tensors) {
    if (name.starts_with(prefix)) tensors.emplace(name.substr(prefix.size()), tensor);
  }
  return tensors;
}

ConfusionMatrix confusion_in(const Safetensors& data, std::int64_t classes) {
  const auto found = data.tensors.find(kConfusion);
  require(found != data.tensors.end(), "train", "there is no '{}'", kConfusion);
  return {classes, found->second.span<std::int64_t>()};
}

// What labels mean: colours alone may change within a run.
std::string text_of(const ClassTable& table) {
  std::string text;
  for (const LabelClass& c : table.classes) {
    text += fmt::format("{}={};", c.name, fmt::join(c.values, ","));
  }
  return text + fmt::format("ignored={}", fmt::join(table.ignored, ","));
}

// The same file may look different from another machine.
Safetensors read_on_rank_0(dist::Communicator& ranks, const std::filesystem::path& file) {
  if (ranks.size() == 1) return read_safetensors(file);
  dist::Bytes bytes;
  dist::together(ranks, [&] {
    if (ranks.rank() != 0) return;
    const Safetensors data = read_safetensors(file);
    bytes = format_safetensors(data.tensors, data.metadata);
  });
  return parse_safetensors(dist::broadcast_bytes(ranks, std::move(bytes)), file.string());
}

}  // namespace

std::string Trainer::fingerprint() const {
  const TrainOptions& o = options_;
  // Options that came later are said where they are used: older checkpoints go on.
  std::string more = o.features == FeatureSet{} ? "" : " features " + format_features(o.features);
  if (o.focus > 0) more += fmt::format(" focus {}", o.focus);
  if (!o.frozen.empty()) more += fmt::format(" frozen {}", fmt::join(o.frozen, ","));
  return fmt::format(
      "scans {} voxel {} batch {}x{} steps {} rule {} momentum {} betas {} {} eps {} decay {} rate "
      "{} last {} warmup {} clip {} entropy {} lovasz {} smoothing {} weights {} statistics {} "
      "seed {} data {} classes {}{}",
      data_->size(), o.voxel_size, o.batch_size, o.accumulation, total_steps(),
      static_cast<int>(o.optimizer.rule), o.optimizer.momentum, o.optimizer.beta1,
      o.optimizer.beta2, o.optimizer.eps, o.optimizer.weight_decay, o.rate, o.last_rate, o.warmup,
      o.clip, o.cross_entropy, o.lovasz, o.label_smoothing, fmt::join(o.class_weights, ","),
      o.statistics_momentum, o.seed, data_->recipe(), text_of(data_->classes()), more);
}

void Trainer::save(const std::filesystem::path& file) const {
  if (ranks_.rank() != 0) return;
  TensorMap tensors;
  for (const auto& [name, tensor] : nn::parameters_of(net_)) {
    tensors.emplace(kParameter + name, tensor.to(Device{}));
  }
  for (const auto& [name, tensor] : optimizer_.state()) {
    tensors.emplace(kOptimizer + name, tensor.to(Device{}));
  }
  const std::int64_t classes = confusion_.classes();
  tensors.emplace(kConfusion, Tensor::from(confusion_.counts(), {classes, classes + 1}));
  write_safetensors(
      file, tensors,
      {{"format", kFormat}, {"step", std::to_string(step_count())}, {"options", fingerprint()}});
}

nn::NamedTensors read_parameters(const std::filesystem::path& path) {
  std::filesystem::path file = path;
  for (const std::string_view inside : {std::string_view("checkpoint.safetensors"), kTrainedFile}) {
    if (std::filesystem::exists(path / inside)) file = path / inside;
  }
  if (std::filesystem::is_directory(file)) {
    refuse(path, fmt::format("is neither a run nor a bundle with {}, which training can start from",
                             kTrainedFile));
  }
  const Safetensors data = read_safetensors(file);
  const bool is_of_run = data.metadata.contains("format");
  nn::NamedTensors tensors = part(data, is_of_run ? kParameter : "");
  if (tensors.empty()) refuse(file, "has no parameters");
  return tensors;
}

Initialised initialise(nn::Module& net, const nn::NamedTensors& from) {
  Initialised result;
  nn::NamedTensors fitting;
  for (const nn::NamedParameter& p : net.named_parameters()) {
    const auto found = from.find(p.name);
    const bool fits = found != from.end() && found->second.shape() == p.value->shape() &&
                      found->second.dtype() == p.value->dtype();
    if (fits) {
      fitting.emplace(p.name, found->second);
      ++result.taken;
    } else {
      result.fresh.push_back(p.name);
    }
  }
  require(!fitting.empty(), "initialise",
          "none of the {} tensors has the name and shape of a parameter: it is another network's",
          from.size());
  nn::load_parameters(net, fitting, {.allow_missing = true});
  return result;
}

void Trainer::load(const std::filesystem::path& file) {
  const Safetensors data = read_on_rank_0(ranks_, file);
  dist::together(ranks_, [&] { take_up(data, file); });
}

void Trainer::take_up(const Safetensors& data, const std::filesystem::path& file) {
  if (field(data, file, "format") != kFormat) refuse(file, "this is no checkpoint of this version");
  const std::string options = field(data, file, "options");
  if (options != fingerprint()) {
    refuse(file, fmt::format("it belongs to a run with other options: [{}], this one has [{}]",
                             options, fingerprint()));
  }
  const std::int64_t step = number(field(data, file, "step"), file);
  try {
    // Everything is looked at before anything is changed.
    Optimizer optimizer = optimizer_;
    optimizer.load_state(part(data, kOptimizer), step);
    ConfusionMatrix confusion = confusion_in(data, confusion_.classes());
    nn::load_parameters(net_, part(data, kParameter));
    optimizer_ = std::move(optimizer);
    confusion_ = std::move(confusion);
  } catch (const std::invalid_argument& error) {
    refuse(file, error.what());
  }
}

}  // namespace voxloom::train
