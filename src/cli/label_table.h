// Names and colours for the labels that a scan carries.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/page.h"
#include "voxloom/scan.h"

namespace voxloom::cli {

// The classes of points, as a page takes them.
struct PageLabels {
  std::vector<std::int32_t> classes;  // a place in `table`, or -1
  std::vector<viz::PageClass> table;
};

// A table without colours gets some.
[[nodiscard]] std::vector<viz::PageClass> page_classes(const ClassTable& classes);

// Labels by a table: what it ignores is no class. std::invalid_argument for a label that it lacks.
[[nodiscard]] PageLabels labels_by(const ClassTable& classes, const Column& labels);

// The table with a label for points without a class, -1 where it has none.
[[nodiscard]] ClassTable legend_of(ClassTable classes);

// Comments of a PLY header, as in "class 40 128 64 128 road": the label, red, green, blue and the name; "no class -1".
[[nodiscard]] std::vector<std::string> class_comments(const ClassTable& classes);
[[nodiscard]] bool is_class_comment(const std::string& comment);
// Nothing where there are none that make a table.
[[nodiscard]] std::optional<ClassTable> classes_in(const std::vector<std::string>& comments);

// By the comments of the cloud's header, or else the classes.json beside `cloud`, as `segment` and data sets have it,
// where they know all labels; else by labels_by_name. `note` gets which, where that is not plain.
[[nodiscard]] PageLabels labels_by_legend(const std::filesystem::path& cloud, const Column& labels,
                                          const std::vector<std::string>& comments,
                                          const OnNote& note);

// Without a table: the street classes when these hold every label and the attribute is a `label`; the
// classes of the LAS standard when it is a `classification`; else "class N", each with a colour of its
// own. std::invalid_argument when there are more than 255.
[[nodiscard]] PageLabels labels_by_name(const Column& labels);

}  // namespace voxloom::cli
