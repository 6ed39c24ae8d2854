// What is known of a labelled scan, as JSON: for --json, for other ranks, and for the folder .voxloom beside
// the results, by which --resume sees what is done.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/segment_scan.h"

namespace voxloom::cli {

// The options of a call that its results depend on, by their names on the command line.
[[nodiscard]] nlohmann::ordered_json what_results_depend_on(const SegmentOptions& options);

[[nodiscard]] nlohmann::ordered_json to_json(const SegmentedScan& scan, const ClassTable& classes);
// The other way. Throws what nlohmann::json throws, or std::invalid_argument, for what is none.
[[nodiscard]] SegmentedScan segmented_scan(const nlohmann::ordered_json& json,
                                           const ClassTable& classes);

class SegmentRecords {
 public:
  // `options` are those that the results depend on, beside the model and the scan.
  SegmentRecords(const SegmentOptions& options, const std::filesystem::path& model,
                 const ClassTable& classes);

  // What was noted down for this scan, where its results are whole, and would be made the same way from the
  // same file.
  [[nodiscard]] std::optional<SegmentedScan> find(const std::filesystem::path& scan) const;
  // Before the results: those that stand there without a whole note are of a call that was killed.
  void begin(const std::filesystem::path& scan) const;
  [[nodiscard]] bool was_begun(const std::filesystem::path& scan) const;
  // Whether a call wrote into this folder before.
  [[nodiscard]] bool is_used() const;
  // The note on a scan.
  [[nodiscard]] std::filesystem::path file_of(const std::filesystem::path& scan) const;
  // After the results: whoever finds it finds them. A scan of the standard input is not noted down.
  void write(const std::filesystem::path& scan, const SegmentedScan& labelled) const;

 private:
  // The results and their sizes; nothing where one is missing.
  [[nodiscard]] std::optional<nlohmann::ordered_json> results_of(
      const std::filesystem::path& scan) const;
  void note(const std::filesystem::path& scan, const nlohmann::ordered_json& json) const;
  [[nodiscard]] std::string key_of(const std::filesystem::path& scan) const;

  std::filesystem::path out_;
  std::string format_, key_;
  bool pictures_;
  ClassTable classes_;
};

}  // namespace voxloom::cli
