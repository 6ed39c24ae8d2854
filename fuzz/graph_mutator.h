// Changes bundles: operations, attributes, operands, values' types, weights, the boundary. The changes
// are read from a fuzzer's bytes, so that it learns which of them lead somewhere new.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "artifact/graph/op_spec.h"
#include "check.h"
#include "draw.h"
#include "graph_bases.h"

namespace voxloom::fuzz {

using artifact::Attribute;
using artifact::ElementType;
using artifact::Graph;

class Mutator {
 public:
  Mutator(Bundle& bundle, Draw& draw) : bundle_(bundle), graph_(bundle.graph), draw_(draw) {}

  void mutate() {
    switch (draw_.below(14)) {
      case 0:
      case 1:
      case 2: return change_attribute();
      case 3: return move_attribute();
      case 4:
      case 5: return change_operand();
      case 6: return rename_op();
      case 7: return move_op();
      case 8: return change_type();
      case 9:
      case 10: return change_weight();
      case 11: return change_input();
      case 12: return change_output();
      default: graph_.extensions = !graph_.extensions;
    }
  }

 private:
  Graph::Op* an_op() { return graph_.ops.empty() ? nullptr : &draw_.one_of(graph_.ops); }

  template <typename T>
  void change_list(std::vector<T>& list, T value) {
    const std::size_t at = draw_.below(list.size() + 1);
    if (at == list.size()) {
      list.push_back(value);
    } else if (draw_.below(4) == 0) {
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      list[at] = value;
    }
  }

  void change(bool& value) { value = !value; }
  void change(std::int64_t& value) { value = draw_.integer(); }
  void change(float& value) { value = static_cast<float>(draw_.real()); }
  void change(double& value) { value = draw_.real(); }
  void change(std::string& value) { value = draw_.flag() ? some_word() : value + "x"; }
  void change(std::vector<std::int64_t>& value) { change_list(value, draw_.integer()); }
  void change(std::vector<double>& value) { change_list(value, draw_.real()); }
  void change(std::vector<std::string>& value) { change_list(value, some_word()); }
  void change(EnumValue& value) {
    switch (draw_.below(4)) {
      case 0: value.kind = some_word(); break;
      case 1: value.parameters.emplace_back(some_word(), some_word()); break;
      default: value.value = some_word();
    }
  }

  // A word of the language: a choice of some attribute, or a number.
  std::string some_word() {
    const std::vector<const artifact::OpSpec*>& specs = all_specs();
    const artifact::OpSpec& spec = *draw_.one_of(specs);
    if (spec.attributes.empty()) return std::to_string(draw_.integer());
    const artifact::AttributeSpec& attribute = draw_.one_of(spec.attributes);
    if (attribute.choices.empty()) return std::string(attribute.name);
    return std::string(draw_.one_of(attribute.choices));
  }

  static const std::vector<const artifact::OpSpec*>& all_specs() {
    static const std::vector<const artifact::OpSpec*> specs = artifact::all_ops();
    return specs;
  }

  Attribute* an_attribute(Graph::Op& op) {
    if (op.attributes.empty()) return nullptr;
    auto place = op.attributes.begin();
    std::advance(place, static_cast<std::ptrdiff_t>(draw_.below(op.attributes.size())));
    return &place->second;
  }

  void change_attribute() {
    Graph::Op* op = an_op();
    Attribute* attribute = op == nullptr ? nullptr : an_attribute(*op);
    if (attribute == nullptr) return;
    std::visit([&](auto& value) { change(value); }, attribute->value);
  }

  // Takes one out, or puts one in that some operation has.
  void move_attribute() {
    Graph::Op* op = an_op();
    if (op == nullptr) return;
    if (draw_.flag() && !op->attributes.empty()) {
      auto place = op->attributes.begin();
      std::advance(place, static_cast<std::ptrdiff_t>(draw_.below(op->attributes.size())));
      op->attributes.erase(place);
      return;
    }
    const artifact::OpSpec* spec = artifact::find_op(op->name);
    if (spec == nullptr || spec->attributes.empty() || draw_.below(4) == 0) {
      spec = draw_.one_of(all_specs());
    }
    if (spec->attributes.empty()) return;
    const artifact::AttributeSpec& attribute = draw_.one_of(spec->attributes);
    op->attributes.insert_or_assign(std::string(attribute.name), value_of(attribute));
  }

  Attribute value_of(const artifact::AttributeSpec& attribute) {
    using artifact::AttributeKind;
    if (attribute.fallback) return {*attribute.fallback};
    switch (attribute.kind) {
      case AttributeKind::boolean: return {draw_.flag()};
      case AttributeKind::integer: return {draw_.integer()};
      case AttributeKind::f32: return {static_cast<float>(draw_.real())};
      case AttributeKind::integers:
        return {artifact::AttributeValue(std::vector<std::int64_t>{0, 0, 0, 1, 1, 1})};
      case AttributeKind::triple: return {Triple(1)};
      case AttributeKind::f64_triple: return {std::array<double, 3>{1, 1, 1}};
      case AttributeKind::string: return {some_word()};
      default: return {EnumValue{std::string(attribute.enum_kind), some_word()}};
    }
  }

  // Mostly one that is there.
  int some_value() {
    if (draw_.below(16) == 0) return static_cast<int>(draw_.integer());
    return static_cast<int>(draw_.below(graph_.values.size() + 1)) - (draw_.below(32) == 0 ? 1 : 0);
  }

  void change_operand() {
    Graph::Op* op = an_op();
    if (op == nullptr) return;
    if (draw_.below(6) == 0 && !op->results.empty()) {
      draw_.one_of(op->results) = some_value();
    } else if (op->operands.size() > 1 && draw_.below(5) == 0) {
      std::swap(draw_.one_of(op->operands), draw_.one_of(op->operands));
    } else {
      change_list(op->operands, some_value());
    }
  }

  void rename_op() {
    if (Graph::Op* op = an_op()) op->name = std::string(draw_.one_of(all_specs())->name);
  }

  // Another place, out of the graph, or a second time with results of its own.
  void move_op() {
    if (graph_.ops.empty()) return;
    const auto at = static_cast<std::ptrdiff_t>(draw_.below(graph_.ops.size()));
    Graph::Op op = graph_.ops[static_cast<std::size_t>(at)];
    if (draw_.flag()) {
      for (int& result : op.results) {
        if (result < 0 || static_cast<std::size_t>(result) >= graph_.values.size()) continue;
        Graph::Value value = graph_.value(result);
        value.name += "_" + std::to_string(graph_.values.size());
        result = static_cast<int>(graph_.values.size());
        graph_.values.push_back(std::move(value));
      }
    } else {
      graph_.ops.erase(graph_.ops.begin() + at);
      if (draw_.flag()) return;
    }
    const auto to = static_cast<std::ptrdiff_t>(draw_.below(graph_.ops.size() + 1));
    graph_.ops.insert(graph_.ops.begin() + to, std::move(op));
  }

  ElementType some_element() {
    constexpr std::array<ElementType, 6> kAll = {ElementType::i4,  ElementType::i8,
                                                 ElementType::i32, ElementType::f16,
                                                 ElementType::f32, ElementType::bf16};
    return draw_.one_of(kAll);
  }

  void change_type() {
    if (graph_.values.empty()) return;
    artifact::ValueType& type = draw_.one_of(graph_.values).type;
    if (auto* tensor = std::get_if<artifact::TensorType>(&type)) {
      if (draw_.below(3) == 0) {
        tensor->element = some_element();
      } else {
        change_list(tensor->dims, draw_.integer());
      }
    } else if (auto* sparse = std::get_if<artifact::SparseType>(&type)) {
      sparse->element = some_element();
    } else {
      constexpr std::array<WeightFamily, 6> kAll = {WeightFamily::conv3d,    WeightFamily::linear,
                                                    WeightFamily::embedding, WeightFamily::channel,
                                                    WeightFamily::bias,      WeightFamily::kernel};
      auto& weight = std::get<artifact::WeightType>(type);
      if (draw_.flag()) {
        weight.element = some_element();
      } else {
        weight.family = draw_.one_of(kAll);
      }
    }
  }

  // Another shape or type of at most some thousand elements, strange values, or gone.
  void change_weight() {
    if (bundle_.weights.empty()) return;
    auto place = bundle_.weights.begin();
    std::advance(place, static_cast<std::ptrdiff_t>(draw_.below(bundle_.weights.size())));
    Tensor& array = place->second;
    constexpr std::array<DType, 8> kTypes = {DType::f32, DType::f16, DType::bf16, DType::f64,
                                             DType::i32, DType::i64, DType::u32,  DType::u8};
    Shape shape = array.shape();
    DType type = array.dtype();
    switch (draw_.below(6)) {
      case 0: bundle_.weights.erase(place); return;
      case 1: type = draw_.one_of(kTypes); break;
      case 2: change_list(shape, static_cast<std::int64_t>(draw_.below(9))); break;
      case 3: {
        array = array.clone();
        if (array.dtype() != DType::f32 || array.size() == 0) return;
        const auto values = array.mutable_span<float>();
        values[draw_.below(values.size())] = static_cast<float>(draw_.real());
        return;
      }
      default:
        if (!shape.empty()) draw_.one_of(shape) = static_cast<std::int64_t>(draw_.below(9));
    }
    std::int64_t size = 1;
    for (const std::int64_t dim : shape) size *= dim;
    if (size <= 20000) array = Tensor::zeros(shape, type);
  }

  void change_input() {
    if (graph_.inputs.empty()) return;
    Graph::Input& input = draw_.one_of(graph_.inputs);
    switch (draw_.below(4)) {
      case 0: input.value = some_value(); break;
      case 1: input.name = draw_.flag() ? "" : draw_.one_of(graph_.inputs).name; break;
      case 2:
        graph_.inputs.erase(graph_.inputs.begin() +
                            static_cast<std::ptrdiff_t>(draw_.below(graph_.inputs.size())));
        break;
      default: input.role = static_cast<artifact::InputRole>(draw_.below(4));
    }
  }

  void change_output() {
    if (graph_.outputs.empty() || draw_.below(3) == 0) {
      graph_.outputs.push_back({.name = "more" + std::to_string(graph_.outputs.size()),
                                .role = static_cast<artifact::OutputRole>(draw_.below(2)),
                                .value = some_value()});
      return;
    }
    Graph::Output& output = draw_.one_of(graph_.outputs);
    switch (draw_.below(4)) {
      case 0: output.name = draw_.one_of(graph_.outputs).name; break;
      case 1: output.role = static_cast<artifact::OutputRole>(draw_.below(2)); break;
      case 2:
        graph_.outputs.erase(graph_.outputs.begin() +
                             static_cast<std::ptrdiff_t>(draw_.below(graph_.outputs.size())));
        break;
      default: output.value = some_value();
    }
  }

  Bundle& bundle_;
  Graph& graph_;
  Draw& draw_;
};

// One of the bases, changed up to eight times.
inline Bundle mutated_bundle(Draw& draw) {
  Bundle bundle = draw.one_of(bases());
  const std::size_t times = draw.below(9);
  for (std::size_t i = 0; i < times && !draw.is_empty(); ++i) Mutator(bundle, draw).mutate();
  return bundle;
}

// The bases are right, and leave no operation out.
inline void check_bases() {
  std::vector<std::string> seen;
  for (const Bundle& base : bases()) {
    require(artifact::verify_bundle(base).empty());
    for (const Graph::Op& op : base.graph.ops) seen.push_back(op.name);
  }
  bool is_complete = true;
  for (const artifact::OpSpec* spec : artifact::all_ops()) {
    if (std::ranges::find(seen, spec->name) != seen.end()) continue;
    is_complete = false;
    std::fprintf(stderr, "no base of the graph fuzzers holds %s\n",
                 std::string(spec->name).c_str());
  }
  require(is_complete);
}

}  // namespace voxloom::fuzz
