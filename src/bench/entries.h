// What a run of the bench does: the cases, kind by kind, with each number of threads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/cases.h"

namespace voxloom::bench {

// A case before its tensors are made.
struct Entry {
  std::string label;
  int threads = 1;
  std::function<Case()> make;
};

struct Selection {
  ConvSelection conv;
  bool convs = false, maps = false, nets = false, trains = false;
  std::vector<int> threads;
};

[[nodiscard]] std::vector<Entry> entries_of(const std::shared_ptr<SceneMaps>& scene,
                                            const Selection& selection);

}  // namespace voxloom::bench
