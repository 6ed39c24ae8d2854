#include <mutex>
#include <unordered_map>

#include "core/error.h"
#include "voxloom/dataset.h"

namespace voxloom {
namespace {

class CachedDataset final : public Dataset {
 public:
  explicit CachedDataset(DatasetPtr source) : source_(std::move(source)) {}

  [[nodiscard]] const ClassTable& classes() const override { return source_->classes(); }
  [[nodiscard]] std::int64_t size() const override { return source_->size(); }
  [[nodiscard]] std::string name(std::int64_t index) const override { return source_->name(index); }
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t /*seed*/) const override {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = scans_.find(index); found != scans_.end()) return found->second;
    }
    // Not under the lock: two threads may make the same scan, and it is the same.
    LabelledScan scan = source_->get(index, 0);
    const std::lock_guard lock(mutex_);
    return scans_.emplace(index, std::move(scan)).first->second;
  }
  [[nodiscard]] std::string recipe() const override { return source_->recipe(); }

 private:
  DatasetPtr source_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::int64_t, LabelledScan> scans_;
};

}  // namespace

DatasetPtr cached(DatasetPtr dataset) {
  require(dataset != nullptr, "cached", "there is no dataset");
  return std::make_shared<CachedDataset>(std::move(dataset));
}

}  // namespace voxloom
