// Tracing: running a network on values that are not there, to write down what it does.
//
// A variable can be a symbol. Operations on symbols compute nothing; each hands a recorder its name,
// its operands and its options as data, and gets the symbol of its result. artifact::export_module makes
// a bundle that way, of any module: what it runs is what it exports.
//
// Steps that depend on values cannot be written down: asking a symbol for its rows, its numbers or its
// batches throws TraceError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "voxloom/attributes.h"
#include "voxloom/autograd.h"
#include "voxloom/export.h"
#include "voxloom/weight.h"

namespace VOXLOOM_API voxloom {
namespace autograd {

// A packed weight is a constant; gradients go through it to the features.
using VariableWeight = std::variant<Variable, QuantizedWeight>;

class Recorder;

// What is known of a value that is not there.
struct Symbol {
  std::shared_ptr<Recorder> recorder;
  int id = -1;  // the recorder's own
  bool is_sparse = true;
  std::int64_t channels = -1;  // of its last axis; -1: not known
  DType dtype = DType::f32;
  std::optional<Triple> stride = {};  // of a sparse one, where it is known
};

// One call. Names are those of the operation's row without its dialect: "conv3d" with the operands
// "input", "weight" and "bias". Operands that are undefined stand for none.
struct OperationCall {
  struct Operand {
    std::string_view name;
    VariableWeight value;
  };
  std::string_view name;
  std::vector<Operand> operands;
  Attributes attributes = {};
  std::size_t result = 0;  // which of the operation's results is asked for
};

class Recorder : public std::enable_shared_from_this<Recorder> {
 public:
  Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  virtual ~Recorder() = default;

  // Operands are symbols of this recorder, or constants: parameters, say. std::invalid_argument where
  // the call cannot be written down.
  [[nodiscard]] virtual Variable record(const OperationCall& call) = 0;
};

// A step of a network asked for what a symbol does not have. `parts` are the modules that the step stands
// in, the innermost first.
class TraceError : public std::invalid_argument {
 public:
  explicit TraceError(std::string asked, std::vector<std::string> parts = {});
  [[nodiscard]] const std::string& asked() const { return asked_; }
  [[nodiscard]] const std::vector<std::string>& parts() const { return parts_; }

 private:
  std::string asked_;
  std::vector<std::string> parts_;
};

}  // namespace autograd
}  // namespace voxloom
