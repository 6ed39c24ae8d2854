// SemanticKITTI's table of classes, and the few words of YAML that it is written in:
//
//   labels:                     # names
//     10: "car"
//   color_map:                  # blue, green, red
//     10: [245, 150, 100]
//   learning_map:               # labels of files to classes
//     252: 1
//   learning_map_inv:           # and the first label of each
//     1: 10
//   learning_ignore:            # what is no class
//     0: True
#include <charconv>
#include <fstream>
#include <map>
#include <optional>

#include "data/failure.h"
#include "data/label_map.h"
#include "data/layouts.h"

namespace voxloom::data {
namespace {

namespace fs = std::filesystem;

using Section = std::map<std::int32_t, std::string>;  // the values as they are written

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

// Without a comment; a name in quotes may have a '#'.
std::string_view content_of(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] == '#' && !quoted) return line.substr(0, i);
  }
  return line;
}

std::optional<std::int32_t> number_in(std::string_view text) {
  std::int32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && last == end ? std::optional(value) : std::nullopt;
}

class YamlTables {
 public:
  explicit YamlTables(const fs::path& path) : path_(path) {
    constexpr std::uintmax_t kLargestFile = 1 << 20;
    if (!fs::is_regular_file(path)) fail_data(path, "is no file");
    if (fs::file_size(path) > kLargestFile) {
      fail_data(path, "{} bytes; such a file has at most {}", fs::file_size(path), kLargestFile);
    }
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) take(line);
  }

  [[nodiscard]] const Section& at(const std::string& name) const {
    const auto found = sections_.find(name);
    if (found == sections_.end()) fail_data(path_, "has no table {}", name);
    return found->second;
  }
  [[nodiscard]] std::int32_t number(const std::string& text) const {
    const std::optional<std::int32_t> value = number_in(text);
    if (!value) fail_data(path_, "'{}' is no whole number", text);
    return *value;
  }

 private:
  // Lists and texts, as the split into sequences, are passed over.
  void take(std::string_view line) {
    const std::string_view content = content_of(line);
    const std::size_t colon = content.find(':');
    if (trimmed(content).empty() || colon == std::string_view::npos) return;
    const std::string name = trimmed(content.substr(0, colon));
    const std::string value = trimmed(content.substr(colon + 1));
    if (content[0] != ' ' && content[0] != '\t') {
      section_ = &sections_[name];
    } else if (const auto key = number_in(name); key && section_ != nullptr) {
      (*section_)[*key] = value;
    }
  }

  fs::path path_;
  std::map<std::string, Section> sections_;
  Section* section_ = nullptr;
};

std::string unquoted(const std::string& text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                      text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// "[245, 150, 100]": blue, green, red.
std::array<std::uint8_t, 3> colour_in(const fs::path& path, const std::string& text) {
  std::array<std::uint8_t, 3> colour{};
  std::string_view rest = text;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t end = rest.find(i < 2 ? ',' : ']', 1);
    const auto value =
        end == std::string_view::npos ? std::nullopt : number_in(trimmed(rest.substr(1, end - 1)));
    if (!value || *value < 0 || *value > 255) {
      fail_data(path, "{} is no colour of three numbers from 0 to 255", text);
    }
    colour.at(2 - i) = static_cast<std::uint8_t>(*value);
    rest.remove_prefix(end);
  }
  return colour;
}

LabelClass class_of(const fs::path& path, const YamlTables& tables, std::int32_t label) {
  LabelClass made{.name = "class " + std::to_string(label), .values = {label}};
  if (const auto name = tables.at("labels").find(label); name != tables.at("labels").end()) {
    made.name = unquoted(name->second);
  }
  const Section& colours = tables.at("color_map");
  if (const auto colour = colours.find(label); colour != colours.end()) {
    made.color = colour_in(path, colour->second);
  }
  return made;
}

}  // namespace

ClassTable read_kitti_yaml(const fs::path& path) {
  const YamlTables tables(path);
  ClassTable table;
  std::map<std::int32_t, std::int32_t> places;  // of classes, by the number that learning_map gives
  for (const auto& [number, ignored] : tables.at("learning_ignore")) {
    if (ignored == "True" || ignored == "true") {
      places[number] = kIgnoreLabel;
      continue;
    }
    const Section& inverse = tables.at("learning_map_inv");
    const auto first = inverse.find(number);
    if (first == inverse.end()) fail_data(path, "learning_map_inv lacks {}", number);
    places[number] = static_cast<std::int32_t>(table.size());
    table.classes.push_back(class_of(path, tables, tables.number(first->second)));
  }
  for (const auto& [label, text] : tables.at("learning_map")) {
    const auto place = places.find(tables.number(text));
    if (place == places.end()) fail_data(path, "learning_ignore lacks {}", text);
    if (place->second == kIgnoreLabel) {
      table.ignored.push_back(label);
      continue;
    }
    std::vector<std::int32_t>& values =
        table.classes[static_cast<std::size_t>(place->second)].values;
    if (values.front() != label) values.push_back(label);
  }
  try {
    validate(table);
  } catch (const std::invalid_argument& error) {
    fail_data(path, "{}", error.what());
  }
  return table;
}

}  // namespace voxloom::data
