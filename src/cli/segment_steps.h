// What labelling a scan does beside running the network, whether the scan is held or streamed.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/segment_scan.h"
#include "core/atomic_file.h"
#include "voxloom/io.h"
#include "voxloom/point_labeller.h"

namespace voxloom::cli {

// The seconds since `start`, which becomes now.
[[nodiscard]] double seconds_since(std::chrono::steady_clock::time_point& start);

// What a point takes from reading to writing beyond what is read of it: the network's positions, its label and its
// confidence, and the columns that are written.
inline constexpr std::size_t kInputBytes = sizeof(float) * 4 + sizeof(std::int32_t);
inline constexpr std::size_t kLabelBytes = sizeof(std::uint16_t) + sizeof(float);
inline constexpr std::size_t kWrittenBytes = sizeof(std::int32_t) + sizeof(float) + 3;

[[nodiscard]] std::size_t bytes_of(const Scan& scan);
[[nodiscard]] std::size_t bytes_of(const LabelledScan& scan);

// Whether where the sensor stood matters: to networks that look at heights or distances.
[[nodiscard]] bool looks_from_sensor(const FeatureSet& features);

// How a scan that is labelled is read: a file of labels alone has one for each of its points, too for those that
// cannot be placed. What is compressed may unpack to half of the memory.
[[nodiscard]] ReadOptions read_options_of(const SegmentOptions& options, const OnNote& note);
[[nodiscard]] WriteOptions write_options(const OnNote& note);
[[nodiscard]] std::string report_name(const std::filesystem::path& path);

// The viewpoint that the caller names.
void set_sensor(Scan& scan, const SegmentOptions& options);
// Says where the sensor is taken to be when it is not at 0, or not in the scan.
void say_sensor(const Scan& scan, const Box& box, const SegmentOptions& options,
                const OnNote& note);

// Says when another model that comes with the program fits what the network sees better.
void say_better_model(const SegmentOptions& options, const InputProfile& seen, const Scan& head,
                      const OnNote& note);

// The file's own columns of the names that labels get stay, under a number; its colours stay as they are.
class OwnColumns {
 public:
  OwnColumns(Scan& scan, const ClassTable& classes, const SegmentOptions& options,
             const OnNote& note);
  void give_back(Scan& scan) const;

 private:
  std::vector<Column> colours_;
};

// With so many scores of each point, 0 for none.
[[nodiscard]] label::PointLabels unknown_labels(std::int64_t points, std::int64_t scores = 0);

// A comment of a PLY header for each class; view reads them.
void describe_classes(Scan& scan, const ClassTable& classes);

// As SemanticKITTI has them: uint32, of which the upper half numbers objects.
void write_labels(AtomicFile& file, const Column& labels);

// Counts of classes into the report, and a word on points of none.
void count_classes(const label::PointLabels& labels, SegmentedScan& report);
void say_unlabelled(const SegmentedScan& report, const OnNote& note);

// What a page tells of the scan that was read.
struct SeenScan {
  std::array<double, 3> sensor = {};  // in the file's coordinates; the network's count from there
  std::array<std::string, 2> units = {};  // as PageCloud has them
  std::vector<std::int32_t> own_classes =
      {};  // by the file's own labels, where the model's classes know them all
};
[[nodiscard]] SeenScan seen_scan(const Scan& scan, const ClassTable& classes);

// NAME_above.png, NAME_perspective.png and NAME.html, with the times that they take.
void write_pictures(const LabelledScan& scan, const SeenScan& seen,
                    const label::PointLabels& labels, const label::PointLabeller& labeller,
                    const SegmentOptions& options, SegmentedScan& report);

}  // namespace voxloom::cli
