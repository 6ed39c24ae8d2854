// Running a bundle: what to run, in which order, and when each value may go is decided at load.
#include <algorithm>
#include <utility>

#include "artifact/bundle.h"
#include "artifact/call.h"
#include "artifact/input_binding.h"
#include "artifact/reporter.h"
#include "artifact/set_memory.h"
#include "artifact/verifier.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

// One operation, ready to run.
struct Step {
  const Graph::Op* op = nullptr;
  const OpSpec* spec = nullptr;
  std::vector<Slot> slots = {};
  std::vector<bool> wanted = {};    // results that somebody looks at
  std::vector<int> last_uses = {};  // values that may go when this step is done
};

Weight load_weight(const Graph::Op& op, const TensorMap& arrays) {
  const std::vector<std::string> names = arrays_of(op);
  if (names.size() == 1) return arrays.at(names[0]);
  std::string problem;
  const Packing packing =
      *packing_of(std::get<EnumValue>(op.attributes.at("packing").value), problem);
  QuantizedWeight weight{.codes = arrays.at(names[0]),
                         .scales = arrays.at(names[1]),
                         .biases = arrays.at(names[2]),
                         .bits = packing.bits,
                         .group_size = packing.group_size};
  // How many channels are padding is known only beside an input; Call::weight fills it in.
  weight.in_channels = weight.scales.dim(weight.kernel_volume() == 1 ? 2 : 1) * packing.group_size;
  return weight;
}

// Which values the outputs depend on.
std::vector<bool> needed_values(const Graph& graph) {
  std::vector<bool> needed(graph.values.size());
  const auto mark = [&](int value) { needed[static_cast<std::size_t>(value)] = true; };
  for (const Graph::Output& output : graph.outputs) mark(output.value);
  for (auto op = graph.ops.rbegin(); op != graph.ops.rend(); ++op) {
    const bool runs = std::ranges::any_of(
        op->results, [&](int value) { return needed[static_cast<std::size_t>(value)]; });
    if (runs) std::ranges::for_each(op->operands, mark);
  }
  return needed;
}

// Errors say at which operation they arose.
[[noreturn]] void rethrow_at(const Graph& graph, const Graph::Op& op, const std::string& what) {
  std::string place = fmt::format("%{} = {}", graph.value(op.results[0]).name, op.name);
  if (op.position.line > 0) {
    place = fmt::format("{}:{}:{}, {}", kGraphFile, op.position.line, op.position.column, place);
  }
  throw std::invalid_argument(fmt::format("{} (at {})", what, place));
}

}  // namespace

class Model::Impl {
 public:
  Impl(Bundle bundle, const ModelOptions& options)
      : bundle_(std::move(bundle)), options_(options), sets_(options.remembered_sets) {
    Diagnostics diagnostics;
    Reporter reporter(kGraphFile, diagnostics);
    Reporter weight_reporter(kWeightFile, diagnostics);
    const Safetensors file{.tensors = bundle_.weights, .metadata = {}, .unreadable = {}};
    Verification verification = verify(bundle_.graph, &file, reporter, weight_reporter);
    require(!has_errors(diagnostics), "artifact", "{}",
            has_errors(diagnostics) ? summary(diagnostics) : "");
    drop_unnamed_arrays();
    make_steps(verification);
  }

  [[nodiscard]] const Bundle& bundle() const { return bundle_; }
  [[nodiscard]] const MemoryPool& pool() const { return pool_; }
  void release_memory() const { pool_.trim(); }

  [[nodiscard]] Results run(const TensorMap& inputs) const {
    const PoolScope scope(pool_);
    std::vector<RuntimeValue> values(bundle_.graph.values.size());
    bind_inputs(bundle_.graph, inputs, values);
    CallEnvironment environment(*this);
    for (const Step& step : steps_) run_step(step, values, environment);
    return collect(values);
  }

 private:
  class CallEnvironment final : public Environment {
   public:
    explicit CallEnvironment(const Impl& model) : model_(model) {}
    [[nodiscard]] bool physical_coordinates() const override {
      return model_.options_.coordinates == Coordinates::physical;
    }
    [[nodiscard]] CoordinateSet remembered(const Graph::Op& place,
                                           const CoordinateSet& set) override {
      return model_.sets_.remembered(place, set);
    }
    [[nodiscard]] CoordinateSet remembered(const Graph::Op& place, const Tensor& rows,
                                           const CoordinateSetOptions& options) override {
      return model_.sets_.remembered(place, rows, options);
    }

   private:
    const Impl& model_;
  };

  void drop_unnamed_arrays() {
    TensorMap named;
    for (const Graph::Op& op : bundle_.graph.ops) {
      if (op.name != kWeightOp) continue;
      for (const std::string& name : arrays_of(op)) named.insert(*bundle_.weights.find(name));
    }
    bundle_.weights = std::move(named);
  }

  void make_steps(Verification& verification) {
    const Graph& graph = bundle_.graph;
    const std::vector<bool> needed = needed_values(graph);
    constants_.resize(graph.values.size());
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      const Graph::Op& op = graph.ops[i];
      Step step{.op = &op, .spec = find_op(op.name), .slots = std::move(verification.op_slots[i])};
      for (const int value : op.results) {
        step.wanted.push_back(needed[static_cast<std::size_t>(value)]);
      }
      if (std::ranges::find(step.wanted, true) == step.wanted.end()) continue;
      if (op.name == kWeightOp) {
        constants_[static_cast<std::size_t>(op.results[0])] = load_weight(op, bundle_.weights);
      } else {
        steps_.push_back(std::move(step));
      }
    }
    find_last_uses();
  }

  // From the back: the first step met that uses a value is its last use.
  void find_last_uses() {
    std::vector<bool> used(bundle_.graph.values.size());
    for (const Graph::Output& output : bundle_.graph.outputs) {
      used[static_cast<std::size_t>(output.value)] = true;
    }
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      for (const int value : step->op->operands) {
        if (used[static_cast<std::size_t>(value)]) continue;
        used[static_cast<std::size_t>(value)] = true;
        step->last_uses.push_back(value);
      }
    }
  }

  void run_step(const Step& step, std::vector<RuntimeValue>& values,
                Environment& environment) const {
    std::vector<const RuntimeValue*> operands;
    for (const int id : step.op->operands) {
      const auto index = static_cast<std::size_t>(id);
      const bool constant = !std::holds_alternative<std::monostate>(constants_[index]);
      operands.push_back(constant ? &constants_[index] : &values[index]);
    }
    Call call(OpView(*step.spec, *step.op, step.slots), std::move(operands), step.wanted,
              environment);
    try {
      step.spec->run(call);
    } catch (const std::invalid_argument& error) {
      rethrow_at(bundle_.graph, *step.op, error.what());
    }
    for (std::size_t i = 0; i < step.op->results.size(); ++i) {
      if (!step.wanted[i]) continue;
      values[static_cast<std::size_t>(step.op->results[i])] = std::move(call.results()[i]);
    }
    for (const int id : step.last_uses) values[static_cast<std::size_t>(id)] = std::monostate{};
  }

  [[nodiscard]] Results collect(const std::vector<RuntimeValue>& values) const {
    Results results;
    for (const Graph::Output& output : bundle_.graph.outputs) {
      const RuntimeValue& value = values[static_cast<std::size_t>(output.value)];
      if (const auto* tensor = std::get_if<Tensor>(&value)) {
        results.emplace(output.name, *tensor);
      } else {
        results.emplace(output.name, std::get<SparseTensor>(value));
      }
    }
    return results;
  }

  Bundle bundle_;
  ModelOptions options_;
  std::vector<Step> steps_;
  std::vector<RuntimeValue> constants_;  // weights, by value
  mutable MemoryPool pool_;
  mutable SetMemory sets_;
};

Model Model::load(const std::filesystem::path& folder, const ModelOptions& options) {
  return from_bundle(read_bundle(folder), options);
}

Model Model::from_bundle(Bundle bundle, const ModelOptions& options) {
  return Model(std::make_shared<const Impl>(std::move(bundle), options));
}

Results Model::run(const TensorMap& inputs) const { return impl_->run(inputs); }
const Graph& Model::graph() const { return impl_->bundle().graph; }
const TensorMap& Model::weights() const { return impl_->bundle().weights; }
const MemoryPool& Model::pool() const { return impl_->pool(); }
void Model::release_memory() const { impl_->release_memory(); }

TensorMap to_tensors(const Results& results) {
  TensorMap tensors;
  const auto add = [&](const std::string& name, Tensor tensor) {
    require(tensors.emplace(name, std::move(tensor)).second, "to_tensors",
            "two results would be named '{}'", name);
  };
  for (const auto& [name, result] : results) {
    if (const auto* dense = std::get_if<Tensor>(&result)) {
      add(name, *dense);
      continue;
    }
    const auto& sparse = std::get<SparseTensor>(result);
    const auto rows = static_cast<std::int32_t>(sparse.rows());
    add(name + ".coords", sparse.coords().to_tensor());
    add(name + ".features", sparse.features());
    add(name + ".active", Tensor::from(std::vector<std::int32_t>{rows}, {1}));
  }
  return tensors;
}

}  // namespace voxloom::artifact
