#include "data/layouts.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "data/failure.h"
#include "data/parts.h"
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

// A link that leads nowhere was to be one: that it is missing must not go unsaid.
bool is_file(const fs::path& path) {
  return fs::is_regular_file(path) || (fs::is_symlink(path) && !fs::exists(path));
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  return entries_of(folder, [](const auto& entry) { return entry.is_directory(); });
}

LabelledFile paired(const fs::path& scan, const fs::path& labels) {
  const fs::path label = labels / fs::path(scan.stem()).concat(".label");
  if (!fs::is_regular_file(label)) {
    fail_data(scan, "its labels, {}, are not there", label.string());
  }
  return {scan, label, LabelFile::kitti};
}

std::vector<LabelledFile> pair_up(const fs::path& scans, const fs::path& labels) {
  std::vector<LabelledFile> files;
  const auto is_scan = [](const fs::directory_entry& entry) {
    return is_file(entry.path()) && entry.path().extension() == ".bin";
  };
  for (const fs::path& scan : entries_of(scans, is_scan)) files.push_back(paired(scan, labels));
  return files;
}

// Files that may have a column of labels: all known endings but those of bare numbers.
bool may_have_labels(const fs::path& scan) {
  const auto format = scan_format_of(scan);
  return is_file(scan) && format && *format != ScanFormat::kitti && *format != ScanFormat::nuscenes;
}

std::vector<LabelledFile> labelled_scans_in(const fs::path& folder) {
  std::vector<LabelledFile> files;
  for (fs::path& scan : entries_of(folder, [](const fs::directory_entry& entry) {
         return may_have_labels(entry.path());
       })) {
    files.push_back({std::move(scan), {}});
  }
  return files;
}

void append(std::vector<LabelledFile>& to, std::vector<LabelledFile> more) {
  std::ranges::move(more, std::back_inserter(to));
}

// Sequences that are only there to be tested have no labels: those are left out unless they were asked for.
void take_sequence(const fs::path& sequence, bool is_asked_for, const OnNote& note,
                   std::vector<LabelledFile>& to) {
  if (!fs::is_directory(sequence / "velodyne")) fail_data(sequence, "has no folder velodyne");
  if (fs::is_directory(sequence / "labels")) {
    append(to, pair_up(sequence / "velodyne", sequence / "labels"));
  } else if (is_asked_for) {
    fail_data(sequence, "has no folder labels");
  } else if (note) {
    note(sequence.string() + ": has no folder labels: left out");
  }
}

std::vector<LabelledFile> sequences_in(const fs::path& folder, const OnNote& note) {
  std::vector<LabelledFile> files;
  for (const fs::path& sequence : folders_in(folder)) take_sequence(sequence, false, note, files);
  return files;
}

// "00", "00/000012", "sequences/00/velodyne/000012.bin", and patterns of these.
std::vector<LabelledFile> part_of_sequences(const fs::path& folder, const std::string& part,
                                            const OnNote& note) {
  const fs::path sequences = folder / "sequences", below(part);
  std::vector<fs::path> places = expand(sequences, below);
  if (places.empty()) places = expand(folder, below);
  if (places.empty()) {
    const fs::path name = below.filename().concat(".bin");
    places = expand(sequences, below.parent_path() / "velodyne" / name);
  }
  std::vector<LabelledFile> files;
  for (const fs::path& place : places) {
    if (fs::is_directory(place)) {
      take_sequence(place, !is_pattern(part), note, files);
    } else if (place.extension() == ".bin") {
      // Not by way of "..", which leaves a velodyne that is a link for where that leads.
      files.push_back(paired(place, place.parent_path().parent_path() / "labels"));
    }
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

// With the ending and without it.
NameIndex names_of(const std::vector<LabelledFile>& files, const fs::path& folder) {
  NameIndex names;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const fs::path below = files[i].scan.lexically_relative(folder);
    std::set<std::string> all = {below.string(), below.filename().string(), below.stem().string(),
                                 (below.parent_path() / below.stem()).string()};
    for (const std::string& name : all) names.add(name, i);
  }
  return names;
}

// Folders of scenes or of scans, scenes and scans below a folder. Each folder is looked through once, however many of
// its scans are asked for.
class FolderParts {
 public:
  explicit FolderParts(fs::path folder) : folder_(std::move(folder)) {}

  std::vector<LabelledFile> operator()(const std::string& part) {
    std::vector<LabelledFile> files;
    for (const fs::path& place : expand(folder_, part)) {
      if (io::is_npy_folder(place)) {
        files.push_back({place, {}});
      } else if (fs::is_directory(place)) {
        append(files, scenes_in(place));
        append(files, scans_in(place));
      } else if (place.extension() == ".bin") {
        files.push_back(paired(place, place.parent_path()));
      } else if (may_have_labels(place)) {
        files.push_back({place, {}});
      }
    }
    return files.empty() ? without_ending(part) : files;
  }

 private:
  struct Listing {
    std::vector<LabelledFile> scans;
    NameIndex names;
  };
  std::vector<LabelledFile> without_ending(const fs::path& part) {
    std::vector<LabelledFile> files;
    for (const fs::path& place : expand(folder_, part.parent_path())) {
      if (!fs::is_directory(place)) continue;
      const Listing& here = listing(place);
      for (const std::size_t i : here.names.find(part.filename().string())) {
        files.push_back(here.scans[i]);
      }
    }
    return files;
  }
  const Listing& listing(const fs::path& place) {
    const auto found = listings_.find(place);
    if (found != listings_.end()) return found->second;
    Listing listing{.scans = scans_in(place), .names = {}};
    listing.names = names_of(listing.scans, place);
    return listings_.emplace(place, std::move(listing)).first->second;
  }

  fs::path folder_;
  std::map<fs::path, Listing> listings_;
};

// What `files_of` has for each part, a scan that several of them name once.
template <typename FilesOf>
void take_parts(const std::vector<std::string>& parts, FilesOf&& files_of, Layout& to) {
  std::set<fs::path> taken;
  for (const std::string& part : parts) {
    const std::vector<LabelledFile> files = files_of(part);
    if (files.empty()) to.missing.push_back(part);
    for (const LabelledFile& file : files) {
      if (taken.insert(file.scan.lexically_normal()).second) to.files.push_back(file);
    }
  }
}

// Of a layout that has found all its files.
void keep_parts(const std::vector<std::string>& parts, const NameIndex& names, Layout& layout) {
  const std::vector<LabelledFile> all = std::move(layout.files);
  layout.files.clear();
  take_parts(
      parts,
      [&](const std::string& part) {
        std::vector<LabelledFile> files;
        for (const std::size_t i : names.find(part)) files.push_back(all[i]);
        return files;
      },
      layout);
}

void find_sequences(const fs::path& folder, const std::vector<std::string>& parts,
                    const OnNote& note, Layout& to) {
  if (parts.empty()) to.files = sequences_in(folder / "sequences", note);
  take_parts(
      parts, [&](const std::string& part) { return part_of_sequences(folder, part, note); }, to);
  const fs::path yaml = folder / "semantic-kitti.yaml";
  if (fs::exists(yaml)) to.classes = read_kitti_yaml(yaml);
}

void find_scans(const fs::path& folder, const std::vector<std::string>& parts, Layout& to) {
  if (parts.empty()) {
    to.files = scenes_in(folder);
    append(to.files, scans_in(folder));
  }
  take_parts(parts, FolderParts(folder), to);
  // A scene is a folder of arrays.
  to.wants_classes = std::ranges::any_of(
      to.files, [](const LabelledFile& file) { return fs::is_directory(file.scan); });
}

}  // namespace

Layout find_layout(const fs::path& folder, const std::vector<std::string>& parts,
                   const OnNote& note) {
  if (!fs::is_directory(folder)) fail_data(folder, "is not a folder");
  Layout layout;
  if (fs::is_directory(folder / "sequences")) {
    find_sequences(folder, parts, note, layout);
  } else if (fs::is_directory(folder / "velodyne")) {
    layout.files = pair_up(folder / "velodyne", folder / "labels");
    if (!parts.empty()) keep_parts(parts, names_of(layout.files, folder), layout);
  } else if (auto nuscenes = find_nuscenes(folder)) {
    layout = std::move(*nuscenes);
    if (!parts.empty()) {
      NameIndex names = names_of(layout.files, folder);
      add_scenes(folder, layout, names);
      keep_parts(parts, names, layout);
    }
  } else {
    find_scans(folder, parts, layout);
  }
  if (layout.files.empty() && layout.missing.empty()) {
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
