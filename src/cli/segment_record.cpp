#include "cli/segment_record.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "cli/json_text.h"
#include "cli/segment_steps.h"
#include "cli/streams.h"
#include "core/atomic_file.h"
#include "io/byte_source.h"
#include "io/sidecar.h"
#include "voxloom/version.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json input_json(const InputFacts& facts) {
  Json intensity;  // null where there is none
  if (facts.intensity) {
    intensity = {{"range", {facts.intensity->range.low, facts.intensity->range.high}},
                 {"told_by", name_of(facts.intensity->source)},
                 {"outside", facts.outside}};
  }
  return {{"intensity", intensity},
          {"not_finite", facts.not_finite},
          {"missing", facts.missing},
          {"features", facts.sources},
          {"misfits", facts.misfits}};
}

RangeSource source_named(const std::string& name) {
  for (const RangeSource source :
       {RangeSource::caller, RangeSource::format, RangeSource::type, RangeSource::values}) {
    if (name_of(source) == name) return source;
  }
  throw std::invalid_argument("there is no source '" + name + "'");
}

InputFacts input_facts(const Json& json) {
  InputFacts facts;
  const Json& intensity = json.at("intensity");
  if (!intensity.is_null()) {
    const Json& range = intensity.at("range");
    facts.intensity =
        IntensityChoice{.range = {range.at(0).get<double>(), range.at(1).get<double>()},
                        .source = source_named(intensity.at("told_by").get<std::string>())};
    facts.outside = intensity.at("outside").get<std::int64_t>();
  }
  facts.not_finite = json.at("not_finite").get<std::int64_t>();
  facts.missing = json.at("missing").get<std::vector<std::string>>();
  facts.sources = json.at("features").get<std::vector<std::string>>();
  facts.misfits = json.at("misfits").get<std::vector<std::string>>();
  return facts;
}

// Of what the network is made of.
std::string checksum_of(const fs::path& model) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(model)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  uLong crc = crc32(0, nullptr, 0);
  std::uintmax_t bytes = 0;
  std::vector<char> block(std::size_t{1} << 20);
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
      const auto count = static_cast<uInt>(in.gcount());
      crc = crc32(crc, reinterpret_cast<const Bytef*>(block.data()), count);
      bytes += count;
    }
  }
  return fmt::format("{:08x} of {} bytes", crc, bytes);
}

Json names(const std::vector<std::string>& list) { return list; }

// Nothing where there is none.
std::optional<Json> read_note(const fs::path& path) {
  constexpr std::int64_t kLargestNote = 1 << 20;
  if (!fs::exists(path)) return std::nullopt;
  const io::Bytes bytes = io::open_file(path);
  if (bytes->size() > kLargestNote) return std::nullopt;
  std::string text(static_cast<std::size_t>(bytes->size()), '\0');
  bytes->read(0, std::as_writable_bytes(std::span(text)));
  return Json::parse(text);
}

// Size and time of a file, and of those in a folder.
std::string size_and_time(const fs::path& path) {
  std::uintmax_t bytes = 0;
  auto last = fs::file_time_type::min();  // times of our years lie before the clock's epoch
  const auto look_at = [&](const fs::path& file) {
    bytes += fs::file_size(file);
    last = std::max(last, fs::last_write_time(file));
  };
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) look_at(entry.path());
    }
  } else {
    look_at(path);
    if (const auto sidecar = io::find_sidecar(path)) look_at(*sidecar);
  }
  return fmt::format("{} bytes at {}", bytes, last.time_since_epoch().count());
}

}  // namespace

Json what_results_depend_on(const SegmentOptions& options) {
  const ScanOptions& scan = options.scan;
  Json json = {
      {"format", options.format},     {"votes", options.votes},        {"from", scan.from},
      {"fields", names(scan.fields)}, {"column", names(scan.columns)}, {"drop", names(scan.drop)},
      {"keep", names(scan.keep)},     {"strict", scan.strict}};
  if (options.scores) json["scores"] = true;
  if (options.ego_radius > 0) json["ego-radius"] = options.ego_radius;
  if (scan.intensity_range) json["intensity-range"] = *scan.intensity_range;
  if (options.sensor) json["sensor"] = *options.sensor;
  const SurveyOptions& survey = options.survey;
  if (survey.crop) json["crop"] = *survey.crop;
  if (survey.crop_z) json["crop-z"] = *survey.crop_z;
  if (survey.thin > 0) json["thin"] = survey.thin;
  if (survey.shift) json["shift"] = *survey.shift;
  return json;
}

Json to_json(const SegmentedScan& scan, const ClassTable& classes) {
  Json counts;
  for (std::size_t c = 0; c < scan.of_class.size(); ++c) {
    counts[classes.classes[c].name] = scan.of_class[c];
  }
  Json voxels;  // null where they are not known
  if (scan.voxels) voxels = *scan.voxels;
  return {{"scan", scan.name},
          {"points", scan.points},
          {"voxels", voxels},
          {"tiles", scan.tiles},
          {"classes", counts},
          {"unlabelled", scan.unlabelled},
          {"input", input_json(scan.input)},
          {"notes", scan.notes},
          {"seconds",
           {{"read", scan.seconds.read},
            {"network", scan.seconds.network},
            {"write", scan.seconds.write},
            {"pictures", scan.seconds.pictures},
            {"page", scan.seconds.page}}}};
}

SegmentedScan segmented_scan(const Json& json, const ClassTable& classes) {
  SegmentedScan scan;
  scan.name = json.at("scan").get<std::string>();
  scan.points = json.at("points").get<std::int64_t>();
  if (!json.at("voxels").is_null()) scan.voxels = json.at("voxels").get<std::int64_t>();
  scan.tiles = json.at("tiles").get<std::size_t>();
  for (const LabelClass& one : classes.classes) {
    scan.of_class.push_back(json.at("classes").at(one.name).get<std::int64_t>());
  }
  scan.unlabelled = json.at("unlabelled").get<std::int64_t>();
  scan.input = input_facts(json.at("input"));
  scan.notes = json.at("notes").get<std::vector<std::string>>();
  const Json& seconds = json.at("seconds");
  scan.seconds = {.read = seconds.at("read").get<double>(),
                  .network = seconds.at("network").get<double>(),
                  .write = seconds.at("write").get<double>(),
                  .pictures = seconds.at("pictures").get<double>(),
                  .page = seconds.at("page").get<double>()};
  return scan;
}

SegmentRecords::SegmentRecords(const SegmentOptions& options, const fs::path& model,
                               const ClassTable& classes)
    : out_(options.out),
      format_(options.format),
      key_(fmt::format("voxloom {}, model {}, {}", version(), checksum_of(model),
                       json_text(what_results_depend_on(options)))),
      pictures_(options.pictures),
      classes_(classes) {}

fs::path SegmentRecords::file_of(const fs::path& scan) const {
  return out_ / ".voxloom" / (report_name(scan) + ".json");
}

std::optional<Json> SegmentRecords::results_of(const fs::path& scan) const {
  Json results = Json::object();
  for (const fs::path& file : outputs_of(scan, out_, format_, pictures_)) {
    std::error_code none;
    const std::uintmax_t size = fs::file_size(file, none);
    const bool may_be_missing = file == io::sidecar_of(out_ / (report_name(scan) + "." + format_));
    if (none && !may_be_missing) return std::nullopt;
    results[file.lexically_relative(out_).string()] = none ? Json() : Json(size);
  }
  return results;
}

std::string SegmentRecords::key_of(const fs::path& scan) const {
  return fmt::format("{}, scan of {}", key_, size_and_time(scan));
}

std::optional<SegmentedScan> SegmentRecords::find(const fs::path& scan) const {
  if (scan == kStream) return std::nullopt;
  try {
    const std::optional<Json> json = read_note(file_of(scan));
    const std::optional<Json> results = results_of(scan);
    if (!json || !results || json->at("made_by") != key_of(scan)) return std::nullopt;
    // Results of more kinds may have been asked for than now are.
    for (const auto& [file, size] : results->items()) {
      if (json->at("results").at(file) != size) return std::nullopt;
    }
    SegmentedScan found = segmented_scan(json->at("scan"), classes_);
    if (found.name != report_name(scan)) return std::nullopt;
    return found;
  } catch (const std::exception&) {  // whatever it is, it is no note: the scan is labelled again
    return std::nullopt;
  }
}

bool SegmentRecords::was_begun(const fs::path& scan) const {
  try {
    const std::optional<Json> json = read_note(file_of(scan));
    return json && json->contains("begun");
  } catch (const std::exception&) {
    return false;
  }
}

bool SegmentRecords::is_used() const { return fs::exists(out_ / ".voxloom"); }

void SegmentRecords::note(const fs::path& scan, const Json& json) const {
  fs::create_directories(file_of(scan).parent_path());
  AtomicFile file(file_of(scan));
  file.write(json_text(json) + "\n");
  file.commit();
}

void SegmentRecords::begin(const fs::path& scan) const {
  if (scan != kStream) note(scan, {{"begun", true}});
}

void SegmentRecords::write(const fs::path& scan, const SegmentedScan& labelled) const {
  if (scan == kStream) return;
  const std::optional<Json> results = results_of(scan);
  if (!results) return;
  note(scan,
       {{"made_by", key_of(scan)}, {"results", *results}, {"scan", to_json(labelled, classes_)}});
}

}  // namespace voxloom::cli
