#include "autograd/segment_gradient.h"

#include "engine/choice.h"
#include "engine/segments.h"
#include "engine/spread.h"

namespace voxloom::autograd {
namespace {

Tensor sizes_of(const Segments& segments, Device device) {
  std::vector<float> sizes;
  for (std::int64_t s = 0; s < segments.count(); ++s) {
    sizes.push_back(static_cast<float>(segments[s].size()));
  }
  return Tensor::from(sizes, {segments.count()}).to(device);
}

// The segment of each row that is its segment's first.
std::vector<std::int32_t> of_first_rows(const Segments& segments, std::size_t rows) {
  std::vector<std::int32_t> segment_of_row(rows, -1);
  for (std::int64_t s = 0; s < segments.count(); ++s) {
    if (segments[s].empty()) continue;
    segment_of_row[static_cast<std::size_t>(segments[s].front())] = static_cast<std::int32_t>(s);
  }
  return segment_of_row;
}

}  // namespace

Tensor SegmentGradient::operator()(const Tensor& dy) const {
  const Segments grouped = group_rows(segment_of_row, segments);
  Tensor dx = Tensor::empty({static_cast<std::int64_t>(segment_of_row.size()), dy.dim(1)},
                            DType::f32, dy.device());
  if (reduction == Reduction::max) {
    Tensor winners = Tensor::empty({segments, dy.dim(1)}, DType::i32, dy.device());
    engine::run(
        engine::SegmentMaxWinners{.segments = &grouped, .x = &features, .winners = &winners});
    engine::run(engine::ScatterToChosen{.chosen = &winners, .dy = &dy, .dx = &dx});
    return dx;
  }
  engine::SpreadRows spread{.x = &dy, .rows = segment_of_row, .y = &dx};
  std::vector<std::int32_t> first;
  if (reduction == Reduction::first)
    spread.rows = first = of_first_rows(grouped, segment_of_row.size());
  Tensor sizes;
  if (reduction == Reduction::mean) {
    sizes = sizes_of(grouped, dy.device());
    spread.divisors = &sizes;
  }
  engine::run(spread);
  return dx;
}

}  // namespace voxloom::autograd
