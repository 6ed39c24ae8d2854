#include "data/baseline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/parallel.h"
#include "data/draw.h"

namespace voxloom::data {
namespace {

constexpr std::size_t kRemembered = 4000;
constexpr std::size_t kVoters = 9;

struct Samples {
  std::vector<PointFeatures> features;
  std::vector<std::int32_t> labels;
};

// Every 16th labelled point of the training scans.
Samples gather(const Dataset& training, std::int64_t scans) {
  Samples all;
  for (std::int64_t s = 0; s < std::min(scans, training.size()); ++s) {
    const LabelledScan scan = training.get(s);
    const std::vector<PointFeatures> features = point_features(scan);
    for (std::size_t i = static_cast<std::size_t>(s) % 16; i < features.size(); i += 16) {
      if (scan.labels[i] == kIgnoreLabel) continue;
      all.features.push_back(features[i]);
      all.labels.push_back(scan.labels[i]);
    }
  }
  require(!all.labels.empty(), "baseline", "the training scans have no labelled point");
  return all;
}

PointFeatures one_over_deviation(const std::vector<PointFeatures>& rows) {
  PointFeatures scale{};
  const auto count = static_cast<double>(rows.size());
  for (std::size_t f = 0; f < kPointFeatures; ++f) {
    double sum = 0, square = 0;
    for (const PointFeatures& row : rows) {
      sum += static_cast<double>(row[f]);
      square += static_cast<double>(row[f]) * static_cast<double>(row[f]);
    }
    const double variance = square / count - sum / count * (sum / count);
    scale[f] = static_cast<float>(1 / std::sqrt(std::max(variance, 1e-6)));
  }
  return scale;
}

// The probability with which a point of each class is remembered.
std::vector<double> keep_shares(const std::vector<std::int32_t>& labels, std::int64_t classes) {
  std::vector<double> counts(static_cast<std::size_t>(classes), 0);
  for (const std::int32_t label : labels) counts[static_cast<std::size_t>(label)] += 1;
  double roots = 0;
  for (const double count : counts) roots += std::sqrt(count);
  std::vector<double> shares;
  for (const double count : counts) {
    const double wanted = static_cast<double>(kRemembered) * std::sqrt(count) / roots;
    shares.push_back(count > 0 ? std::min(1.0, wanted / count) : 0);
  }
  return shares;
}

}  // namespace

NearestNeighbours::NearestNeighbours(const Dataset& training, std::int64_t scans,
                                     std::uint64_t seed)
    : classes_(training.classes().size()) {
  const Samples all = gather(training, scans);
  scale_ = one_over_deviation(all.features);
  const std::vector<double> shares = keep_shares(all.labels, classes_);
  street::Draw draw(seed);
  for (std::size_t i = 0; i < all.labels.size(); ++i) {
    if (!draw.chance(shares[static_cast<std::size_t>(all.labels[i])])) continue;
    points_.push_back(scaled(all.features[i]));
    labels_.push_back(all.labels[i]);
  }
  require(!points_.empty(), "baseline", "no training point was drawn; give it more scans");
}

PointFeatures NearestNeighbours::scaled(const PointFeatures& raw) const {
  PointFeatures out{};
  for (std::size_t f = 0; f < kPointFeatures; ++f) out[f] = raw[f] * scale_[f];
  return out;
}

std::int32_t NearestNeighbours::vote(const PointFeatures& wanted) const {
  struct Near {
    float distance = std::numeric_limits<float>::max();
    std::int32_t label = 0;
  };
  std::array<Near, kVoters> nearest{};  // the farthest first to go
  for (std::size_t i = 0; i < points_.size(); ++i) {
    float distance = 0;
    for (std::size_t f = 0; f < kPointFeatures; ++f) {
      const float d = points_[i][f] - wanted[f];
      distance += d * d;
    }
    if (distance >= nearest.back().distance) continue;
    std::size_t place = kVoters - 1;
    for (; place > 0 && nearest[place - 1].distance > distance; --place) {
      nearest[place] = nearest[place - 1];
    }
    nearest[place] = {distance, labels_[i]};
  }
  std::vector<int> votes(static_cast<std::size_t>(classes_), 0);
  const std::size_t voters = std::min(kVoters, points_.size());
  for (std::size_t i = 0; i < voters; ++i) ++votes[static_cast<std::size_t>(nearest[i].label)];
  return static_cast<std::int32_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

std::vector<std::int32_t> NearestNeighbours::predict(
    const std::vector<PointFeatures>& features) const {
  std::vector<std::int32_t> labels(features.size());
  parallel_for(static_cast<std::int64_t>(features.size()), 256,
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const auto at = static_cast<std::size_t>(i);
                   labels[at] = vote(scaled(features[at]));
                 }
               });
  return labels;
}

namespace {

struct Tally {
  std::vector<double> both, either;
  explicit Tally(std::int64_t classes)
      : both(static_cast<std::size_t>(classes), 0), either(both.size(), 0) {}
  void add(std::int32_t truth, std::int32_t guess) {
    either[static_cast<std::size_t>(truth)] += 1;
    if (truth == guess) {
      both[static_cast<std::size_t>(truth)] += 1;
    } else {
      either[static_cast<std::size_t>(guess)] += 1;
    }
  }
  [[nodiscard]] ClassScores scores() const {
    ClassScores out;
    double sum = 0, present = 0;
    for (std::size_t i = 0; i < both.size(); ++i) {
      out.iou.push_back(either[i] > 0 ? both[i] / either[i] : -1);
      if (either[i] > 0) sum += out.iou.back(), present += 1;
    }
    out.mean = present > 0 ? sum / present : 0;
    return out;
  }
};

}  // namespace

ClassScores score(const NearestNeighbours& baseline, const Dataset& held_out, std::int64_t stride) {
  require(stride > 0, "baseline", "the stride must be positive, not {}", stride);
  Tally tally(held_out.classes().size());
  for (std::int64_t s = 0; s < held_out.size(); ++s) {
    const LabelledScan scan = held_out.get(s);
    const std::vector<PointFeatures> all = point_features(scan);
    std::vector<PointFeatures> rows;
    std::vector<std::int32_t> truths;
    for (std::int64_t i = 0; i < scan.size(); i += stride) {
      const auto at = static_cast<std::size_t>(i);
      if (scan.labels[at] == kIgnoreLabel) continue;
      rows.push_back(all[at]);
      truths.push_back(scan.labels[at]);
    }
    const std::vector<std::int32_t> guesses = baseline.predict(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) tally.add(truths[i], guesses[i]);
  }
  return tally.scores();
}

}  // namespace voxloom::data
