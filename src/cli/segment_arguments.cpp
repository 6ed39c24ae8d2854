#include "cli/segment_arguments.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string_view>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/outputs.h"
#include "cli/segment_record.h"
#include "cli/segment_scan.h"
#include "cli/segment_steps.h"
#include "cli/streams.h"
#include "io/npy_folder.h"
#include "voxloom/io.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// What data sets keep beside their scans.
bool is_companion(const fs::path& file) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"poses.txt", "times.txt", "timestamps.txt", "calib.txt"});
  return std::ranges::find(kNames, file.filename().string()) != kNames.end();
}

// A link that leads nowhere fails as a scan: that it is missing must not go unsaid.
bool is_scan_file(const fs::directory_entry& entry) {
  const bool is_there = entry.is_regular_file() || (entry.is_symlink() && !entry.exists());
  return is_there && scan_format_of(entry.path()).has_value();
}

// Files as they are named; of a folder, the files whose names are those of scans, in order.
std::vector<fs::path> scans_of(const SegmentArguments& arguments, bool says_what_it_leaves_out) {
  std::vector<fs::path> scans;
  for (const std::string& name : arguments.scans) {
    if (!fs::is_directory(name) || io::is_npy_folder(name)) {
      scans.emplace_back(name);
      continue;
    }
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(name)) {
      const bool is_scan =
          entry.is_directory() ? io::is_npy_folder(entry.path()) : is_scan_file(entry);
      if (is_scan && is_companion(entry.path())) {
        if (says_what_it_leaves_out) {
          note_on(entry.path().string())("is no scan by its name: left out of the folder's");
        }
        continue;
      }
      if (is_scan) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    scans.insert(scans.end(), found.begin(), found.end());
  }
  if (arguments.scores && arguments.format == kLabelFormat) {
    throw BadUsage("a file of labels alone has no place for --scores; choose another --format");
  }
  if (scans.empty()) throw BadUsage("there is no scan in what was named");
  std::set<std::string> names;
  for (const fs::path& scan : scans) {
    const std::string name = report_name(scan);
    if (!names.insert(name).second) {
      throw BadUsage(
          fmt::format("two scans are named '{}': their results would overwrite each other", name));
    }
  }
  if (names.size() > 1 && !arguments.no_pictures && names.contains("index")) {
    throw BadUsage(
        "the page of the scan 'index' and that of all scans, index.html, would overwrite each "
        "other: --no-pictures, or another name");
  }
  return scans;
}

// What is the same on all ranks, or they do different things.
Json request(const SegmentArguments& arguments, const std::vector<fs::path>& scans) {
  Json json = what_results_depend_on(segment_options(arguments, 0));
  json["out"] = arguments.out;
  json["model"] = arguments.model;
  json["no-pictures"] = arguments.no_pictures;
  json["resume"] = arguments.resume;
  json["overwrite"] = arguments.overwrite;
  json["scans"] = Json::array();
  for (const fs::path& scan : scans) json["scans"].push_back(scan.string());
  return json;
}

// An option as it was given.
std::string option_text(const Json& of, const std::string& name) {
  const Json value = of.value(name, Json());
  if (value.is_null() || value == false || value == "" || value == Json::array()) {
    return fmt::format("no --{}", name);
  }
  if (value == true) return fmt::format("--{}", name);
  return fmt::format("--{} {}", name,
                     value.is_string() ? value.get<std::string>() : json_text(value));
}

std::string scan_text(const Json& of, std::size_t i) {
  const Json& scans = of.at("scans");
  return i < scans.size() ? "'" + scans[i].get<std::string>() + "'" : "none";
}

// Where a rank's request is another than that of rank 0; empty: nowhere.
std::string difference(const Json& own, int rank, const Json& first) {
  for (const Json* keys : {&own, &first}) {
    for (const auto& [name, value] : keys->items()) {
      const std::string here = option_text(own, name), there = option_text(first, name);
      if (name != "scans" && here != there) {
        return fmt::format("rank {} was given {}, and rank 0 {}", rank, here, there);
      }
    }
  }
  const std::size_t scans = std::max(own.at("scans").size(), first.at("scans").size());
  for (std::size_t i = 0; i < scans; ++i) {
    const std::string here = scan_text(own, i), there = scan_text(first, i);
    if (here != there) {
      return fmt::format("scan {} is {} for rank {}, and {} for rank 0", i + 1, here, rank, there);
    }
  }
  return "";
}

void require_one_request(const SegmentArguments& arguments, const std::vector<fs::path>& scans,
                         dist::Communicator& ranks) {
  const Json own = request(arguments, scans);
  const std::string text = json_text(own);
  const std::string first = dist::broadcast_text(ranks, text);
  const std::string mine =
      text == first ? "" : difference(Json::parse(text), ranks.rank(), Json::parse(first));
  const std::vector<dist::Bytes> all = dist::all_gather(ranks, std::as_bytes(std::span(mine)));
  dist::together(ranks, [&] {
    for (const dist::Bytes& words : all) {
      if (words.empty()) continue;
      throw BadUsage(fmt::format(
          "{}: all ranks need the same scans and options; where each is to run by itself, set "
          "VOXLOOM_RANKS=1",
          std::string_view(reinterpret_cast<const char*>(words.data()), words.size())));
    }
  });
}

}  // namespace

SegmentOptions segment_options(const SegmentArguments& arguments, std::size_t memory) {
  return {.out = arguments.out,
          .votes = arguments.votes,
          .scores = arguments.scores,
          .ego_radius = arguments.ego_radius,
          .format = arguments.format,
          .pictures = !arguments.no_pictures,
          .memory = memory,
          .scan = arguments.scan,
          .survey = arguments.survey,
          .sensor = arguments.sensor};
}

std::vector<fs::path> agreed_scans(const SegmentArguments& arguments, dist::Communicator& ranks) {
  std::vector<fs::path> scans;
  dist::together(ranks, [&] {
    scans = scans_of(arguments, ranks.rank() == 0);
    if (ranks.size() > 1 && std::ranges::find(scans, fs::path(kStream)) != scans.end()) {
      throw BadUsage("several ranks cannot read the standard input");
    }
  });
  if (ranks.size() > 1) require_one_request(arguments, scans, ranks);
  return scans;
}

void add_segment_options(Options command, SegmentArguments& arguments) {
  command
      .add_option("scans", arguments.scans, "Scans, and folders of scans; - is the standard input")
      .required()
      .type_name("SCAN ...");
  command
      .add_option("-o,--out", arguments.out,
                  "The folder for the results; made when it is not there")
      .required()
      .type_name("DIR");
  command
      .add_option(
          "--model", arguments.model,
          std::string(kModelHelp) +
              ":\nstreet, rooms or aerial. When another of these fits a scan better, that is said")
      .capture_default_str()
      .type_name("BUNDLE");
  command
      .add_option(
          "--format", arguments.format,
          "What the labelled points are written as: ply (the default), las, pcd, npz, csv, or\n"
          "label: SemanticKITTI's, labels alone, one for each point of the file")
      .check(one_of({"ply", "las", "pcd", "npz", "csv", kLabelFormat}, List::hidden))
      .type_name("FORMAT");
  command.add_flag("--no-pictures", arguments.no_pictures,
                   "Write the labelled points, no pictures and no page");
  command
      .add_option("--json", arguments.json,
                  "Also write counts and times to this file; - is the standard output")
      .type_name("FILE");
  command
      .add_option(
          "--memory", arguments.memory,
          "Stay below so many gigabytes in all: a scan that would take more is labelled in\n"
          "tiles, with the same result. Default: four fifths of what the machine has left")
      .check(in_range(0.05, 1e6))
      .type_name("GB");
  command
      .add_option(
          "--jobs", arguments.jobs,
          "Label so many scans at once, as far as the memory allows; the threads are shared")
      .check(in_range(1, 256))
      .type_name("N");
  add_votes_option(command, arguments.votes);
  command.add_flag(
      "--scores", arguments.scores,
      "Also write a column score_NAME for each class, the softmax of the network's scores;\n"
      "the scan is held in memory for that, as with --ego-radius");
  command
      .add_option(
          "--ego-radius", arguments.ego_radius,
          "Points less than so many metres from the sensor, seen from above, are those of what\n"
          "carries it: the network does not see them, and they get no class")
      .check(in_range(0.0, 1e4))
      .type_name("METRES");
  command.add_flag(
      "--resume", arguments.resume,
      "Keep the results that are whole: of a call that was stopped, or killed, label the rest");
  command
      .add_option(
          "--part", arguments.part,
          "Label every Nth scan alone, the Ith first: for several calls that share the work.\n"
          "auto: as the variables of a Slurm array, of srun or of mpirun say")
      .type_name("I/N");
  command
      .add_option(
          "--sensor", arguments.sensor,
          "Where the sensor stood, in the scans' coordinates; by default what the file says,\n"
          "else 0, or the middle of a scan that lies more than 4096 from there on some axis:\n"
          "tell it for a scan in map coordinates")
      .check(Check(problem_of_coordinate))
      .type_name("X Y Z");
  add_overwrite_option(command, arguments.overwrite);
  add_read_options(command, arguments.scan);
  add_survey_options(command, arguments.survey);
  add_input_options(command, arguments.scan);
  add_threads_option(command, arguments.threads);
  command.footer(
      "\nFor each scan the folder gets NAME.ply (or --format) with all columns of the scan, label "
      "and\n"
      "confidence, and colours by class where it has none, two pictures,\n"
      "NAME_above.png and NAME_perspective.png, and a page to turn it in the browser, NAME.html;\n"
      "for several scans also index.html, which leads to them. classes.json says what the labels "
      "mean. Positions are metres, x forward,\n"
      "y left, z up, the sensor at the origin; points that are not finite are left out. A scan\n"
      "that cannot be read is reported, the others are done, and the exit code is 1. The folder "
      ".voxloom\n"
      "holds what --resume looks at. On several ranks (mpirun, srun) each takes the next scan when "
      "it is\n"
      "free, or the next tile of a single scan; --memory and --jobs are of each rank, and "
      "docs/clusters.md\n"
      "tells more. A scan that is too large for the memory is streamed in and out; files beside "
      "the results\n"
      "hold its points meanwhile.\n"
      "\nExamples:\n"
      "  voxloom segment 000008.bin --out labelled\n"
      "  voxloom segment scans/ --out labelled --model runs/mine/model.lattice --no-pictures\n"
      "  voxloom segment town.las --out labelled --memory 4\n"
      "  voxloom segment town.las --out mill --crop 448000 5411000 448200 5411150\n"
      "  mpirun -n 4 voxloom segment scans/ --out labelled --resume\n"
      "  mpirun -n 4 voxloom segment town.las --out labelled --memory 2\n");
}

}  // namespace voxloom::cli
