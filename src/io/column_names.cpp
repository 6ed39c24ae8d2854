#include "io/column_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "io/aliases.h"
#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

using Names = std::vector<std::string>;

std::string numbered(const std::string& base, const std::set<std::string>& taken) {
  std::string name = base;
  for (int n = 2; taken.contains(name); ++n) name = fmt::format("{}_{}", base, n);
  return name;
}

Names unique_names(const std::vector<Field>& fields) {
  Names names;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    names.push_back(
        numbered(fields[i].name.empty() ? fmt::format("column_{}", i) : fields[i].name, taken));
    taken.insert(names.back());
  }
  return names;
}

// The exact name, or else the only one that differs in capitals.
std::size_t place_of(const Names& names, const std::string& name) {
  const auto exact = std::ranges::find(names, name);
  if (exact != names.end()) return static_cast<std::size_t>(exact - names.begin());
  const auto alike = [&](const std::string& other) { return lower(other) == lower(name); };
  if (std::ranges::count_if(names, alike) != 1) return names.size();
  return static_cast<std::size_t>(std::ranges::find_if(names, alike) - names.begin());
}

class Naming {
 public:
  Naming(const PointSource& source, std::string file)
      : fields_(source.fields()),
        left_out_(source.left_out()),
        file_(std::move(file)),
        own_(unique_names(fields_)),
        names_(own_) {}

  void give_roles(const std::vector<ColumnRole>& roles) {
    std::map<std::size_t, std::string> given;  // roles of fields
    for (const ColumnRole& role : roles) {
      const std::size_t field = place_of(own_, role.name);
      if (field == own_.size()) fail_missing(role.name);
      for (const auto& [other, before] : given) {
        if (other == field ? before == role.role : before != role.role) continue;
        fail_file(file_, "the column '{}' is to be read as {}, and '{}' as {}", own_[other], before,
                  own_[field], role.role);
      }
      given[field] = role.role;
      const auto before = std::ranges::find(names_, role.role);
      std::set<std::string> taken(names_.begin(), names_.end());
      taken.insert(role.role);
      const std::size_t other = static_cast<std::size_t>(before - names_.begin());
      if (before != names_.end() && other != field) *before = numbered(role.role, taken);
      names_[field] = role.role;
    }
  }

  void use_aliases(const OnNote& note) {
    std::vector<bool> single;
    for (const Field& field : fields_) single.push_back(field.components == 1);
    Names renamed;
    names_ = canonical_names(names_, single, renamed);
    if (note && !renamed.empty()) {
      note(fmt::format("columns are read: {}", fmt::join(renamed, ", ")));
    }
  }

  [[nodiscard]] bool is_left_out(const std::string& name) const {
    return place_of(left_out_, name) < left_out_.size() && place_of(names_, name) == names_.size();
  }

  // By the scan's names, and by the file's.
  [[nodiscard]] std::size_t find(const std::string& name) const {
    const std::size_t place = place_of(names_, name);
    const std::size_t field = place == names_.size() ? place_of(own_, name) : place;
    if (field == own_.size()) fail_missing(name);
    return field;
  }

  [[nodiscard]] const Names& names() const { return names_; }

 private:
  [[noreturn]] void fail_missing(const std::string& name) const {
    if (is_left_out(name)) fail_file(file_, "the column '{}' holds no numbers", name);
    fail_file(file_, "has no column '{}'; its columns are {}", name, list_names(fields_));
  }

  const std::vector<Field>& fields_;
  const Names& left_out_;
  std::string file_;
  Names own_, names_;
};

}  // namespace

ColumnNames name_columns(const PointSource& source, const std::string& file,
                         const ReadOptions& options) {
  Naming naming(source, file);
  naming.give_roles(options.columns);
  naming.use_aliases(options.on_note);
  std::vector<bool> hidden(source.fields().size(), options.keep.has_value());
  for (const std::string& name : options.keep.value_or(Names{})) hidden[naming.find(name)] = false;
  for (const std::string& name : options.drop) {
    if (!naming.is_left_out(name)) hidden[naming.find(name)] = true;
  }
  return {naming.names(), std::move(hidden)};
}

std::string list_names(const std::vector<Field>& fields) {
  std::string names;
  for (const Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return excerpt(names);
}

}  // namespace voxloom::io
