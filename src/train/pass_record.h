// What a pass leaves behind beside its gradients: enough to do on any rank what its own rank would do.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "voxloom/dist.h"
#include "voxloom/metrics.h"

namespace voxloom::train {

struct PassRecord {
  double loss = 0;
  std::int64_t voxels = 0;
  std::vector<std::uint8_t> has_gradient = {};  // for each trained parameter
  // For each running statistic, what was seen; undefined: nothing.
  std::vector<Tensor> statistics = {};
  ConfusionMatrix confusion{1};
};

// How large each part is, from what all ranks know.
struct RecordLayout {
  std::size_t parameters = 0;
  std::vector<std::shared_ptr<Tensor>> statistics;  // places, whose shapes count
  std::int64_t classes = 1;
};

void append(dist::Bytes& to, const PassRecord& record, const RecordLayout& layout);
// Takes the first one off `bytes`. std::invalid_argument where they are too few.
[[nodiscard]] PassRecord take_record(std::span<const std::byte>& bytes, const RecordLayout& layout);

}  // namespace voxloom::train
