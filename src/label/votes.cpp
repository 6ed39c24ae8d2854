#include "label/votes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/checked.h"
#include "data/vec.h"
#include "voxloom/dense.h"

namespace voxloom::label {

LabelledScan turned(const LabelledScan& scan, int vote, int votes) {
  if (vote == 0) return scan;
  const street::Yaw yaw = street::Yaw::of(2 * street::kPi * vote / votes);
  const double mirror = vote % 2 == 1 ? -1 : 1;
  const auto turn = [&](std::array<float, 3>& p) {
    const street::Vec2 to = yaw.turn(street::Vec2{double{p[0]}, mirror * double{p[1]}});
    p[0] = static_cast<float>(to.x);
    p[1] = static_cast<float>(to.y);
  };
  LabelledScan out = scan;
  std::ranges::for_each(out.positions, turn);
  std::ranges::for_each(out.normals, turn);
  out.scene_origin.reset();  // the box around the points is another one
  return out;
}

VoteSums::VoteSums(std::int64_t points, std::int64_t classes) : classes_(classes) {
  resize_or_throw("label", sums_, checked_mul("label", points, classes), 0.0F);
}

std::size_t VoteSums::bytes_of(std::int64_t points, std::int64_t classes) {
  const std::int64_t sums = checked_mul("label", points, classes);
  return static_cast<std::size_t>(
      checked_mul("label", sums, static_cast<std::int64_t>(sizeof(float))));
}

void VoteSums::add_row(const float* shares, std::size_t point) {
  float* to = sums_.data() + point * static_cast<std::size_t>(classes_);
  for (std::int64_t c = 0; c < classes_; ++c) to[c] += shares[c];
}

void VoteSums::add(const Tensor& scores, std::span<const std::int32_t> points,
                   std::span<const std::uint8_t> inner) {
  require(scores.rank() == 2 && scores.dim(1) == classes_, "label",
          "the model gives scores of shape {}, and its classes.json, or without one the table of "
          "streets, has {} classes",
          scores.shape(), classes_);
  const Tensor shares = softmax(scores.to(DType::f32)).to(Device{});
  const float* row = shares.data<float>();
  const auto rows = static_cast<std::size_t>(shares.dim(0));
  for (std::size_t i = 0; i < rows; ++i, row += classes_) {
    if (points.empty()) {
      add_row(row, i);
    } else if (inner[i] != 0) {
      add_row(row, static_cast<std::size_t>(points[i]));
    }
  }
}

void VoteSums::give(int votes, PointLabels& labels) const {
  for (std::size_t i = 0; i < labels.classes.size(); ++i) {
    const float* sums = sums_.data() + i * static_cast<std::size_t>(classes_);
    if (std::any_of(sums, sums + classes_, [](float sum) { return std::isnan(sum); })) continue;
    const float* best = std::max_element(sums, sums + classes_);
    labels.classes[i] = static_cast<std::uint16_t>(best - sums);
    labels.confidence[i] = *best / static_cast<float>(votes);
  }
}

std::vector<float> VoteSums::take_means(int votes) {
  for (float& sum : sums_) sum /= static_cast<float>(votes);
  return std::move(sums_);
}

}  // namespace voxloom::label
