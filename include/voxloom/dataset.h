// Labelled scans and where they come from: a folder of files, or the simulator (simulator.h).
//
// A dataset's classes are numbered 0 .. classes().size() - 1; a point of no class has kIgnoreLabel.
// In files a label is a number of the file's own making (`LabelClass::values`); the table of classes
// translates. Without another table it is street_classes(), whose numbers are those of SemanticKITTI:
// a sequence of that dataset and a folder written by `voxloom simulate` open alike.
//
// A folder holds, in one of these ways,
//
//   NAME.bin and NAME.label            side by side, or in velodyne/ and labels/ (KITTI)
//   sequences/NN/velodyne and labels   SemanticKITTI, with semantic-kitti.yaml or without; sequences without
//                                      labels are left out
//   v1.0-*/lidarseg.json               nuScenes with lidarseg, and what that names
//   SCENE/coord.npy, segment.npy       and color.npy and others: indoor scenes as Pointcept keeps them
//   NAME.ply, NAME.las, ...            whatever read_scan reads by its ending, with a column of labels, `label` or
//                                      else `classification`
//   classes.json                       the table of classes, see read_classes(); scenes must have one, here or one
//                                      level higher
//
// NAME.bin is x y z intensity as float32, NAME.label one uint32 per point whose lower 16 bits are
// the label (the upper ones number objects and are not read). A label that is NaN is no class. Where the labels are
// words, they are the classes' names; an empty one is no class.
//
// Files are not trusted: counts that do not match, labels that no class and no `ignored` names, and, unless
// FolderOptions::read drops them, positions that are not finite are FormatErrors with the file's name. Misuse:
// std::invalid_argument.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/io.h"
#include "voxloom/scan.h"
#include "voxloom/scan_input.h"

namespace VOXLOOM_API voxloom {

inline constexpr std::int32_t kIgnoreLabel = -1;

struct LabelClass {
  std::string name;
  std::array<std::uint8_t, 3> color = {0, 0, 0};  // red, green, blue
  std::vector<std::int32_t> values;               // labels of files; the first one is written
  friend bool operator==(const LabelClass&, const LabelClass&) = default;
};

struct ClassTable {
  std::vector<LabelClass> classes;
  // Labels of files that are no class; the first one is written. They may be below 0.
  std::vector<std::int32_t> ignored;

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(classes.size()); }
  friend bool operator==(const ClassTable&, const ClassTable&) = default;
};

// The classes of the simulated streets, in the order of the enumeration.
enum class StreetClass : std::int32_t {
  road,
  sidewalk,
  terrain,
  building,
  fence,
  vegetation,
  pole,
  sign,
  car,
  van,  // and trucks
  pedestrian,
  cyclist
};
inline constexpr std::int64_t kStreetClasses = 12;
[[nodiscard]] const ClassTable& street_classes();

// The classes of data sets by the numbers in their files: "semantickitti" (19), "nuscenes" (lidarseg, 16), "scannet" (20)
// and "s3dis" (13) as Pointcept numbers them, "toronto3d" (8), "dales" (8). Nothing for another name.
[[nodiscard]] std::optional<ClassTable> known_classes(std::string_view name);
[[nodiscard]] std::vector<std::string> known_class_tables();

// {"classes": [{"name": "road", "color": [128, 64, 128], "values": [40, 44]}, ...], "ignored": [0]}
// "color" and "ignored" may be left out; so may "values", which then is the class's place in the list.
// Or SemanticKITTI's own, a file that ends in .yaml.
[[nodiscard]] ClassTable read_classes(const std::filesystem::path& path);
void write_classes(const std::filesystem::path& path, const ClassTable& table);
[[nodiscard]] std::string format_classes(const ClassTable& table);

// An attribute in the file's own numbers; what is missing was replaced.
struct PointColumn {
  std::string name;
  std::vector<float> values;
  friend bool operator==(const PointColumn&, const PointColumn&) = default;
};

// x is forward, y left, z up, in metres, the sensor at the origin. All have one row per point; those from `colours`
// on may be empty.
struct LabelledScan {
  std::vector<std::array<float, 3>> positions;
  std::vector<float> intensity;                    // 0 to 1
  std::vector<std::int32_t> labels;                // a class, or kIgnoreLabel
  std::vector<std::array<float, 3>> colours = {};  // red, green, blue, 0 to 1
  std::vector<std::array<float, 3>> normals = {};  // of length 1, or 0 where there is none
  std::vector<PointColumn> columns = {};           // that networks read beside those above
  // What follows from all points together, so that a part of the scan keeps it: complete().
  std::vector<float> above_ground = {};                   // metres
  std::optional<std::array<float, 3>> scene_origin = {};  // the origin of Frame::scene

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(positions.size()); }
  friend bool operator==(const LabelledScan&, const LabelledScan&) = default;
};

// With the attributes `intensity` (float32) and `label` (int32, the numbers of files), colours as `red`, `green` and
// `blue` from 0 to 255, and the columns.
[[nodiscard]] Scan to_scan(const LabelledScan& scan, const ClassTable& table);
// What a network sees of a scan, and what was chosen and replaced for that; every label is kIgnoreLabel.
// Positions become float32, relative to the sensor's place (sensor_place()), which is 0 for scans without a viewpoint
// that are not far away; std::invalid_argument where they do not fit. Intensities are brought to 0 to 1 by choose_intensity(), those beyond its
// range to its ends. What the network reads and is not finite counts as what stands in for it
// (PointFeature::missing), or 0; with InputOptions::strict that is std::invalid_argument, which names the point. So does an
// attribute that is not there, but for colours and columns without a stand-in, which are refused.
struct ScanInput {
  LabelledScan points;
  InputFacts facts;
};
[[nodiscard]] ScanInput to_input(const Scan& scan, const InputOptions& options = {});
// Adds what the features want, is not there, and follows from the positions: normals, heights above the ground, the
// middle of the scene. A normal is the direction in which the points within about 0.3 m, or 1.2 m where these are fewer
// than five, spread least, towards the origin. The ground is the lowest of the points around in the plane within 10 m,
// raised to what the highest of these is around, so that it follows slopes (a morphological opening over cells of 1 m).
void complete(LabelledScan& scan, const FeatureSet& features);
[[nodiscard]] bool needs_completion(const LabelledScan& scan, const FeatureSet& features);
// The points alone.
[[nodiscard]] LabelledScan to_unlabelled(const Scan& scan, const InputOptions& options = {});
// The same with the labels; the attribute `label`, or else `classification`, must be there.
[[nodiscard]] LabelledScan to_labelled(const Scan& scan, const ClassTable& table,
                                       const InputOptions& options = {});

// Scans by number. get() may be called from several threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;

  [[nodiscard]] virtual const ClassTable& classes() const = 0;
  [[nodiscard]] virtual std::int64_t size() const = 0;
  [[nodiscard]] virtual std::string name(std::int64_t index) const = 0;  // for messages and files
  // The same for the same index and seed. The seed picks one of a scan's variants where there are
  // several (augmented()); other datasets have one and pass it over.
  [[nodiscard]] virtual LabelledScan get(std::int64_t index, std::uint64_t seed = 0) const = 0;
  // How get() makes scans of what it reads, as text: options that change one have another text. A run
  // is continued only with the recipe that it began with. Where the scans lie is no part of it.
  [[nodiscard]] virtual std::string recipe() const { return {}; }

 protected:
  Dataset() = default;
};

using DatasetPtr = std::shared_ptr<const Dataset>;

struct FolderOptions {
  // Default: the folder's classes.json, what the layout tells, and without either street_classes().
  std::optional<ClassTable> classes = {};
  // These alone: sequences, folders of scenes or of scans, scenes, scans (by their names or paths below the folder, with
  // the ending or without), and scenes of nuScenes by their names; *, ? and [ab] stand for letters of one name. One that
  // no scan belongs to is an error. Empty: all.
  std::vector<std::string> parts = {};
  ReadOptions read = {};    // of each file
  InputOptions input = {};  // how it becomes what networks see
  // Takes what read.on_note and input.on_note would, with the file's name: each note of a file once, from one thread
  // at a time.
  OnNote on_note = {};
};
// In the order of the parts and of the names. Files are read by get(), not here; here their names are paired.
[[nodiscard]] DatasetPtr open_dataset(const std::filesystem::path& folder,
                                      const FolderOptions& options = {});
// Several folders, one after another; *, ? and [ab] in their names stand for letters. They must have the same classes, and
// each part must be in one of them. A scan that two of them hold, one lying inside the other, is taken once, which is noted.
[[nodiscard]] DatasetPtr open_datasets(const std::vector<std::filesystem::path>& folders,
                                       const FolderOptions& options = {});
// The parts that a split file lists: one on each line, without blank lines and those that begin with #.
[[nodiscard]] std::vector<std::string> read_parts(const std::filesystem::path& file);

// Keeps every scan it was asked for. `dataset` must have no variants.
[[nodiscard]] DatasetPtr cached(DatasetPtr dataset);

}  // namespace voxloom
