// Where the scans and labels of a dataset lie, as data sets come from those who made them:
//
//   NAME.bin, NAME.label                          side by side, or in velodyne/ and labels/
//   sequences/NN/velodyne, sequences/NN/labels    SemanticKITTI; semantic-kitti.yaml has the classes
//   v1.0-*/lidarseg.json, sample_data.json        nuScenes with lidarseg; category.json has the classes, sample.json
//                                                 and scene.json the scenes
//   SCENE/coord.npy, color.npy, segment.npy       indoor scenes as Pointcept lays them out
//   NAME.ply, NAME.las, ...                       any format that has a column of labels
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "data/parts.h"
#include "voxloom/dataset.h"

namespace voxloom::data {

enum class LabelFile : std::uint8_t {
  none,   // the scan has them itself
  kitti,  // uint32, of which the lower 16 bits count
  bytes   // uint8
};

struct LabelledFile {
  std::filesystem::path scan, labels;
  LabelFile kind = LabelFile::none;
};

struct Layout {
  std::vector<LabelledFile> files;         // in the order of the parts and of their names
  std::optional<ClassTable> classes = {};  // that the layout itself tells
  bool wants_classes = false;              // the classes of streets are surely others
  std::vector<std::string> missing = {};   // parts that no scan here belongs to
  // Of nuScenes: the token of each file's sample.
  std::vector<std::string> samples = {};
};

// FormatError where there is none of these. `parts`: FolderOptions::parts; empty: all. `note` gets what is left out.
[[nodiscard]] Layout find_layout(const std::filesystem::path& folder,
                                 const std::vector<std::string>& parts, const OnNote& note);

// Nothing where the folder is none of nuScenes.
[[nodiscard]] std::optional<Layout> find_nuscenes(const std::filesystem::path& folder);
// Its files by the names of their scenes ("scene-0061"), of v1.0-*/sample.json and scene.json.
void add_scenes(const std::filesystem::path& folder, const Layout& layout, NameIndex& names);

// The classes of SemanticKITTI's yaml file: learning_map, learning_ignore, labels and color_map.
[[nodiscard]] ClassTable read_kitti_yaml(const std::filesystem::path& path);

// Whole numbers, one for each of `points` points.
[[nodiscard]] std::vector<std::int32_t> read_labels(const LabelledFile& file, std::int64_t points);

}  // namespace voxloom::data
