// Names and colours for the labels that a scan carries.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/page.h"
#include "voxloom/scan.h"

namespace voxloom::cli {

// A table without colours gets some.
[[nodiscard]] std::vector<viz::PageClass> page_classes(const ClassTable& classes);

// Which class of a page each label of files is.
class PageTable {
 public:
  explicit PageTable(const ClassTable& classes);  // what it ignores is no class
  // Without one: the classes of the LAS standard when the attribute is a `classification`, else "class N", each with a
  // colour of its own. std::invalid_argument for more than 255.
  explicit PageTable(const Column& labels);

  [[nodiscard]] const std::vector<viz::PageClass>& classes() const { return classes_; }
  [[nodiscard]] bool knows_all(const Column& labels) const;
  // A class "label N" for each label that is not known. std::invalid_argument when these make more than 255.
  void add_unknown(const Column& labels);
  // A place in `classes` for each point, -1 for no class. std::invalid_argument for a label that is not known.
  [[nodiscard]] std::vector<std::int32_t> places_of(const Column& labels) const;

 private:
  std::vector<viz::PageClass> classes_;
  std::unordered_map<std::int64_t, std::int32_t> places_;
};

// The table with a label for points without a class, -1 where it has none.
[[nodiscard]] ClassTable legend_of(ClassTable classes);

// Comments of a PLY header, as in "class 40 128 64 128 road": the label, red, green, blue and the name; "no class -1".
[[nodiscard]] std::vector<std::string> class_comments(const ClassTable& classes);
[[nodiscard]] bool is_class_comment(const std::string& comment);
// Nothing where there are none that make a table.
[[nodiscard]] std::optional<ClassTable> classes_in(const std::vector<std::string>& comments);

// By the comments of the cloud's header, or else the classes.json beside `cloud`, as `segment` and data sets have it, or
// the street classes where the attribute is a `label`: the first that knows all labels, or by their numbers alone. `note`
// gets which, where that is not plain.
[[nodiscard]] PageTable legend_for(const std::filesystem::path& cloud, const Column& labels,
                                   const std::vector<std::string>& comments, const OnNote& note);

}  // namespace voxloom::cli
