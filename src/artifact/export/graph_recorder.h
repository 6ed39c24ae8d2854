// Writes down what a network does to symbols, as operations of a graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "artifact/graph/op_spec.h"
#include "voxloom/graph_builder.h"
#include "voxloom/recorder.h"

namespace voxloom::artifact {

// Names of arrays, by their first byte and their number of bytes: a part of an array is another one.
using ArrayPlace = std::pair<const std::byte*, std::size_t>;
using ArrayNames = std::map<ArrayPlace, std::string>;

// Constants become weights, under the names that their arrays have.
class GraphRecorder final : public autograd::Recorder {
 public:
  GraphRecorder(GraphBuilder& builder, const ArrayNames& names);
  // The trace is over and its builder may go: whoever has kept a symbol is refused from now on.
  void close() { b_ = nullptr; }
  // Of an array that is first met in a later call; the name of one that has one stays.
  void name(const Tensor& array, const std::string& name) {
    name_place({array.raw(), array.bytes()}, name);
  }

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
  void name_place(const ArrayPlace& place, const std::string& name);
  [[nodiscard]] std::string storage_key(const Tensor& array);

  [[nodiscard]] GraphBuilder& builder() const;

  GraphBuilder* b_;
  ArrayNames names_;
  std::set<std::string> taken_;  // the names of all arrays
  std::set<std::string> keys_;   // of what is stored
  struct Stored {
    ValueRef value;
    Weight array;  // held, so that its address stays its own
  };
  // By the array's first byte and by what it is stored as: operations may read one array in several shapes.
  std::map<std::pair<const std::byte*, std::vector<std::int64_t>>, Stored> weights_;
  std::vector<Entry> entries_;
};

}  // namespace voxloom::artifact
