// A folder of labelled scans, see layouts.h.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/finite.h"
#include "data/failure.h"
#include "data/label_map.h"
#include "data/layouts.h"
#include "data/parts.h"
#include "io/byte_source.h"
#include "voxloom/dataset.h"
#include "voxloom/io.h"
#include "voxloom/survey.h"

namespace voxloom {
namespace {

namespace fs = std::filesystem;

// Scans are read again in each epoch; what is said of them is said once.
class NotesOnce {
 public:
  explicit NotesOnce(OnNote on_note) : on_note_(std::move(on_note)) {}
  void say(const fs::path& file, const std::string& note) {
    if (!on_note_) return;
    const std::lock_guard lock(mutex_);
    const std::string text = fmt::format("{}: {}", file.string(), note);
    if (said_.insert(text).second) on_note_(text);
  }

 private:
  OnNote on_note_;
  std::mutex mutex_;
  std::set<std::string> said_;
};

class FolderDataset final : public Dataset {
 public:
  FolderDataset(std::vector<data::LabelledFile> files, ClassTable classes, FolderOptions options)
      : files_(std::move(files)),
        classes_(std::move(classes)),
        options_(std::move(options)),
        notes_(options_.on_note) {}

  [[nodiscard]] const ClassTable& classes() const override { return classes_; }
  [[nodiscard]] std::int64_t size() const override {
    return static_cast<std::int64_t>(files_.size());
  }
  [[nodiscard]] std::string name(std::int64_t index) const override {
    return file(index).scan.stem().string();
  }
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t /*seed*/) const override {
    const data::LabelledFile& files = file(index);
    const OnNote note = [&](const std::string& text) { notes_.say(files.scan, text); };
    ReadOptions read = options_.read;
    InputOptions input = options_.input;
    read.on_note = input.on_note = note;
    const Scan scan = read_whole(files, read);
    try {
      return to_labelled(scan, classes_, input);
    } catch (const std::invalid_argument& error) {
      data::fail_data(files.scan, "{}", error.what());
    }
  }
  // What files hold is read as it stands unless the options say otherwise.
  [[nodiscard]] std::string recipe() const override {
    const ReadOptions& read = options_.read;
    std::string text;
    for (const ColumnRole& role : read.columns) text += fmt::format(" {}={}", role.role, role.name);
    if (!read.fields.empty()) text += fmt::format(" fields {}", fmt::join(read.fields, ","));
    if (!read.drop.empty()) text += fmt::format(" drop {}", fmt::join(read.drop, ","));
    if (read.keep) text += fmt::format(" keep {}", fmt::join(*read.keep, ","));
    if (options_.input.intensity_range) {
      const auto& [low, high] = *options_.input.intensity_range;
      text += fmt::format(" intensities {} to {}", low, high);
    }
    return text.empty() ? text : "columns" + text;
  }

 private:
  // A file of labels has one for each point of the scan's file, too for those that are dropped.
  [[nodiscard]] static Scan read_whole(const data::LabelledFile& files,
                                       const ReadOptions& options) {
    ReadOptions read = options;
    const bool drops = read.invalid == InvalidPoints::drop;
    if (drops) read.invalid = InvalidPoints::keep;
    Scan scan = read_scan(files.scan, read);
    if (!files.labels.empty()) scan.set("label", data::read_labels(files, scan.size()));
    if (!drops) return scan;
    std::vector<std::int64_t> placed;
    for (std::int64_t i = 0; i < scan.size(); ++i) {
      if (is_finite(scan.positions[static_cast<std::size_t>(i)])) placed.push_back(i);
    }
    const std::int64_t dropped = scan.size() - static_cast<std::int64_t>(placed.size());
    if (dropped == 0) return scan;
    options.on_note(fmt::format("{} points that are not finite are left out", dropped));
    return pick_points(scan, placed);
  }

  [[nodiscard]] const data::LabelledFile& file(std::int64_t index) const {
    require(index >= 0 && index < size(), "dataset", "there is no scan {}; the folder has {}",
            index, size());
    return files_[static_cast<std::size_t>(index)];
  }

  std::vector<data::LabelledFile> files_;
  ClassTable classes_;
  FolderOptions options_;
  mutable NotesOnce notes_;
};

// Scenes often lie in folders for training and validation, and their classes beside those.
ClassTable classes_of(const fs::path& folder, const data::Layout& layout,
                      const FolderOptions& options) {
  if (options.classes) {
    data::validate(*options.classes);
    return *options.classes;
  }
  for (const fs::path& place : {folder, folder / ".."}) {
    const fs::path file = place / "classes.json";
    if (fs::exists(file)) return read_classes(file);
    if (!layout.wants_classes) break;
  }
  if (layout.classes) return *layout.classes;
  if (layout.wants_classes) {
    data::fail_data(folder, "has no classes.json, which says what the labels of its scenes mean");
  }
  return street_classes();
}

// Each part must be in one of the folders.
void require_parts(const std::vector<fs::path>& folders, std::vector<data::Layout>& layouts) {
  std::set<std::string> missing(layouts.front().missing.begin(), layouts.front().missing.end());
  for (const data::Layout& layout : layouts) {
    const std::set<std::string> here(layout.missing.begin(), layout.missing.end());
    std::erase_if(missing, [&](const std::string& part) { return !here.contains(part); });
  }
  if (missing.empty()) return;
  const std::string also =
      missing.size() > 1 ? fmt::format(", and {} more of those asked for", missing.size() - 1) : "";
  if (folders.size() == 1) {
    data::fail_data(folders.front(), "has no folder with labelled scans, scene or scan '{}'{}",
                    *missing.begin(), also);
  }
  data::fail_data(folders.front(),
                  "neither it nor {} more has a folder with labelled scans, scene or scan '{}'{}",
                  folders.size() - 1, *missing.begin(), also);
}

std::vector<fs::path> folders_like(const std::vector<fs::path>& patterns) {
  std::vector<fs::path> folders;
  for (const fs::path& pattern : patterns) {
    std::vector<fs::path> found = data::expand({}, pattern);
    std::erase_if(found, [](const fs::path& place) { return !fs::is_directory(place); });
    if (found.empty()) data::fail_data(pattern, "is not a folder");
    for (fs::path& folder : found) {
      const auto is_same = [&](const fs::path& other) { return fs::equivalent(folder, other); };
      if (std::ranges::none_of(folders, is_same)) folders.push_back(std::move(folder));
    }
  }
  return folders;
}

// Where one listed folder lies inside of another, both have some of the scans.
class OnceEach {
 public:
  explicit OnceEach(const OnNote& note) : note_(note) {}

  void take(const fs::path& folder, std::vector<data::LabelledFile> from,
            std::vector<data::LabelledFile>& to) {
    const std::size_t before = to.size(), offered = from.size();
    std::set<fs::path> here;
    for (data::LabelledFile& file : from) {
      fs::path place = place_of(file.scan);
      if (taken_.contains(place)) continue;
      here.insert(std::move(place));
      to.push_back(std::move(file));
    }
    taken_.merge(here);
    const std::size_t left = offered - (to.size() - before);
    if (left > 0 && note_) {
      note_(fmt::format("{}: {} of its scans are in a folder that was named before: taken once",
                        folder.string(), left));
    }
  }

 private:
  // Links to folders are followed; one to a scan is a scan of its own.
  fs::path place_of(const fs::path& scan) {
    const auto [found, is_new] = folders_.try_emplace(scan.parent_path());
    if (is_new) found->second = fs::canonical(scan.parent_path());
    return found->second / scan.filename();
  }

  const OnNote& note_;
  std::map<fs::path, fs::path> folders_;
  std::set<fs::path> taken_;
};

}  // namespace

DatasetPtr open_dataset(const fs::path& folder, const FolderOptions& options) {
  return open_datasets({folder}, options);
}

DatasetPtr open_datasets(const std::vector<fs::path>& patterns, const FolderOptions& options) {
  require(!patterns.empty(), data::kOpenDataset, "there is no folder");
  const std::vector<fs::path> folders = folders_like(patterns);
  std::vector<data::Layout> layouts;
  for (const fs::path& folder : folders) {
    layouts.push_back(data::find_layout(folder, options.parts, options.on_note));
  }
  require_parts(folders, layouts);
  std::vector<data::LabelledFile> files;
  std::optional<ClassTable> classes;
  std::size_t first = 0;  // the folder that they are of
  OnceEach once(options.on_note);
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (layouts[i].files.empty()) continue;  // the parts are in other folders
    ClassTable here = classes_of(folders[i], layouts[i], options);
    if (classes && *classes != here) {
      data::fail_data(folders[i], "has other classes than {}; give one table for all",
                      folders[first].string());
    }
    if (!classes) first = i;
    classes = std::move(here);
    once.take(folders[i], std::move(layouts[i].files), files);
  }
  return std::make_shared<FolderDataset>(std::move(files), std::move(*classes), options);
}

std::vector<std::string> read_parts(const fs::path& path) {
  constexpr std::int64_t kLargest = std::int64_t{64} << 20;
  const io::Bytes bytes = io::open_file(path, data::kOpenDataset);
  if (bytes->size() > kLargest) {
    data::fail_data(path, "{} bytes; a list of scans has at most {}", bytes->size(), kLargest);
  }
  std::string text(static_cast<std::size_t>(bytes->size()), '\0');
  bytes->read(0, std::as_writable_bytes(std::span(text)));
  std::vector<std::string> parts;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    constexpr const char* kBlank = " \t\r";
    const std::size_t begin = line.find_first_not_of(kBlank);
    if (begin == std::string::npos || line[begin] == '#') continue;
    parts.push_back(line.substr(begin, line.find_last_not_of(kBlank) + 1 - begin));
  }
  if (parts.empty()) data::fail_data(path, "names no scan");
  return parts;
}

}  // namespace voxloom
