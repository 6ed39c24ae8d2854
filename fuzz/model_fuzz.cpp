// A graph without errors runs on any inputs, or refuses them with one of two errors; and the same way
// when it runs again, and when norms and chains are not fused. What it gives is what its types say.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>

#include "graph_mutator.h"
#include "voxloom/error.h"
#include "voxloom/parallel.h"

namespace {

using namespace voxloom;
using namespace voxloom::fuzz;
using artifact::TensorType;

// --- what can be run within a second and some megabytes ---

std::int64_t product_of(const std::vector<std::int64_t>& factors) {
  double product = 1;
  for (const std::int64_t factor : factors)
    product *= static_cast<double>(std::max<std::int64_t>(1, factor));
  return product > 1e9 ? 1'000'000'000 : static_cast<std::int64_t>(product);
}

const std::vector<std::int64_t>* list(const Graph::Op& op, std::string_view name) {
  const auto found = op.attributes.find(name);
  return found == op.attributes.end()
             ? nullptr
             : std::get_if<std::vector<std::int64_t>>(&found->second.value);
}

std::int64_t kernel_volume(const Graph::Op& op) {
  if (const auto* offsets = list(op, "offsets")) return std::ssize(*offsets) / 3;
  const auto* size = list(op, "kernel_size");
  return size == nullptr ? 1 : product_of(*size);
}

// Sites that an operation makes of one.
std::int64_t growth(const Graph::Op& op) {
  if (op.name == "lattice.trilinear_upsample3d") {
    const auto* stride = list(op, "stride");
    return stride == nullptr ? 8 : 8 * product_of(*stride);
  }
  const bool may_grow =
      op.name.find("transpose") != std::string::npos || op.name == "voxloom.conv3d";
  return may_grow ? kernel_volume(op) : 1;
}

bool is_affordable(const Graph& graph) {
  std::vector<std::int64_t> growths;
  for (const Graph::Op& op : graph.ops) {
    if (kernel_volume(op) > 200) return false;
    growths.push_back(growth(op));
    for (const char* name : {"batch_size", "count"}) {
      const auto found = op.attributes.find(name);
      const auto* count =
          found == op.attributes.end() ? nullptr : std::get_if<std::int64_t>(&found->second.value);
      if (count != nullptr && *count > 100) return false;
    }
    if (op.name != "voxloom.to_dense") continue;
    const auto *lo = list(op, "lo"), *hi = list(op, "hi");
    for (std::size_t axis = 0; lo != nullptr && hi != nullptr && axis < 3; ++axis) {
      if (static_cast<double>((*hi)[axis]) - static_cast<double>((*lo)[axis]) > 20) return false;
    }
  }
  return graph.ops.size() <= 80 && product_of(growths) <= 2'000'000;
}

// --- inputs of the types that a graph asks for ---

class Inputs {
 public:
  explicit Inputs(Draw& draw) : draw_(draw), rows_(static_cast<std::int64_t>(draw.below(24))) {}

  // Nothing: one is too large.
  std::optional<TensorMap> of(const Graph& graph) {
    TensorMap inputs;
    for (const Graph::Input& input : graph.inputs) {
      const auto& type = std::get<TensorType>(graph.value(input.value).type);
      Shape shape = type.dims;
      for (std::int64_t& size : shape) {
        if (size < 0) size = draw_.below(40) == 0 ? rows_ / 2 : rows_;
      }
      if (product_of(shape) > 20000) return std::nullopt;
      inputs[input.name] = tensor(shape, artifact::dtype_of_element(type.element));
    }
    return inputs;
  }

 private:
  Tensor tensor(const Shape& shape, DType type) {
    if (type != DType::i32) return floats(shape).to(type);
    Tensor tensor = Tensor::zeros(shape, type);
    const auto values = tensor.mutable_span<std::int32_t>();
    if (shape.size() == 2 && shape[1] == 4) {
      write_sites(values);
    } else if (shape == Shape{1}) {
      values[0] = static_cast<std::int32_t>(rows_);
    } else {
      for (std::int32_t& value : values) value = static_cast<std::int32_t>(draw_.below(3));
    }
    if (!values.empty() && draw_.below(12) == 0) {
      // Beyond three batches the results are as large as that number says.
      const std::size_t at = draw_.below(values.size());
      const bool is_batch = shape.size() == 2 && shape[1] == 4 && at % 4 == 0;
      values[at] = is_batch ? -1 : static_cast<std::int32_t>(draw_.integer());
    }
    return tensor;
  }

  // Distinct ones around the origin, in two batches, on a lattice that strides divide.
  void write_sites(std::span<std::int32_t> values) {
    const auto start = static_cast<std::int32_t>(draw_.byte());
    const std::int32_t step = draw_.flag() ? 6 : 1;
    for (std::size_t i = 0; i + 3 < values.size(); i += 4) {
      const std::int32_t number = (start + static_cast<std::int32_t>(i) * 13) % 250;
      values[i] = number / 125;
      values[i + 1] = (number % 5 - 2) * step;
      values[i + 2] = (number / 5 % 5 - 2) * step;
      values[i + 3] = (number / 25 % 5 - 2) * step;
    }
  }

  Tensor floats(const Shape& shape) {
    Tensor tensor = Tensor::zeros(shape, DType::f32);
    const auto values = tensor.mutable_span<float>();
    auto value = static_cast<float>(draw_.byte()) / 64 - 2;
    for (float& v : values) v = value = value > 2 ? -1.75F : value + 0.4375F;
    if (!values.empty() && draw_.below(8) == 0) {
      values[draw_.below(values.size())] = static_cast<float>(draw_.real());
    }
    return tensor;
  }

  Draw& draw_;
  std::int64_t rows_;
};

// --- what comes out ---

std::optional<artifact::Results> run(const artifact::Model& model, const TensorMap& inputs) {
  try {
    return model.run(inputs);
  } catch (const std::invalid_argument&) {
  } catch (const ResourceError&) {
  }
  return std::nullopt;
}

bool is_of_type(const artifact::Result& result, const artifact::ValueType& type) {
  if (const auto* sparse = std::get_if<SparseTensor>(&result)) {
    return std::holds_alternative<artifact::SparseType>(type) &&
           sparse->dtype() == artifact::dtype_of_element(artifact::element_of(type)) &&
           sparse->features().dim(0) == sparse->coords().size();
  }
  const auto& tensor = std::get<Tensor>(result);
  const auto* wanted = std::get_if<TensorType>(&type);
  return wanted != nullptr && tensor.dtype() == artifact::dtype_of_element(wanted->element) &&
         std::ranges::equal(wanted->dims, tensor.shape(), [](std::int64_t dim, std::int64_t size) {
           return dim == artifact::kDynamic || dim == size;
         });
}

bool have_same_bits(const TensorMap& a, const TensorMap& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    const Tensor &s = x.second, &t = y.second;
    return x.first == y.first && s.shape() == t.shape() && s.dtype() == t.dtype() &&
           std::equal(s.raw(), s.raw() + s.bytes(), t.raw());
  });
}

bool have_same_shapes(const TensorMap& a, const TensorMap& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.shape() == y.second.shape() &&
           x.second.dtype() == y.second.dtype();
  });
}

void check(const Bundle& bundle, Draw& draw) {
  if (artifact::has_errors(artifact::verify_bundle(bundle)) || !is_affordable(bundle.graph)) return;
  const std::optional<TensorMap> inputs = Inputs(draw).of(bundle.graph);
  if (!inputs) return;
  const auto coordinates =
      draw.flag() ? artifact::Coordinates::logical : artifact::Coordinates::physical;
  const auto model = artifact::Model::from_bundle(bundle, {.coordinates = coordinates});
  const auto plain =
      artifact::Model::from_bundle(bundle, {.coordinates = coordinates, .fuse = false});
  const std::optional<artifact::Results> first = run(model, *inputs), again = run(model, *inputs),
                                         unfused = run(plain, *inputs);
  fuzz::require(first.has_value() == again.has_value());
  fuzz::require(first.has_value() == unfused.has_value());
  if (!first) return;
  for (const Graph::Output& output : bundle.graph.outputs) {
    fuzz::require(is_of_type(first->at(output.name), bundle.graph.value(output.value).type));
  }
  TensorMap tensors;
  try {
    tensors = artifact::to_tensors(*first);
  } catch (const std::invalid_argument&) {  // two results share a name
    return;
  }
  fuzz::require(have_same_bits(tensors, artifact::to_tensors(*again)));
  fuzz::require(have_same_shapes(tensors, artifact::to_tensors(*unfused)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool are_right = (check_bases(), true);
  static_cast<void>(are_right);
  Draw draw({data, size});
  const Bundle bundle = mutated_bundle(draw);
  with_threads(1, [&] { check(bundle, draw); });
  return 0;
}
