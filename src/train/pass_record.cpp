#include "train/pass_record.h"

#include <cstring>

#include "core/error.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kPassRecordOp = "train";

void append_bytes(dist::Bytes& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void take_bytes(std::span<const std::byte>& from, std::span<std::byte> to) {
  require(from.size() >= to.size(), kPassRecordOp, "a rank's record of a pass is short of {} bytes",
          to.size() - from.size());
  if (!to.empty()) std::memcpy(to.data(), from.data(), to.size());
  from = from.subspan(to.size());
}

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <typename T>
void take(std::span<const std::byte>& from, T& value) {
  take_bytes(from, std::as_writable_bytes(std::span(&value, 1)));
}

}  // namespace

void append(dist::Bytes& to, const PassRecord& record, const RecordLayout& layout) {
  require(record.has_gradient.size() == layout.parameters &&
              record.statistics.size() == layout.statistics.size() &&
              record.confusion.classes() == layout.classes,
          kPassRecordOp, "a record of another network");
  append_bytes(to, bytes_of(record.loss));
  append_bytes(to, bytes_of(record.voxels));
  append_bytes(to, std::as_bytes(std::span(record.has_gradient)));
  append_bytes(to, std::as_bytes(record.confusion.counts()));
  for (const Tensor& seen : record.statistics) {
    append_bytes(to, bytes_of(std::uint8_t{seen.defined()}));
    if (seen.defined()) append_bytes(to, std::as_bytes(seen.to(Device{}).span<float>()));
  }
}

PassRecord take_record(std::span<const std::byte>& bytes, const RecordLayout& layout) {
  PassRecord record;
  take(bytes, record.loss);
  take(bytes, record.voxels);
  record.has_gradient.resize(layout.parameters);
  take_bytes(bytes, std::as_writable_bytes(std::span(record.has_gradient)));
  std::vector<std::int64_t> counts(static_cast<std::size_t>(layout.classes * (layout.classes + 1)));
  take_bytes(bytes, std::as_writable_bytes(std::span(counts)));
  record.confusion = ConfusionMatrix(layout.classes, counts);
  for (const std::shared_ptr<Tensor>& place : layout.statistics) {
    std::uint8_t is_seen = 0;
    take(bytes, is_seen);
    Tensor seen;
    if (is_seen != 0) {
      seen = Tensor::empty(place->shape(), DType::f32);
      take_bytes(bytes, std::as_writable_bytes(seen.mutable_span<float>()));
      seen = seen.to(place->device());
    }
    record.statistics.push_back(std::move(seen));
  }
  return record;
}

}  // namespace voxloom::train
