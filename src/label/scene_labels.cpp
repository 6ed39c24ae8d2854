#include "label/scene_labels.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace voxloom::label {
namespace {

constexpr std::int64_t kBucketPoints = std::int64_t{1} << 20;

struct LabelRecord {
  std::uint32_t place = 0;  // in the bucket
  float confidence = 0;
  std::uint16_t label = kNoClass, unused = 0;
};

PointLabels no_labels(std::size_t count) {
  return {.classes = std::vector<std::uint16_t>(count, kNoClass),
          .confidence = std::vector<float>(count)};
}

}  // namespace

SceneLabels::SceneLabels(const std::filesystem::path& beside, std::int64_t points,
                         std::size_t buffer)
    : points_(points),
      spill_{.buckets = static_cast<std::size_t>((points + kBucketPoints - 1) / kBucketPoints),
             .record = sizeof(LabelRecord),
             .buffer = buffer},
      writer_(beside, spill_),
      loaded_(spill_.buckets) {}

void SceneLabels::add(const TilePoints& tile, const PointLabels& labels) {
  for (std::size_t i = 0; i < tile.numbers.size(); ++i) {
    if (tile.inner[i] == 0) continue;
    const auto number = static_cast<std::int64_t>(tile.numbers[i]);
    const LabelRecord record = {static_cast<std::uint32_t>(number % kBucketPoints),
                                labels.confidence[i], labels.classes[i]};
    std::memcpy(writer_.add(static_cast<std::size_t>(number / kBucketPoints)), &record,
                sizeof(record));
    ++added_;
  }
}

void SceneLabels::share(dist::Communicator& ranks) {
  reader_ = std::make_unique<SpillReader>(ranks, writer_, spill_, SpillReader::Readers::first);
}

void SceneLabels::load(std::size_t bucket) {
  if (loaded_ == bucket) return;
  const std::int64_t first = static_cast<std::int64_t>(bucket) * kBucketPoints;
  labels_ = no_labels(static_cast<std::size_t>(std::min(kBucketPoints, points_ - first)));
  reader_->each(bucket, [&](std::span<const std::byte> records) {
    for (; !records.empty(); records = records.subspan(sizeof(LabelRecord))) {
      LabelRecord record;
      std::memcpy(&record, records.data(), sizeof(record));
      labels_.classes.at(record.place) = record.label;
      labels_.confidence.at(record.place) = record.confidence;
    }
  });
  loaded_ = bucket;
}

PointLabels SceneLabels::of(std::int64_t first, std::int64_t count) {
  require(first >= 0 && count >= 0 && count <= points_ - first, "segment",
          "labels {} to {} of {} points", first, first + count, points_);
  PointLabels out = no_labels(static_cast<std::size_t>(count));
  for (std::int64_t done = 0; done < count;) {
    load(static_cast<std::size_t>((first + done) / kBucketPoints));
    const std::int64_t at = (first + done) % kBucketPoints;
    const std::int64_t some = std::min(count - done, kBucketPoints - at);
    std::copy_n(labels_.classes.begin() + at, some, out.classes.begin() + done);
    std::copy_n(labels_.confidence.begin() + at, some, out.confidence.begin() + done);
    done += some;
  }
  return out;
}

}  // namespace voxloom::label
