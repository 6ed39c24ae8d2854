#include "cli/segment_scene.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "artifact/tiles/bricks.h"
#include "cli/open_files.h"
#include "cli/scene_file.h"
#include "cli/segment_steps.h"
#include "cli/streams.h"
#include "core/error.h"
#include "core/finite.h"
#include "data/input_values.h"
#include "data/profile_survey.h"
#include "io/scan_pieces.h"
#include "io/words.h"
#include "label/scene_labels.h"
#include "label/scene_points.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// What pictures are drawn of.
constexpr std::int64_t kMostDrawn = std::int64_t{1} << 22;

// Plain values, as bytes to other ranks.
template <typename T>
dist::Bytes bytes_of_values(std::span<const T> values) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

template <typename T>
std::vector<T> values_in(std::span<const std::byte> bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  require(bytes.size() % sizeof(T) == 0, "segment", "a rank sent {} bytes, no whole values of {}",
          bytes.size(), sizeof(T));
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// What each rank has, everywhere.
template <typename T>
std::vector<T> all_of(dist::Communicator& ranks, const T& mine) {
  std::vector<T> all;
  for (const dist::Bytes& bytes : dist::all_gather(ranks, std::as_bytes(std::span(&mine, 1)))) {
    all.push_back(values_in<T>(bytes).at(0));
  }
  return all;
}

// Those of rank 0, everywhere.
template <typename T>
std::vector<T> those_of_first(dist::Communicator& ranks, const std::vector<T>& values) {
  return values_in<T>(dist::broadcast_bytes(ranks, bytes_of_values(std::span<const T>(values))));
}

// What is known of all points before the network sees any.
struct SceneOverview {
  std::int64_t points = 0;  // that are not left out
  std::int64_t first = 0;   // the number of this rank's first
  std::int64_t mine = 0;    // how many this rank reads
  Box box = {};
  data::InputChoices choices = {};
  std::vector<artifact::Brick> bricks = {};
};

// A box that grows; not finite in what says that there is none.
struct GrowingBox {
  static constexpr double kEndless = std::numeric_limits<double>::infinity();
  std::array<double, 3> low = {kEndless, kEndless, kEndless};
  std::array<double, 3> high = {-kEndless, -kEndless, -kEndless};

  void add(const std::array<double, 3>& l, const std::array<double, 3>& h) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      low.at(axis) = std::min(low.at(axis), l.at(axis));
      high.at(axis) = std::max(high.at(axis), h.at(axis));
    }
  }
  void add(const Scan& piece) {
    if (std::ranges::none_of(piece.positions, is_finite<double>)) return;
    const Box box = bounds(piece);
    add(box.low, box.high);
  }
  [[nodiscard]] Box box() const { return low[0] <= high[0] ? Box{low, high} : Box{}; }
};

// The labelled scene as it is written, a piece at a time.
class LabelledPieces final : public io::ScanPieces {
 public:
  using LabelsOf = std::function<label::PointLabels(std::int64_t first, std::int64_t count)>;
  LabelledPieces(const SceneFile& file, std::int64_t points, const ClassTable& classes,
                 const SegmentOptions& options, LabelsOf labels_of)
      : file_(file),
        points_(points),
        classes_(classes),
        options_(options),
        labels_of_(std::move(labels_of)),
        head_(labelled(file.head(), 0)) {}

  [[nodiscard]] std::int64_t size() const override { return points_; }
  [[nodiscard]] const Scan& head() const override { return head_; }
  void each(const Use& use) const override {
    std::int64_t first = 0;
    file_.each(0, file_.size(), [&](Scan piece) {
      const std::int64_t count = piece.size();
      require(count <= points_ - first, "segment", "the file changed while it was read");
      use(labelled(std::move(piece), first), first);
      first += count;
    });
    require(first == points_, "segment", "the file changed while it was read");
  }

 private:
  [[nodiscard]] Scan labelled(Scan piece, std::int64_t first) const {
    set_sensor(piece, options_);
    const OwnColumns own(piece, classes_, options_, [](const std::string&) {});
    label::set_labels(piece, labels_of_(first, piece.size()), classes_);
    describe_classes(piece, classes_);
    own.give_back(piece);
    return piece;
  }

  const SceneFile& file_;
  std::int64_t points_;
  const ClassTable& classes_;
  const SegmentOptions& options_;
  LabelsOf labels_of_;
  Scan head_;
};

// What is drawn of the scene.
struct DrawnPoints {
  std::int64_t step = 1;
  LabelledScan points = {};
};

class SceneRun {
 public:
  SceneRun(const fs::path& path, const label::PointLabeller& labeller,
           const SegmentOptions& options, dist::Communicator& ranks)
      : path_(path),
        labeller_(labeller),
        options_(options),
        ranks_(ranks),
        note_([this](const std::string& text) { report_.notes.push_back(text); }),
        input_(input_options(options.scan, note_)),
        out_(outputs_of(path, options.out, options.format, false).front()) {
    input_.features = labeller.features();
    report_.name = report_name(path);
    report_.of_class.assign(static_cast<std::size_t>(labeller.classes().size()), 0);
  }

  SegmentedScan run(const EachTile& each_tile) {
    Clock::time_point clock = Clock::now();
    dist::together(ranks_, [&] {
      // The points' and the labels' files of each.
      allow_open_files(2 * static_cast<std::size_t>(ranks_.size()), "ranks that label one scene");
      file_.emplace(path_, read_options_of(options_, is_first() ? note_ : OnNote()), piece_points(),
                    options_.on_piece);
    });
    require_same_file();
    look_over();
    say_overview();
    dist::together(ranks_, [&] {
      if (is_first()) require_writable();
      points_.emplace(out_, input_.features, scene_.bricks, grid(), buffer_bytes(options_.memory));
      if (ranks_.size() == 1) points_->hide();
    });
    take_points();
    say_own_columns();
    divide();
    report_.seconds.read = seconds_since(clock);
    label_tiles(each_tile);
    report_.seconds.network = seconds_since(clock);
    dist::together(ranks_, [&] {
      if (is_first()) write();
    });
    report_.seconds.write = seconds_since(clock);
    dist::together(ranks_, [&] {
      if (is_first() && options_.pictures) draw_pictures();
    });
    return std::move(report_);
  }

 private:
  [[nodiscard]] bool is_first() const { return ranks_.rank() == 0; }
  [[nodiscard]] const Grid& grid() const { return labeller_.reach()->grid; }
  // For points and labels on their way to the disk.
  [[nodiscard]] static std::size_t buffer_bytes(std::size_t memory) {
    constexpr std::size_t kMost = std::size_t{64} << 20;
    return std::min(kMost, memory / 32);
  }
  [[nodiscard]] std::int64_t piece_points() const {
    constexpr std::int64_t kLeast = 1 << 12, kMost = 1 << 17, kPointBytes = 128;
    return std::clamp(static_cast<std::int64_t>(options_.memory / 16) / kPointBytes, kLeast, kMost);
  }
  // The points that this rank reads.
  [[nodiscard]] std::int64_t begin_of(int rank) const {
    const std::int64_t part = file_->size() / ranks_.size(), rest = file_->size() % ranks_.size();
    return part * rank + std::min<std::int64_t>(rank, rest);
  }
  void each_piece(const std::function<void(const Scan& piece)>& use) const {
    file_->each(begin_of(ranks_.rank()), begin_of(ranks_.rank() + 1), [&](Scan piece) {
      set_sensor(piece, options_);
      use(piece);
    });
  }

  void require_same_file() {
    const std::vector<std::int64_t> sizes = all_of(ranks_, file_->size());
    dist::together(ranks_, [&] {
      require(std::ranges::count(sizes, sizes[0]) == std::ssize(sizes), "segment",
              "'{}' has {} points for this rank and {} for rank 0", path_.string(), file_->size(),
              sizes[0]);
      if (file_->size() == 0) throw FormatError(fmt::format("{}: holds no points", path_.string()));
    });
  }

  // Counts, bounds and samples. Which points are sampled follows from how many there are, which is only known to be
  // less than the file's when some were left out: then once more.
  void look_over() {
    scene_.points = file_->size();
    scene_.first = begin_of(ranks_.rank());
    for (bool is_counted = false; !is_counted;) {
      data::InputSurvey survey(scene_.points, input_);
      artifact::BrickCount bricks(grid());
      GrowingBox box;
      scene_.mine = 0;
      dist::together(ranks_, [&] {
        survey.look(file_->head(), 0);
        each_piece([&](const Scan& piece) {
          survey.look(piece, scene_.first + scene_.mine);
          bricks.add(data::seen_positions(piece));
          box.add(piece);
          scene_.mine += piece.size();
        });
      });
      const std::vector<std::int64_t> counts = all_of(ranks_, scene_.mine);
      std::int64_t all = 0;
      for (int rank = 0; rank < ranks_.size(); ++rank) {
        if (rank == ranks_.rank()) scene_.first = all;
        all += counts[static_cast<std::size_t>(rank)];
      }
      is_counted = all == scene_.points;
      scene_.points = all;
      if (is_counted) gather_overview(survey, bricks, box);
    }
  }

  void gather_overview(data::InputSurvey& survey, artifact::BrickCount& bricks,
                       const GrowingBox& box) {
    GrowingBox all;
    for (const GrowingBox& one : all_of(ranks_, box)) all.add(one.low, one.high);
    scene_.box = all.box();
    data::InputSurvey seen_by_all(scene_.points, input_);
    seen_by_all.look(file_->head(), 0);
    const std::vector<double> seen = survey.seen();
    for (const dist::Bytes& bytes :
         dist::all_gather(ranks_, bytes_of_values(std::span<const double>(seen)))) {
      seen_by_all.add(values_in<double>(bytes));
    }
    dist::together(ranks_, [&] { scene_.choices = seen_by_all.choices(); });
    if (ranks_.size() == 1) {
      scene_.bricks = bricks.take();
      return;
    }
    const std::vector<dist::Bytes> counted = dist::gather(ranks_, bricks.take_counted());
    for (const dist::Bytes& one : counted) bricks.add_counted(one);
    scene_.bricks = those_of_first(ranks_, bricks.take());
  }

  void say_overview() {
    report_.points = scene_.points;
    const std::int64_t left_out = file_->size() - scene_.points;
    if (left_out > 0) note_(fmt::format("{} points that are not finite are left out", left_out));
    Scan head = file_->head();
    set_sensor(head, options_);
    if (looks_from_sensor(input_.features)) say_sensor(head, scene_.box, options_, note_);
    std::int64_t voxels = 0;
    for (const artifact::Brick& brick : scene_.bricks) voxels += brick.voxels;
    report_.voxels = voxels;
    dist::together(ranks_, [&] {
      if (scene_.points == 0) {
        throw FormatError(fmt::format("{}: holds no points that are finite", path_.string()));
      }
    });
  }

  // What cannot be written is found now, not after the network: what has no form of its own for each point, from the
  // names and types alone.
  void require_writable() const {
    const LabelledPieces pieces(
        *file_, scene_.points, labeller_.classes(), options_,
        [](std::int64_t, std::int64_t count) { return unknown_labels(count); });
    if (options_.format == kLabelFormat) {
      static_cast<void>(AtomicFile(out_));
    } else if (options_.format == "ply" || options_.format == "csv") {
      check_writable(out_, pieces.head(), write_options({}));
    } else {
      io::check_writable_pieces(out_, pieces, write_options({}));
    }
  }

  // The points by place into files, and what has to be known of the network's input.
  void take_points() {
    data::InputValues values(input_, scene_.choices);
    data::ProfileSurvey profile(scene_.points, input_.features);
    drawn_.step = (scene_.points + kMostDrawn - 1) / kMostDrawn;
    const data::RowForm form(input_.features);
    drawn_.points = form.empty();
    std::vector<float> drawn, row(form.size());
    dist::together(ranks_, [&] {
      std::int64_t at = scene_.first;
      Scan head = file_->head();
      profile.look(values.of(head, at), at);
      each_piece([&](const Scan& piece) {
        const LabelledScan seen = values.of(piece, at);
        points_->add(seen, static_cast<std::uint64_t>(at));
        if (labeller_.trained_on()) profile.look(seen, at);
        for (std::int64_t i = 0; options_.pictures && i < seen.size(); ++i) {
          if ((at + i) % drawn_.step != 0) continue;
          form.write(seen, static_cast<std::size_t>(i), row.data());
          drawn.insert(drawn.end(), row.begin(), row.end());
        }
        at += piece.size();
      });
      require(at == scene_.first + scene_.mine, "segment", "the file changed while it was read");
    });
    points_->share(ranks_);
    finish_input(values, profile);
    for (const dist::Bytes& bytes :
         dist::gather(ranks_, bytes_of_values(std::span<const float>(drawn)))) {
      const auto rows = values_in<float>(bytes);
      for (std::size_t i = 0; i + form.size() <= rows.size(); i += form.size()) {
        form.add(drawn_.points, rows.data() + i);
      }
    }
  }

  void finish_input(data::InputValues& values, data::ProfileSurvey& profile) {
    struct Counts {
      std::int64_t not_finite, outside, first, beyond;
    };
    const data::InputValues::Replaced mine = values.replaced();
    const auto counts =
        all_of(ranks_, Counts{mine.not_finite, mine.outside, mine.first, mine.beyond ? 1 : 0});
    const auto columns = dist::all_gather(ranks_, std::as_bytes(std::span(mine.first_column)));
    const auto profiles = dist::gather(ranks_, profile.seen());
    for (int rank = 1; is_first() && rank < ranks_.size(); ++rank) {
      const auto r = static_cast<std::size_t>(rank);
      values.add({counts[r].not_finite, counts[r].outside, counts[r].first,
                  std::string(reinterpret_cast<const char*>(columns[r].data()), columns[r].size()),
                  counts[r].beyond != 0});
      profile.add(profiles[r]);
    }
    report_.input = values.finish();
    if (!is_first() || !labeller_.trained_on()) return;
    const InputProfile seen = profile.profile();
    report_.input.misfits = misfits(*labeller_.trained_on(), seen);
    std::ranges::for_each(report_.input.misfits, note_);
    if (!report_.input.misfits.empty() || !report_.input.missing.empty()) {
      say_better_model(options_, seen, file_->head(), note_);
    }
  }

  void say_own_columns() {
    Scan head = file_->head();
    static_cast<void>(OwnColumns(head, labeller_.classes(), options_, note_));
  }

  // Tiles that fit the memory of each rank, and so many that none is without.
  void divide() {
    constexpr std::size_t kLeast = std::size_t{256} << 20;
    const std::vector<std::size_t> memories = all_of(ranks_, options_.memory);
    std::vector<artifact::Tile> tiles;
    dist::together(ranks_, [&] {
      if (!is_first()) return;
      artifact::RunCost cost = labeller_.cost();
      cost.per_point += points_->taken_bytes();
      const std::size_t least = std::ranges::min(memories);
      std::size_t memory = least - std::min(kMostHeld, least / 4) - 2 * buffer_bytes(least);
      if (ranks_.size() > 1) {
        const double all = cost.per_point * static_cast<double>(scene_.points) +
                           cost.per_voxel * static_cast<double>(*report_.voxels);
        const auto share = static_cast<std::size_t>(all / ranks_.size());
        memory = std::min(memory, std::max(share, kLeast));
      }
      tiles = artifact::divide_bricks(
          scene_.bricks, {.reach = *labeller_.reach(), .cost = cost, .memory = memory});
    });
    tiles_ = those_of_first(ranks_, tiles);
    scene_.bricks = {};
    // Points that have no place belong to no tile.
    report_.tiles = std::max<std::size_t>(1, tiles_.size());
  }

  void label_tiles(const EachTile& each_tile) {
    dist::together(ranks_, [&] {
      labels_.emplace(out_, scene_.points, buffer_bytes(options_.memory));
      if (ranks_.size() == 1) labels_->hide();
    });
    std::vector<std::int64_t> counts(report_.of_class.size() + 1);  // the last: of no class
    each_tile(tiles_.size(), [&](std::size_t tile) {
      const label::TilePoints points = points_->of(tiles_[tile], *labeller_.reach());
      if (std::ranges::find(points.inner, 1) == points.inner.end()) return;
      const label::PointLabels labels = labeller_.label(points.points);
      labels_->add(points, labels);
      for (std::size_t i = 0; i < points.inner.size(); ++i) {
        if (points.inner[i] == 0) continue;
        const std::uint16_t label = labels.classes[i];
        ++counts[label == label::kNoClass ? counts.size() - 1 : label];
      }
    });
    if (tiles_.size() > 1) labeller_.release_memory();
    labels_->share(ranks_);
    std::array<std::int64_t, 2> taken_and_labelled = {points_->added(), labels_->added()};
    dist::add_up(ranks_, taken_and_labelled);
    dist::add_up(ranks_, counts);
    const std::int64_t taken = taken_and_labelled[0], labelled = taken_and_labelled[1];
    dist::together(ranks_, [&] {
      require(taken == labelled, "segment", "{} of {} points were labelled", labelled, taken);
    });
    points_.reset();  // and their file
    report_.unlabelled = counts.back() + scene_.points - taken;
    counts.pop_back();
    report_.of_class = counts;
    say_unlabelled(report_, note_);
  }

  void write() {
    const LabelledPieces pieces(
        *file_, scene_.points, labeller_.classes(), options_,
        [this](std::int64_t first, std::int64_t count) { return labels_->of(first, count); });
    if (options_.format != kLabelFormat)
      return io::write_pieces(out_, pieces, write_options(note_));
    AtomicFile file(out_);
    pieces.each([&](const Scan& piece, std::int64_t) { write_labels(file, *piece.find("label")); });
    file.commit();
  }

  void draw_pictures() {
    label::PointLabels labels;
    for (std::int64_t at = 0; at < scene_.points; at += drawn_.step) {
      const label::PointLabels one = labels_->of(at, 1);
      labels.classes.push_back(one.classes[0]);
      labels.confidence.push_back(one.confidence[0]);
    }
    if (drawn_.step > 1) {
      note_(fmt::format("the pictures show every {}th point", drawn_.step));
    }
    Scan head = file_->head();
    set_sensor(head, options_);
    write_pictures(drawn_.points, seen_scan(head, labeller_.classes()), labels, labeller_, options_,
                   report_);
  }

  // For a piece that is read, seen and written, and what the program holds beside.
  static constexpr std::size_t kMostHeld = std::size_t{96} << 20;

  fs::path path_;
  const label::PointLabeller& labeller_;
  const SegmentOptions& options_;
  dist::Communicator& ranks_;
  SegmentedScan report_;
  OnNote note_;
  InputOptions input_;
  fs::path out_;
  std::optional<SceneFile> file_;
  SceneOverview scene_;
  std::optional<label::ScenePoints> points_;
  std::optional<label::SceneLabels> labels_;
  std::vector<artifact::Tile> tiles_;
  DrawnPoints drawn_;
};

}  // namespace

EachTile each_tile_here(const SegmentOptions& options) {
  return [on_tile = options.on_tile](std::size_t tiles, const auto& work) {
    for (std::size_t tile = 0; tile < tiles; ++tile) {
      if (on_tile && tiles > 1) on_tile(tile, tiles);
      work(tile);
    }
  };
}

std::string why_held(const fs::path& path, const label::PointLabeller& labeller,
                     const SegmentOptions& options) {
  const FeatureSet& features = labeller.features();
  if (path == kStream) return "the standard input";
  if (options.memory == 0) return "a memory without bounds";
  if (options.survey != SurveyOptions{}) return "--crop, --crop-z, --thin or --shift";
  if (options.votes > 1) return "--votes";
  if (options.scores) return "--scores";
  if (options.ego_radius > 0) return "--ego-radius";
  if (!labeller.reach()) return "a network that looks at the whole scene";
  if (features.has(Frame::ground)) return "a network that reads heights above the ground";
  if (features.has(Frame::scene)) return "a network that reads places in the scene";
  if (!features.has_normals()) return "";
  const Scan head = ScanReader(path, read_options_of(options, {})).read(0);
  const bool has_own = std::ranges::all_of(
      std::array{"nx", "ny", "nz"}, [&](const char* name) { return head.find(name) != nullptr; });
  return has_own ? "" : "a network that reads normals, which the file lacks";
}

namespace {

// What the words of text take beside their codes, of a point: as of the first ones.
std::size_t word_bytes(ScanReader& reader, const Scan& head) {
  constexpr std::int64_t kLooked = 1 << 16;
  if (std::ranges::none_of(head.attributes, &Column::is_text)) return 0;
  const Scan piece = reader.read(kLooked);
  std::size_t bytes = 0;
  for (const Column& column : piece.attributes) bytes += io::bytes_of_words(column);
  // Once more while they are read, to be found by what they say.
  return 2 * bytes / static_cast<std::size_t>(std::max<std::int64_t>(1, piece.size()));
}

}  // namespace

bool is_scene(const fs::path& path, const label::PointLabeller& labeller,
              const SegmentOptions& options) {
  // What is read of a file takes some times its bytes: small ones are not even opened.
  constexpr std::size_t kTimes = 16;
  std::error_code ignored;
  const bool is_small = fs::is_regular_file(path, ignored) &&
                        fs::file_size(path, ignored) < options.memory / 2 / kTimes;
  if (is_small || path == kStream || options.memory == 0) return false;
  ScanReader reader(path, read_options_of(options, {}));
  const auto points = static_cast<std::size_t>(reader.size());
  std::size_t of_point = sizeof(std::array<double, 3>) + kInputBytes + kLabelBytes + kWrittenBytes;
  const Scan head = reader.read(0);
  for (const Column& column : head.attributes) {
    of_point += static_cast<std::size_t>(column.components) * size_of(column.type());
  }
  of_point += word_bytes(reader, head);
  if (points <= options.memory / 2 / of_point) return false;
  const std::string why = why_held(path, labeller, options);
  require(why.empty() || options.survey.leaves_out_points() || points <= options.memory / of_point,
          "segment",
          "{} points have to be held for {}, and take {:.3f} GB of {:.3f} GB; raise --memory",
          points, why, static_cast<double>(points) * static_cast<double>(of_point) * 1e-9,
          static_cast<double>(options.memory) * 1e-9);
  return why.empty();
}

SegmentedScan segment_scene(const fs::path& path, const label::PointLabeller& labeller,
                            const SegmentOptions& options, dist::Communicator& ranks,
                            const EachTile& each_tile) {
  return SceneRun(path, labeller, options, ranks).run(each_tile);
}

}  // namespace voxloom::cli
