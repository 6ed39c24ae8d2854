// A bundle that goes from points to scores, as a labeller of scans.
#pragma once

#include <filesystem>
#include <memory>

#include "voxloom/train.h"

namespace voxloom::artifact {
class Model;
}

namespace voxloom::train {

class BundleLabeller {
 public:
  // std::invalid_argument when the bundle takes or gives something else than export_on_points makes.
  explicit BundleLabeller(const std::filesystem::path& bundle);
  [[nodiscard]] std::vector<std::int32_t> operator()(const LabelledScan& scan) const;
  // (points, classes)
  [[nodiscard]] Tensor scores(const LabelledScan& scan) const;

 private:
  std::shared_ptr<const artifact::Model> model_;
};

}  // namespace voxloom::train
