// What backends made of a set or a map: one encoding each, dropped with its owner.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace voxloom {

class EncodingCache {
 public:
  using Encoding = std::shared_ptr<const void>;

  // The encoding under `key`, whose address is the backend's own; made by `make` when first asked for.
  // Calls from several threads wait for one; `make` asks this cache for nothing. What it throws is passed on,
  // and nothing is kept.
  [[nodiscard]] Encoding get(const void* key, const std::function<Encoding()>& make) {
    const std::lock_guard lock(mutex_);
    Encoding& encoding = encodings_[key];
    if (encoding == nullptr) encoding = make();
    return encoding;
  }

 private:
  std::mutex mutex_;
  std::map<const void*, Encoding> encodings_;
};

}  // namespace voxloom
