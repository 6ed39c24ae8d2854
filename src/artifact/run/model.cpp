// Running a bundle: what to run, in which order, and when each value may go is decided at load.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "artifact/bundle/bundle.h"
#include "artifact/graph/inference.h"
#include "artifact/graph/reporter.h"
#include "artifact/run/call.h"
#include "artifact/run/constants.h"
#include "artifact/run/input_binding.h"
#include "artifact/run/set_memory.h"
#include "artifact/run/simplify.h"
#include "artifact/verify/verifier.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

// One operation, ready to run.
struct Part {
  const Graph::Op* op = nullptr;
  const OpSpec* spec = nullptr;
  std::vector<Slot> slots = {};
  std::vector<bool> wanted = {};  // results that somebody looks at
};

// One operation, or a chain that runs as one where its sites allow it.
struct Step {
  std::vector<Part> parts = {};
  std::optional<Chain> chain = {};
  std::size_t convolution = 0;      // of the chain, among the parts
  std::vector<int> last_uses = {};  // values that may go when this step is done
};

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
    static_cast<void>(verify(bundle_.graph, &file, reporter, weight_reporter));
    require(!has_errors(diagnostics), "artifact", "{}",
            has_errors(diagnostics) ? summary(diagnostics) : "");
    drop_unnamed_arrays();
    graph_ = bundle_.graph;
    constants_ = load_constants(graph_, bundle_.weights);
    if (options_.fuse) fold_batch_norms(graph_, constants_);
    make_steps();
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

  [[nodiscard]] Part part_of(const Graph::Op& op, const std::vector<bool>& needed) const {
    Part part{.op = &op, .spec = find_op(op.name)};
    part.slots =
        *match_operands(*part.spec, kinds_of(graph_, op));  // the verifier has seen that they fit
    for (const int value : op.results) {
      part.wanted.push_back(needed[static_cast<std::size_t>(value)]);
    }
    return part;
  }

  void make_steps() {
    const std::vector<bool> needed = needed_values(graph_);
    std::map<int, Chain> chains;  // by their last operation, where they run
    std::set<int> in_chain;
    if (options_.fuse) {
      for (Chain& chain : find_chains(graph_)) {
        in_chain.insert(chain.ops.begin(), chain.ops.end());
        chains.emplace(chain.ops.back(), std::move(chain));
      }
    }
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      const Graph::Op& op = graph_.ops[i];
      const int number = static_cast<int>(i);
      const auto chain = chains.find(number);
      if (op.name == kWeightOp || (in_chain.contains(number) && chain == chains.end())) continue;
      const auto is_needed = [&](int value) { return needed[static_cast<std::size_t>(value)]; };
      if (std::ranges::none_of(op.results, is_needed)) continue;
      steps_.push_back(chain == chains.end() ? Step{.parts = {part_of(op, needed)}}
                                             : step_of(std::move(chain->second), needed));
    }
    find_last_uses();
  }

  [[nodiscard]] Step step_of(Chain chain, const std::vector<bool>& needed) const {
    Step step;
    for (const int number : chain.ops) {
      if (number == chain.convolution) step.convolution = step.parts.size();
      step.parts.push_back(part_of(graph_.ops[static_cast<std::size_t>(number)], needed));
    }
    step.chain = std::move(chain);
    return step;
  }

  // From the back: the first step met that uses a value is its last use.
  void find_last_uses() {
    std::vector<bool> used(graph_.values.size());
    for (const Graph::Output& output : graph_.outputs) {
      used[static_cast<std::size_t>(output.value)] = true;
    }
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      for (const Part& part : step->parts) {
        for (const int value : part.op->operands) {
          if (used[static_cast<std::size_t>(value)]) continue;
          used[static_cast<std::size_t>(value)] = true;
          step->last_uses.push_back(value);
        }
      }
    }
  }

  void run_step(const Step& step, std::vector<RuntimeValue>& values,
                Environment& environment) const {
    if (!step.chain || !run_chain(step, values, environment)) {
      for (const Part& part : step.parts) run_part(part, values, environment);
    }
    for (const int id : step.last_uses) values[static_cast<std::size_t>(id)] = std::monostate{};
  }

  [[nodiscard]] Call call_of(const Part& part, const std::vector<RuntimeValue>& values,
                             Environment& environment) const {
    std::vector<const RuntimeValue*> operands;
    for (const int id : part.op->operands) {
      const auto index = static_cast<std::size_t>(id);
      const bool constant = !std::holds_alternative<std::monostate>(constants_[index]);
      operands.push_back(constant ? &constants_[index] : &values[index]);
    }
    return {OpView(*part.spec, *part.op, part.slots), std::move(operands), part.wanted,
            environment};
  }

  void run_part(const Part& part, std::vector<RuntimeValue>& values,
                Environment& environment) const {
    Call call = call_of(part, values, environment);
    try {
      part.spec->run(call);
    } catch (const std::invalid_argument& error) {
      rethrow_at(graph_, *part.op, error.what());
    }
    for (std::size_t i = 0; i < part.op->results.size(); ++i) {
      if (!part.wanted[i]) continue;
      values[static_cast<std::size_t>(part.op->results[i])] = std::move(call.results()[i]);
    }
  }

  // False: its parts have to run one by one.
  bool run_chain(const Step& step, std::vector<RuntimeValue>& values,
                 Environment& environment) const {
    const Part& part = step.parts[step.convolution];
    Call call = call_of(part, values, environment);
    FusedTail tail{.relu = step.chain->rectifier >= 0};
    if (step.chain->residual >= 0) {
      tail.residual =
          &std::get<SparseTensor>(values[static_cast<std::size_t>(step.chain->residual)]);
    }
    try {
      if (!part.spec->run_fused(call, tail)) return false;
    } catch (const std::invalid_argument& error) {
      rethrow_at(graph_, *part.op, error.what());
    }
    values[static_cast<std::size_t>(step.chain->result)] = std::move(call.results()[0]);
    return true;
  }

  [[nodiscard]] Results collect(const std::vector<RuntimeValue>& values) const {
    Results results;
    for (const Graph::Output& output : graph_.outputs) {
      const RuntimeValue& value = values[static_cast<std::size_t>(output.value)];
      if (const auto* tensor = std::get_if<Tensor>(&value)) {
        check_output(output, *tensor);
        results.emplace(output.name, *tensor);
      } else {
        results.emplace(output.name, std::get<SparseTensor>(value));
      }
    }
    return results;
  }

  // A graph may write sizes that only its inputs decide, such as a number of batches; whoever reads a
  // result relies on them.
  void check_output(const Graph::Output& output, const Tensor& tensor) const {
    const auto& type = std::get<TensorType>(graph_.value(output.value).type);
    require(std::ranges::equal(type.dims, tensor.shape(), may_equal), "run",
            "output '{}' is written as {}, but has shape {} with these inputs", output.name, type,
            tensor.shape());
  }

  Bundle bundle_;
  Graph graph_;  // the bundle's, simplified
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
