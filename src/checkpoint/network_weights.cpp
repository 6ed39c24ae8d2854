#include "checkpoint/network_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "voxloom/error.h"

namespace voxloom::checkpoint {
namespace {

constexpr std::string_view kNetworkWeightsOp = "import_network";
constexpr std::array<std::string_view, 4> kNormKeys = {".weight", ".bias", ".running_mean",
                                                       ".running_var"};

template <typename... Args>
[[noreturn]] void fail_format(fmt::format_string<Args...> text, Args&&... args) {
  throw FormatError(
      fmt::format("[{}] {}", kNetworkWeightsOp, fmt::format(text, std::forward<Args>(args)...)));
}

bool is_kernel_called_kernel(Library library) {
  return library == Library::minkowski || library == Library::torchsparse;
}

Tensor as_float(const Tensor& tensor) {
  if (tensor.dtype() != DType::f64) return tensor.to(DType::f32);
  Tensor result = Tensor::empty(tensor.shape(), DType::f32);
  std::ranges::transform(tensor.span<double>(), result.mutable_span<float>().begin(),
                         [](double value) { return static_cast<float>(value); });
  return result;
}

}  // namespace

NetworkWeights::NetworkWeights(const Checkpoint& checkpoint, const Network& network,
                               const ImportOptions& options)
    : checkpoint_(checkpoint), network_(network), options_(options) {
  report_.axes = options.axes.value_or(network.about.axes);
  report_.prefix = options.prefix ? *options.prefix : find_prefix();
  report_.library = options.from ? *options.from
                                 : library_of(products_of(report_.prefix), network.about.libraries);
  require_complete();
}

std::string NetworkWeights::product_key(const std::string& name, bool is_linear) const {
  const bool is_kernel = is_kernel_called_kernel(report_.library) && !is_linear;
  return report_.prefix + name + (is_kernel ? ".kernel" : ".weight");
}

bool NetworkWeights::has_product(const std::string& name) const {
  return checkpoint_.tensors.contains(product_key(name, false));
}

// Whatever stands before the first product's name; where several do, the one that the most of the
// network's names stand behind.
std::string NetworkWeights::find_prefix() const {
  const std::string& first = network_.steps.front().product;
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const auto& [key, tensor] : checkpoint_.tensors) {
    for (const std::string& ending : {first + ".weight", first + ".kernel"}) {
      if (!key.ends_with(ending)) continue;
      std::string prefix = key.substr(0, key.size() - ending.size());
      if (!prefix.empty() && prefix.back() != '.') continue;
      const std::size_t products = products_of(prefix).size();
      found.emplace_back(products, std::move(prefix));
    }
  }
  if (found.empty()) {
    fail_format("none of the checkpoint's {} tensors is called as {}'s first convolution, '{}'{}",
                checkpoint_.tensors.size(), network_.about.name, first,
                checkpoint_.tensors.empty()
                    ? std::string()
                    : fmt::format("; there is '{}', say", checkpoint_.tensors.begin()->first));
  }
  std::ranges::sort(found, std::ranges::greater{});
  require(found.size() == 1 || found[0].first > found[1].first, kNetworkWeightsOp,
          "the network's names stand behind '{}' and behind '{}': say which (prefix)",
          found[0].second, found.size() > 1 ? found[1].second : "");
  return found[0].second;
}

// What can tell the library: the network's convolutions, and what stands beside them.
TensorMap NetworkWeights::products_of(const std::string& prefix) const {
  TensorMap tensors;
  const auto add = [&](const std::string& key) {
    const auto found = checkpoint_.tensors.find(prefix + key);
    if (found != checkpoint_.tensors.end()) tensors.insert(*found);
  };
  for (const Step& step : network_.steps) {
    for (const std::string& name : {step.product, step.product2, step.shortcut}) {
      for (const char* ending : {".weight", ".kernel", ".bias"}) {
        if (!name.empty() && !step.is_linear) add(name + ending);
      }
    }
    if (!step.norm.empty()) add(step.norm + ".running_mean");
  }
  return tensors;
}

// Without shortcuts: blocks whose channels stay have none.
std::set<std::string> NetworkWeights::keys_needed() const {
  std::set<std::string> keys;
  for (const Step& step : network_.steps) {
    for (const std::string& name : {step.product, step.product2}) {
      if (!name.empty()) keys.insert(product_key(name, step.is_linear));
    }
    std::vector<std::string> norms = {step.norm, step.norm2};
    if (!step.shortcut.empty() && has_product(step.shortcut)) norms.push_back(step.shortcut_norm);
    for (const std::string& name : norms) {
      for (const std::string_view ending : kNormKeys) {
        if (!name.empty()) keys.insert(report_.prefix + name + std::string(ending));
      }
    }
    if (step.act == Act::head) keys.insert(report_.prefix + step.product + ".bias");
  }
  return keys;
}

std::vector<std::string> NetworkWeights::keys_missing() const {
  std::vector<std::string> missing;
  for (const std::string& key : keys_needed()) {
    if (checkpoint_.tensors.contains(key)) continue;
    const auto other = checkpoint_.others.find(key);
    missing.push_back(other == checkpoint_.others.end()
                          ? key
                          : fmt::format("{} (which is {})", key, other->second));
  }
  return missing;
}

void NetworkWeights::require_complete() const {
  const std::vector<std::string> missing = keys_missing();
  if (missing.empty()) return;
  fail_format("the checkpoint lacks {} of the {} tensors of {} as {} keeps it: {}", missing.size(),
              keys_needed().size(), network_.about.name, name_of(report_.library),
              fmt::join(missing, ", "));
}

Tensor NetworkWeights::take(const std::string& key) {
  const auto found = checkpoint_.tensors.find(key);
  if (found == checkpoint_.tensors.end()) fail_format("the checkpoint lacks '{}'", key);
  const Tensor& tensor = found->second;
  used_.insert(key);
  if (!is_feature_dtype(tensor.dtype()) && tensor.dtype() != DType::f64) {
    fail_format("'{}' should hold real numbers, got {}", key, name_of(tensor.dtype()));
  }
  if (tensor.dtype() == DType::f64) rounded_.insert(key);
  return as_float(tensor);
}

// (C), or (1, C).
Tensor NetworkWeights::take_row(const std::string& key, std::int64_t channels) {
  const Tensor row = take(key);
  if (row.size() != channels || row.rank() == 0 || row.shape().back() != channels) {
    fail_format("'{}' should have {} channels, got {}", key, channels, to_string(row.shape()));
  }
  return row.reshape({channels});
}

NetworkWeights::Product NetworkWeights::product(const std::string& name, const Along& kernel,
                                                bool is_linear) {
  const std::string key = product_key(name, is_linear);
  Product product{.weight = take(key)};
  if (is_linear) {
    if (product.weight.rank() != 2) {
      fail_format("'{}' should be (C_out, C_in), got {}", key, to_string(product.weight.shape()));
    }
    product.in = product.weight.dim(1);
    product.out = product.weight.dim(0);
  } else {
    try {
      product.weight = to_kernel_major(product.weight, {.library = report_.library,
                                                        .kernel_size = along_ours(kernel),
                                                        .axes = report_.axes,
                                                        .pointwise = options_.pointwise});
    } catch (const std::invalid_argument& error) {
      fail_format("'{}': {}", key, error.what());
    }
    product.in = product.weight.dim(product.weight.rank() - 2);
    product.out = product.weight.shape().back();
  }
  const std::string bias = report_.prefix + name + ".bias";
  if (checkpoint_.tensors.contains(bias)) product.bias = take_row(bias, product.out);
  return product;
}

NetworkWeights::Norm NetworkWeights::norm(const std::string& name) {
  const std::string key = report_.prefix + name;
  const std::int64_t channels = take(key + ".weight").size();
  return {.scale = take_row(key + ".weight", channels),
          .bias = take_row(key + ".bias", channels),
          .mean = take_row(key + ".running_mean", channels),
          .variance = take_row(key + ".running_var", channels)};
}

Triple NetworkWeights::along_ours(const Along& sizes) const {
  return report_.axes == Axes::xyz ? Triple(sizes[0], sizes[1], sizes[2])
                                   : Triple(sizes[2], sizes[1], sizes[0]);
}

bool NetworkWeights::is_passed_over(const std::string& key) const {
  return std::ranges::any_of(network_.passed_over, [&](const std::string& start) {
    return key.starts_with(report_.prefix + start);
  });
}

ImportReport NetworkWeights::finish() {
  std::vector<std::string> left_over;
  for (const auto& [key, tensor] : checkpoint_.tensors) {
    if (used_.contains(key)) continue;
    if (key.ends_with(".num_batches_tracked")) {
      report_.statistics.push_back(key);
      continue;
    }
    report_.unused.push_back(key);
    const bool is_known = is_passed_over(key);
    if (!is_known && key.starts_with(report_.prefix)) left_over.push_back(key);
  }
  if (!left_over.empty() && !options_.allow_unused) {
    fail_format(
        "{} has no use for {} of the checkpoint's tensors below '{}', so that it is another "
        "network, or has more parts: {}",
        network_.about.name, left_over.size(), report_.prefix, fmt::join(left_over, ", "));
  }
  report_.used = used_.size();
  report_.notes = network_.notes;
  if (!rounded_.empty()) {
    report_.notes.push_back(
        fmt::format("{} tensors of float64 were rounded to float32", rounded_.size()));
  }
  return std::move(report_);
}

}  // namespace voxloom::checkpoint
