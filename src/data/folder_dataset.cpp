// A folder of labelled scans: .bin with .label, or .ply.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <span>

#include "core/error.h"
#include "data/failure.h"
#include "data/label_map.h"
#include "io/byte_source.h"
#include "voxloom/dataset.h"
#include "voxloom/io.h"

namespace voxloom {
namespace {

namespace fs = std::filesystem;

struct Item {
  fs::path scan, labels;  // no labels: the scan has them itself
};

std::vector<fs::path> files_with(const fs::path& folder, std::string_view ending) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ending)
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<Item> pair_up(const fs::path& scans, const fs::path& labels) {
  std::vector<Item> items;
  for (const fs::path& scan : files_with(scans, ".bin")) {
    const fs::path label = labels / fs::path(scan.stem()).concat(".label");
    if (!fs::is_regular_file(label)) {
      data::fail_data(scan, "its labels, {}, are not there", label.string());
    }
    items.push_back({scan, label});
  }
  return items;
}

std::vector<Item> items_in(const fs::path& folder) {
  if (!fs::is_directory(folder)) data::fail_data(folder, "is not a folder");
  std::vector<Item> items;
  if (fs::is_directory(folder / "velodyne")) {
    items = pair_up(folder / "velodyne", folder / "labels");
  } else {
    items = pair_up(folder, folder);
    for (const fs::path& scan : files_with(folder, ".ply")) items.push_back({scan, {}});
  }
  if (items.empty()) {
    data::fail_data(folder,
                    "holds no labelled scan; expected are NAME.bin with NAME.label (side by side, "
                    "or in velodyne/ and labels/), or NAME.ply");
  }
  return items;
}

std::vector<std::int32_t> read_label_file(const fs::path& path, std::int64_t points) {
  const io::Bytes bytes = io::open_file(path);
  if (bytes->size() != points * 4) {
    data::fail_data(path, "{} bytes are not one uint32 for each of the {} points of its scan",
                    bytes->size(), points);
  }
  std::vector<std::int32_t> labels(static_cast<std::size_t>(points));
  bytes->read(0, std::as_writable_bytes(std::span(labels)));
  for (std::int32_t& label : labels) label &= 0xffff;
  return labels;
}

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
  FolderDataset(std::vector<Item> items, ClassTable classes, FolderOptions options)
      : items_(std::move(items)),
        classes_(std::move(classes)),
        options_(std::move(options)),
        notes_(options_.on_note) {}

  [[nodiscard]] const ClassTable& classes() const override { return classes_; }
  [[nodiscard]] std::int64_t size() const override {
    return static_cast<std::int64_t>(items_.size());
  }
  [[nodiscard]] std::string name(std::int64_t index) const override {
    return item(index).scan.stem().string();
  }
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t /*seed*/) const override {
    const Item& files = item(index);
    const OnNote note = [&](const std::string& text) { notes_.say(files.scan, text); };
    ReadOptions read = options_.read;
    InputOptions input = options_.input;
    read.on_note = input.on_note = note;
    Scan scan = read_scan(files.scan, read);
    if (!files.labels.empty()) scan.set("label", read_label_file(files.labels, scan.size()));
    try {
      return to_labelled(scan, classes_, input);
    } catch (const std::invalid_argument& error) {
      data::fail_data(files.labels.empty() ? files.scan : files.labels, "{}", error.what());
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
  [[nodiscard]] const Item& item(std::int64_t index) const {
    require(index >= 0 && index < size(), "dataset", "there is no scan {}; the folder has {}",
            index, size());
    return items_[static_cast<std::size_t>(index)];
  }

  std::vector<Item> items_;
  ClassTable classes_;
  FolderOptions options_;
  mutable NotesOnce notes_;
};

}  // namespace

DatasetPtr open_dataset(const fs::path& folder, const FolderOptions& options) {
  std::vector<Item> items = items_in(folder);
  ClassTable classes = street_classes();
  if (options.classes) {
    data::validate(*options.classes);
    classes = *options.classes;
  } else if (fs::exists(folder / "classes.json")) {
    classes = read_classes(folder / "classes.json");
  }
  return std::make_shared<FolderDataset>(std::move(items), std::move(classes), options);
}

}  // namespace voxloom
