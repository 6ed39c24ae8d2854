#include <bit>
#include <span>

#include "cpu/backend.h"
#include "cpu/loops.h"
#include "engine/losses.h"

namespace voxloom::cpu {
namespace {

class ClassLoss {
 public:
  explicit ClassLoss(const engine::LovaszSoftmax& p)
      : p_(p.probabilities->data<float>()),
        classes_(p.probabilities->dim(1)),
        labels_(p.labels->span<std::int32_t>()),
        ignore_(p.ignore) {}

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

  // Rows of each class.
  [[nodiscard]] std::vector<std::int64_t> member_counts() const {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(classes_), 0);
    for (const std::int32_t label : labels_) {
      if (label != ignore_) ++counts[static_cast<std::size_t>(label)];
    }
    return counts;
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

void lovasz_softmax(const engine::LovaszSoftmax& p) {
  const ClassLoss class_loss(p);
  const std::vector<std::int64_t> members = class_loss.member_counts();
  std::vector<double> losses(members.size(), 0.0);
  float* slopes = p.slopes->mutable_data<float>();
  std::fill_n(slopes, p.slopes->size(), 0.0F);
  parallel_for(p.probabilities->dim(1), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) {
      const auto at = static_cast<std::size_t>(c);
      if (members[at] == 0) continue;
      losses[at] = class_loss(static_cast<std::int32_t>(c), members[at], slopes);
    }
  });
  double total = 0;
  for (const double loss : losses) total += loss;
  const auto present = std::ranges::count_if(members, [](std::int64_t n) { return n > 0; });
  *p.present = present == 0 ? 1.0 : static_cast<double>(present);
  const double mean = total / *p.present;
  store(&mean, p.loss);
}

}  // namespace

void CpuBackend::offer_lovasz() { offer_trained<lovasz_softmax>(); }

}  // namespace voxloom::cpu
