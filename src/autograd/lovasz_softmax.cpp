// For a class, with the rows sorted by falling error e (1 - p for the class's own rows, p for the
// others): loss = sum_j e_j (J_j - J_{j-1}), J_j the Jaccard loss if the first j rows were wrong.

#include <algorithm>
#include <bit>

#include "autograd/loops.h"
#include "autograd/losses.h"
#include "autograd/tape.h"

namespace voxloom::autograd {
namespace {

constexpr std::string_view kOp = "lovasz_softmax";

class ClassLoss {
 public:
  ClassLoss(const Tensor& probabilities, const Tensor& labels, std::int32_t ignore)
      : p_(probabilities.data<float>()),
        classes_(probabilities.dim(1)),
        labels_(labels.span<std::int32_t>()),
        ignore_(ignore) {}

  // Writes the slope of the loss by each probability of the class; gives the loss.
  double operator()(std::int32_t which, std::int64_t members, float* slopes) const {
    const std::vector<std::uint64_t> order = falling_errors(which);
    double loss = 0, before = 0;
    auto inside = static_cast<double>(members);    // of the class's rows, those not yet wrong
    auto together = static_cast<double>(members);  // the class's rows and the wrong others
    for (const std::uint64_t key : order) {
      const auto row = static_cast<std::int64_t>(key & 0xffffffffU);
      const bool is_member = labels_[static_cast<std::size_t>(row)] == which;
      if (is_member) {
        inside -= 1;
      } else {
        together += 1;
      }
      const double jaccard = 1.0 - inside / together;
      const auto step = static_cast<float>(jaccard - before);
      loss += static_cast<double>(error(row, which)) * (jaccard - before);
      slopes[row * classes_ + which] = is_member ? -step : step;
      before = jaccard;
    }
    return loss;
  }

 private:
  [[nodiscard]] float error(std::int64_t row, std::int32_t which) const {
    const float p = p_[row * classes_ + which];
    return labels_[static_cast<std::size_t>(row)] == which ? 1.0F - p : p;
  }

  // Errors are not negative, so that their bits sort as they do; equals go by row.
  [[nodiscard]] std::vector<std::uint64_t> falling_errors(std::int32_t which) const {
    std::vector<std::uint64_t> keys;
    keys.reserve(labels_.size());
    for (std::size_t row = 0; row < labels_.size(); ++row) {
      if (labels_[row] == ignore_) continue;
      const auto bits = std::bit_cast<std::uint32_t>(
          std::max(0.0F, error(static_cast<std::int64_t>(row), which)));
      keys.push_back(std::uint64_t{~bits} << 32U | row);
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  const float* p_;
  std::int64_t classes_;
  std::span<const std::int32_t> labels_;
  std::int32_t ignore_;
};

std::vector<std::int64_t> member_counts(const Tensor& labels, std::int32_t ignore,
                                        std::int64_t classes) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes), 0);
  for (const std::int32_t label : labels.span<std::int32_t>()) {
    if (label != ignore) ++counts[static_cast<std::size_t>(label)];
  }
  return counts;
}

}  // namespace

Variable lovasz_softmax(const Variable& scores, const Tensor& labels, std::int32_t ignore) {
  check_labels(kOp, scores.value(), labels, ignore);
  const Variable p = softmax(scores);
  const std::int64_t classes = p.value().dim(1);
  const std::vector<std::int64_t> members = member_counts(labels, ignore, classes);
  const auto present = std::count_if(members.begin(), members.end(), [](auto n) { return n > 0; });
  Tensor slopes = Tensor::zeros(p.value().shape(), DType::f32);
  std::vector<double> losses(members.size(), 0.0);
  const ClassLoss class_loss(p.value(), labels, ignore);
  parallel_for(classes, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) {
      const auto at = static_cast<std::size_t>(c);
      if (members[at] == 0) continue;
      losses[at] =
          class_loss(static_cast<std::int32_t>(c), members[at], slopes.mutable_data<float>());
    }
  });
  double total = 0;
  for (const double loss : losses) total += loss;
  const double divisor = present == 0 ? 1.0 : static_cast<double>(present);
  const auto gradient = [slopes, divisor](const Tensor& dy, GradientSink& to) {
    const auto factor = static_cast<float>(static_cast<double>(dy.data<float>()[0]) / divisor);
    to.add(0, autograd::map(slopes, [factor](float g) { return g * factor; }));
  };
  return record(Operation::lovasz_softmax, Variable(to_float32({total / divisor})), {&p}, {slopes},
                gradient);
}

}  // namespace voxloom::autograd
