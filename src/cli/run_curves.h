// Loss and mean IoU over the steps of a run, as a picture.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "voxloom/plot.h"

namespace voxloom::cli {

class RunCurves {
 public:
  void add(const nlohmann::ordered_json& line);  // of metrics.jsonl
  [[nodiscard]] bool empty() const { return loss_.x.empty(); }
  [[nodiscard]] viz::Canvas picture() const;

 private:
  viz::Series loss_{.name = "training"};
  viz::Series trained_{.name = "training"}, validated_{.name = "validation"};
};

}  // namespace voxloom::cli
