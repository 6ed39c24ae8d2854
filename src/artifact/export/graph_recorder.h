// Writes down what a network does to symbols, as operations of a graph.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "artifact/graph/op_spec.h"
#include "voxloom/graph_builder.h"
#include "voxloom/recorder.h"

namespace voxloom::artifact {

// Names of arrays, by their first byte.
using ArrayNames = std::map<const std::byte*, std::string>;

// Constants become weights, under the names that their arrays have.
class GraphRecorder final : public autograd::Recorder {
 public:
  GraphRecorder(GraphBuilder& builder, ArrayNames names);
  // Of an array that is first met in a later call; the name of one that has one stays.
  void name(const std::byte* array, std::string name) { names_.emplace(array, std::move(name)); }

  // A value of the graph as a symbol, and the other way round.
  [[nodiscard]] autograd::Variable symbol_of(ValueRef value);
  [[nodiscard]] ValueRef value_of(const autograd::Variable& symbol);

  [[nodiscard]] autograd::Variable record(const autograd::OperationCall& call) override;

 private:
  // Operations on rows change features alone. A sparse tensor is put together only where one is asked
  // for: chains of them meet no tensor in between.
  struct Entry {
    ValueRef sites = {};     // a sparse tensor on these rows; none: dense
    ValueRef features = {};  // none: not taken out yet
    ValueRef whole = {};     // none: not put together yet
  };

  [[nodiscard]] autograd::Variable add(const Entry& entry);
  [[nodiscard]] Entry& entry_of(const autograd::Variable& symbol);
  [[nodiscard]] ValueRef whole(Entry& entry);
  [[nodiscard]] ValueRef features(Entry& entry);
  [[nodiscard]] ValueRef operand(const autograd::OperationCall& call, const OperandSpec& spec,
                                 const autograd::VariableWeight& value);
  [[nodiscard]] ValueRef weight(const autograd::OperationCall& call, const OperandSpec& spec,
                                const Weight& value);
  [[nodiscard]] ValueRef make_weight(const autograd::OperationCall& call, const OperandSpec& spec,
                                     const std::string& key, const Weight& value);

  GraphBuilder& b_;
  ArrayNames names_;
  struct Stored {
    ValueRef value;
    Weight array;  // held, so that its address stays its own
  };
  std::map<const std::byte*, Stored> weights_;
  std::vector<Entry> entries_;
};

}  // namespace voxloom::artifact
