// The text form as it stands: names not yet resolved, nothing checked but the grammar.
#pragma once

#include <string>
#include <vector>

#include "voxloom/graph.h"

namespace voxloom::artifact {

struct NameSyntax {
  std::string name;
  Position position;
};

struct TypeSyntax {
  ValueType type;
  Position position;
};

struct AttributeSyntax {
  std::string name;
  Position position;  // of the name; the attribute knows its value's
  Attribute value;
};

struct ArgumentSyntax {
  NameSyntax name;
  TypeSyntax type;
};

// `%r = lattice.OP @symbol %a, %b {attributes} : (operand types) -> result types`.
// `%r:3` defines the names r#0, r#1 and r#2.
struct OpSyntax {
  NameSyntax name;
  std::vector<NameSyntax> results;
  std::string symbol;
  std::vector<NameSyntax> operands;
  std::vector<AttributeSyntax> attributes;
  std::vector<TypeSyntax> operand_types;
  std::vector<TypeSyntax> result_types;
};

struct FunctionSyntax {
  NameSyntax name;
  std::vector<ArgumentSyntax> arguments;
  std::vector<TypeSyntax> results;
  std::vector<OpSyntax> ops;
  std::vector<NameSyntax> returned;
  std::vector<TypeSyntax> returned_types;
  Position return_position;
};

struct ModuleSyntax {
  Position position;
  std::vector<AttributeSyntax> attributes;
  FunctionSyntax function;
};

}  // namespace voxloom::artifact
