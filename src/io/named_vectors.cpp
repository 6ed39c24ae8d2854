#include "io/named_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "io/lines.h"

namespace voxloom::io {
namespace {

struct NamedVector {
  std::string_view name;  // in small letters
  std::array<std::string_view, 4> parts;
};
constexpr std::array<std::string_view, 4> kColourParts = {"red", "green", "blue", "alpha"};
constexpr std::array<std::string_view, 4> kNormalParts = {"nx", "ny", "nz", ""};
constexpr std::array<NamedVector, 8> kNamedVectors = {{{"color", kColourParts},
                                                       {"colors", kColourParts},
                                                       {"colour", kColourParts},
                                                       {"colours", kColourParts},
                                                       {"rgb", kColourParts},
                                                       {"rgba", kColourParts},
                                                       {"normal", kNormalParts},
                                                       {"normals", kNormalParts}}};

bool has_field(const std::vector<Field>& fields, std::string_view name) {
  return std::ranges::any_of(fields, [&](const Field& field) { return lower(field.name) == name; });
}

// The parts of a field of this name and width, or nothing.
std::optional<std::vector<std::string>> parts_of(std::string_view name, std::int64_t width,
                                                 const std::vector<Field>& fields) {
  const auto* found = std::ranges::find(kNamedVectors, lower(name), &NamedVector::name);
  if (found == kNamedVectors.end() || width < 3 || width > 4) return std::nullopt;
  std::vector<std::string> parts;
  for (std::int64_t c = 0; c < width; ++c) {
    parts.emplace_back(found->parts.at(static_cast<std::size_t>(c)));
    if (parts.back().empty() || has_field(fields, parts.back())) return std::nullopt;
  }
  return parts;
}

// How many fields from `first` on are NAME_0, NAME_1, ...: an array that lies column by column.
std::int64_t run_of(const std::vector<Field>& fields, std::size_t first, std::string_view name) {
  std::int64_t count = 0;
  while (first + static_cast<std::size_t>(count) < fields.size()) {
    const Field& field = fields[first + static_cast<std::size_t>(count)];
    if (field.components != 1 || field.name != fmt::format("{}_{}", name, count)) break;
    ++count;
  }
  return count;
}

class NamedVectors final : public PointSource {
 public:
  explicit NamedVectors(Points source)
      : PointSource({}, source->size()), source_(std::move(source)) {
    const std::vector<Field>& own = source_->fields();
    for (std::size_t i = 0; i < own.size(); ++i) {
      const std::string& name = own[i].name;
      const auto parts = parts_of(name, own[i].components, own);
      splits_.push_back(parts.has_value());
      if (!parts) {
        fields_.push_back(own[i]);
      } else {
        for (const std::string& part : *parts) fields_.push_back({part, own[i].type, 1});
      }
    }
    rename_runs();
  }

  std::vector<Column> read(std::int64_t count) override {
    std::vector<Column> columns;
    std::vector<Column> own = source_->read(count);
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (splits_[i]) {
        split(own[i], columns);
      } else {
        columns.push_back(std::move(own[i]));
      }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].name = fields_[i].name;
    return columns;
  }

  void skip(std::int64_t count) override { source_->skip(count); }

  std::string where(std::int64_t point) const override { return source_->where(point); }

 private:
  void rename_runs() {
    const std::vector<Field> own = fields_;
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (!own[i].name.ends_with("_0")) continue;
      const std::string name = own[i].name.substr(0, own[i].name.size() - 2);
      const auto parts = parts_of(name, run_of(own, i, name), own);
      for (std::size_t c = 0; parts && c < parts->size(); ++c) fields_[i + c].name = (*parts)[c];
    }
  }

  static void split(const Column& whole, std::vector<Column>& columns) {
    const auto width = static_cast<std::size_t>(whole.components);
    for (std::size_t c = 0; c < width; ++c) {
      Column& column = columns.emplace_back(make_column("", whole.type(), whole.points()));
      column.words = whole.words;
      std::visit(
          [&](auto& to) {
            const auto& from = std::get<std::decay_t<decltype(to)>>(whole.values);
            for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[width * i + c];
          },
          column.values);
    }
  }

  Points source_;
  std::vector<bool> splits_;  // of the source's fields
};

}  // namespace

Points with_named_vectors(Points source) {
  return std::make_unique<NamedVectors>(std::move(source));
}

}  // namespace voxloom::io
