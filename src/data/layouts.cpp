#include "data/layouts.h"

#include <algorithm>
#include <span>

#include "data/failure.h"
#include "io/byte_source.h"
#include "io/npy_folder.h"
#include "voxloom/io.h"

namespace voxloom::data {
namespace {

namespace fs = std::filesystem;

// Files or folders below, in the order of their names.
template <typename Wanted>
std::vector<fs::path> entries_of(const fs::path& folder, const Wanted& is_wanted) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (is_wanted(entry)) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  return entries_of(folder, [](const auto& entry) { return entry.is_directory(); });
}

std::vector<LabelledFile> pair_up(const fs::path& scans, const fs::path& labels) {
  std::vector<LabelledFile> files;
  const auto is_scan = [](const fs::directory_entry& entry) {
    return entry.is_regular_file() && entry.path().extension() == ".bin";
  };
  for (const fs::path& scan : entries_of(scans, is_scan)) {
    const fs::path label = labels / fs::path(scan.stem()).concat(".label");
    if (!fs::is_regular_file(label)) {
      fail_data(scan, "its labels, {}, are not there", label.string());
    }
    files.push_back({scan, label, LabelFile::kitti});
  }
  return files;
}

// Files that may have a column of labels: all known endings but those of bare numbers.
std::vector<LabelledFile> labelled_scans_in(const fs::path& folder) {
  const auto is_scan = [](const fs::directory_entry& entry) {
    const auto format = scan_format_of(entry.path());
    return entry.is_regular_file() && format && *format != ScanFormat::kitti &&
           *format != ScanFormat::nuscenes;
  };
  std::vector<LabelledFile> files;
  for (fs::path& scan : entries_of(folder, is_scan)) files.push_back({std::move(scan), {}});
  return files;
}

std::vector<std::string> names_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const fs::path& folder : folders) names.push_back(folder.filename().string());
  return names;
}

void append(std::vector<LabelledFile>& to, std::vector<LabelledFile> more) {
  std::ranges::move(more, std::back_inserter(to));
}

// Sequences that are only there to be tested have no labels.
std::vector<LabelledFile> sequences_in(const fs::path& folder,
                                       const std::vector<std::string>& parts, const OnNote& note) {
  std::vector<LabelledFile> files;
  for (const std::string& part : parts.empty() ? names_of(folders_in(folder)) : parts) {
    const fs::path sequence = folder / part;
    if (!fs::is_directory(sequence / "velodyne")) {
      fail_data(sequence, "has no folder velodyne");
    }
    if (!fs::is_directory(sequence / "labels")) {
      if (!parts.empty()) fail_data(sequence, "has no folder labels");
      if (note) note(sequence.string() + ": has no folder labels: left out");
      continue;
    }
    append(files, pair_up(sequence / "velodyne", sequence / "labels"));
  }
  return files;
}

std::vector<LabelledFile> scenes_in(const fs::path& folder) {
  std::vector<LabelledFile> files;
  for (fs::path& scene : folders_in(folder)) {
    if (io::is_npy_folder(scene)) files.push_back({std::move(scene), {}});
  }
  return files;
}

std::vector<LabelledFile> scans_in(const fs::path& folder) {
  std::vector<LabelledFile> files = pair_up(folder, folder);
  append(files, labelled_scans_in(folder));
  return files;
}

// Folders of scenes or of scans, and scans, by their names.
void take_part(const fs::path& folder, const std::string& part, Layout& to) {
  const std::size_t before = to.files.size();
  if (fs::is_directory(folder / part)) {
    std::vector<LabelledFile> scenes = scenes_in(folder / part);
    to.wants_classes = to.wants_classes || !scenes.empty();
    append(to.files, std::move(scenes));
    append(to.files, scans_in(folder / part));
  } else {
    for (LabelledFile& file : scans_in(folder)) {
      if (file.scan.stem() != part && file.scan.filename() != part) continue;
      to.files.push_back(std::move(file));
    }
  }
  if (to.files.size() == before)
    fail_data(folder, "has no folder with labelled scans and no labelled scan '{}'", part);
}

}  // namespace

Layout find_layout(const fs::path& folder, const std::vector<std::string>& parts,
                   const OnNote& note) {
  if (!fs::is_directory(folder)) fail_data(folder, "is not a folder");
  Layout layout;
  if (fs::is_directory(folder / "sequences")) {
    layout.files = sequences_in(folder / "sequences", parts, note);
    const fs::path yaml = folder / "semantic-kitti.yaml";
    if (fs::exists(yaml)) layout.classes = read_kitti_yaml(yaml);
  } else if (fs::is_directory(folder / "velodyne")) {
    layout.files = pair_up(folder / "velodyne", folder / "labels");
  } else if (auto nuscenes = find_nuscenes(folder)) {
    layout = std::move(*nuscenes);
  } else {
    for (const std::string& part : parts) take_part(folder, part, layout);
    if (parts.empty()) {
      layout.files = scenes_in(folder);
      layout.wants_classes = !layout.files.empty();
      append(layout.files, scans_in(folder));
    }
  }
  if (layout.files.empty()) {
    fail_data(folder,
              "holds no labelled scan; expected are NAME.bin with NAME.label (side by side, "
              "or in velodyne/ and labels/), NAME.ply, NAME.las or the like with a column of "
              "labels, sequences/NN/velodyne, v1.0-*/lidarseg.json, or SCENE/coord.npy");
  }
  return layout;
}

std::vector<std::int32_t> read_labels(const LabelledFile& file, std::int64_t points) {
  const bool wide = file.kind == LabelFile::kitti;
  const io::Bytes bytes = io::open_file(file.labels, kOpenDataset);
  if (bytes->size() != points * (wide ? 4 : 1)) {
    fail_data(file.labels, "{} bytes are not one {} for each of the {} points of its scan",
              bytes->size(), wide ? "uint32" : "uint8", points);
  }
  std::vector<std::int32_t> labels(static_cast<std::size_t>(points));
  if (wide) {
    bytes->read(0, std::as_writable_bytes(std::span(labels)));
    for (std::int32_t& label : labels) label &= 0xffff;
    return labels;
  }
  std::vector<std::uint8_t> narrow(labels.size());
  bytes->read(0, std::as_writable_bytes(std::span(narrow)));
  std::ranges::copy(narrow, labels.begin());
  return labels;
}

}  // namespace voxloom::data
