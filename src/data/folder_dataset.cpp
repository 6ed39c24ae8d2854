// A folder of labelled scans, see layouts.h.
#include <fmt/format.h>

#include <mutex>
#include <set>

#include "core/error.h"
#include "data/failure.h"
#include "data/label_map.h"
#include "data/layouts.h"
#include "voxloom/dataset.h"
#include "voxloom/io.h"

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
    Scan scan = read_scan(files.scan, read);
    if (!files.labels.empty()) scan.set("label", data::read_labels(files, scan.size()));
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

}  // namespace

DatasetPtr open_dataset(const fs::path& folder, const FolderOptions& options) {
  data::Layout layout = data::find_layout(folder, options.parts, options.on_note);
  ClassTable classes = classes_of(folder, layout, options);
  return std::make_shared<FolderDataset>(std::move(layout.files), std::move(classes), options);
}

}  // namespace voxloom
