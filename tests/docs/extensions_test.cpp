// docs/artifact_extensions.md has a row for each operation of ours, with its operands and attributes.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <string>

#include "artifact/graph/op_spec.h"
#include "docs/source_folder.h"

namespace voxloom::test {
namespace {

using artifact::AttributeSpec;
using artifact::OpSpec;

bool has_word(const std::string& text, std::string_view word) {
  return std::regex_search(text, std::regex("\\b" + std::string(word) + "\\b"));
}

// The page's row by the operation's name.
std::map<std::string, std::string> rows_of_extensions() {
  std::ifstream page(source_folder() / "docs/artifact_extensions.md");
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `voxloom.")) continue;
    const std::string name = line.substr(3, line.find('`', 3) - 3);
    EXPECT_TRUE(rows.emplace(name, line).second) << name << " has two rows";
  }
  return rows;
}

// Attributes that the row leaves to another operation: "as `lattice.pool3d`".
const OpSpec* spelled_elsewhere(const std::string& row) {
  std::smatch found;
  if (!std::regex_search(row, found, std::regex("as `(lattice\\.[a-z0-9_.]+)`"))) return nullptr;
  return artifact::find_op(found[1].str());
}

TEST(Extensions, StandInThePageWithWhatTheyTake) {
  const std::map<std::string, std::string> rows = rows_of_extensions();
  std::size_t count = 0;
  for (const OpSpec* spec : artifact::all_ops()) {
    if (!spec->is_extension()) continue;
    ++count;
    const auto found = rows.find(std::string(spec->name));
    ASSERT_NE(found, rows.end()) << spec->name << " has no row";
    const std::string& row = found->second;
    for (const auto& operand : spec->operands) {
      EXPECT_TRUE(has_word(row, operand.name)) << row << "\nlacks the operand " << operand.name;
    }
    const OpSpec* other = spelled_elsewhere(row);
    for (const AttributeSpec& attribute : spec->attributes) {
      const bool is_elsewhere = other != nullptr && other->attribute(attribute.name) != nullptr;
      // All products have it, which the page says once.
      if (is_elsewhere || attribute.name == "accumulation") continue;
      EXPECT_TRUE(has_word(row, attribute.name))
          << row << "\nlacks the attribute " << attribute.name;
    }
  }
  EXPECT_EQ(rows.size(), count);
}

}  // namespace
}  // namespace voxloom::test
