#include "voxloom/coordinate_set.h"

#include <algorithm>

#include "coords/coordinate_set_impl.h"
#include "coords/order.h"
#include "core/checked.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::string_view kCoordinateSetOp = "coordinate_set";

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void require_stride(const Triple& stride) {
  require(stride.x >= 1 && stride.y >= 1 && stride.z >= 1, kCoordinateSetOp,
          "stride must be at least 1 on each axis, got {}", stride);
}

// One more than the largest batch; the message names the first row with a negative one.
std::int64_t batches_in(std::span<const Coordinate> rows) {
  std::int32_t least = 0;
  std::int32_t largest = -1;
  for (const Coordinate& c : rows) {
    least = std::min(least, c.batch);
    largest = std::max(largest, c.batch);
  }
  if (least < 0) {
    const auto row = std::ranges::find_if(rows, [](const Coordinate& c) { return c.batch < 0; });
    fail(kCoordinateSetOp, "row {} {} has a negative batch", row - rows.begin(), *row);
  }
  return std::int64_t{largest} + 1;
}

std::int64_t checked_batch_size(std::span<const Coordinate> rows,
                                const std::optional<std::int64_t>& wanted) {
  const std::int64_t needed = batches_in(rows);
  if (!wanted) return needed;
  require(*wanted >= needed, kCoordinateSetOp,
          "batch_size {} is too small: the largest batch is {}", *wanted, needed - 1);
  return *wanted;
}

}  // namespace

std::span<const Coordinate> coordinates_in(std::string_view op, const Tensor& rows,
                                           std::string_view what) {
  require(rows.defined() && rows.dtype() == DType::i32 && rows.rank() == 2 && rows.dim(1) == 4, op,
          "expected {} of shape (N,4) and type int32, got {} {}", what, to_string(rows.shape()),
          name_of(rows.dtype()));
  static_assert(sizeof(Coordinate) == 4 * sizeof(std::int32_t) &&
                alignof(Coordinate) == alignof(std::int32_t));
  return {reinterpret_cast<const Coordinate*>(rows.data<std::int32_t>()),
          static_cast<std::size_t>(rows.dim(0))};
}

std::string to_string(const Coordinate& c) {
  return fmt::format("({},{},{},{})", c.batch, c.x, c.y, c.z);
}

bool canonical_less(const Coordinate& a, const Coordinate& b) {
  if (a.batch != b.batch) return a.batch < b.batch;
  return morton_less(a.x, a.y, a.z, b.x, b.y, b.z);
}

CoordinateSet CoordinateSet::from_rows(std::span<const Coordinate> rows,
                                       const CoordinateSetOptions& options) {
  require_row_count(kCoordinateSetOp, static_cast<std::int64_t>(rows.size()));
  auto copy = with_memory_errors(kCoordinateSetOp, [&] {
    return std::make_shared<const std::vector<Coordinate>>(rows.begin(), rows.end());
  });
  const std::span<const Coordinate> copied = *copy;
  return on_rows(copied, std::move(copy), options);
}

CoordinateSet CoordinateSet::from_tensor(const Tensor& rows, const CoordinateSetOptions& options) {
  if (rows.defined() && !rows.device().is_host())
    return borrow(rows, options);  // a copy is made there
  return from_rows(coordinates_in(kCoordinateSetOp, rows), options);
}

CoordinateSet CoordinateSet::borrow(const Tensor& rows, const CoordinateSetOptions& options) {
  const Tensor on_host = rows.to(Device{});
  return on_rows(coordinates_in(kCoordinateSetOp, on_host), on_host.buffer().owner, options);
}

CoordinateSet CoordinateSet::on_rows(std::span<const Coordinate> rows,
                                     std::shared_ptr<const void> owner,
                                     const CoordinateSetOptions& options) {
  require_row_count(kCoordinateSetOp, static_cast<std::int64_t>(rows.size()));
  require_stride(options.stride);
  const std::int64_t batch_size = checked_batch_size(rows, options.batch_size);
  auto impl = with_memory_errors(kCoordinateSetOp, [&] {
    return std::make_shared<const Impl>(
        Impl::Content{rows, std::move(owner), options.stride, batch_size});
  });
  if (!options.trusted) impl->index_and_require_unique();
  return CoordinateSet(std::move(impl));
}

CoordinateSet::CoordinateSet() {
  static const std::shared_ptr<const Impl> empty = std::make_shared<const Impl>(Impl::Content{});
  impl_ = empty;
}

std::int64_t CoordinateSet::size() const { return static_cast<std::int64_t>(impl_->rows().size()); }
std::int64_t CoordinateSet::batch_size() const { return impl_->batch_size(); }
Triple CoordinateSet::stride() const { return impl_->stride(); }
std::span<const Coordinate> CoordinateSet::rows() const { return impl_->rows(); }

Tensor CoordinateSet::to_tensor() const {
  return Tensor::from_bytes(std::as_bytes(rows()), {size(), 4}, DType::i32);
}

std::int64_t CoordinateSet::find(std::int64_t batch, std::int64_t x, std::int64_t y,
                                 std::int64_t z) const {
  return impl_->row_at(impl_->index().rank(batch, x, y, z));
}

bool CoordinateSet::is_canonical() const { return impl_->row_of_rank().empty(); }

CoordinateSet::Impl::Content CoordinateSet::Impl::content_of(std::vector<Coordinate> rows,
                                                             Triple stride,
                                                             std::int64_t batch_size) {
  auto owner = std::make_shared<const std::vector<Coordinate>>(std::move(rows));
  const std::span<const Coordinate> kept = *owner;
  return {kept, std::move(owner), stride, batch_size};
}

CoordinateSet::Impl::Impl(Content content)
    : content_(std::move(content)), id_(next_id()), cache_(std::make_shared<DerivedCache>()) {}

CoordinateSet::Impl::Impl(LeafIndex index, Triple stride, std::int64_t batch_size)
    : Impl(content_of(index.coordinates(), stride, batch_size)) {
  std::call_once(index_once_, [&] { index_.leaves = std::move(index); });
}

CoordinateSet::Impl::Impl(Content content, RowIndex index) : Impl(std::move(content)) {
  std::call_once(index_once_, [&] { index_ = std::move(index); });
}

CoordinateSet::Impl::~Impl() {
  for (const std::weak_ptr<DerivedCache>& referrer : referrers_) {
    if (const auto cache = referrer.lock()) cache->forget_maps_of(id_);
  }
}

const LeafIndex& CoordinateSet::Impl::index() const {
  std::call_once(index_once_, [this] {
    with_memory_errors(kCoordinateSetOp,
                       [this] { run_isolated([this] { index_ = index_rows(content_.rows); }); });
  });
  return index_.leaves;
}

std::span<const std::int32_t> CoordinateSet::Impl::row_of_rank() const {
  (void)index();
  return index_.row_of_rank;
}

void CoordinateSet::Impl::index_and_require_unique() const {
  if (index().size() == static_cast<std::int64_t>(content_.rows.size())) return;
  fail(kCoordinateSetOp, "rows {} and {} are the same coordinate {}", index_.repeats,
       index_.first_repeated, content_.rows[static_cast<std::size_t>(index_.repeats)]);
}

void CoordinateSet::Impl::add_referrer(const std::shared_ptr<DerivedCache>& cache) const {
  const std::lock_guard lock(referrers_mutex_);
  std::erase_if(referrers_, [&](const std::weak_ptr<DerivedCache>& referrer) {
    const auto other = referrer.lock();
    return other == nullptr || other == cache;
  });
  referrers_.push_back(cache);
}

CoordinateSet set_from_index(LeafIndex index, Triple stride, std::int64_t batch_size) {
  return CoordinateSet(
      std::make_shared<const CoordinateSet::Impl>(std::move(index), stride, batch_size));
}

CoordinateSet set_in_order(const CoordinateSet& set, std::span<const std::int32_t> order) {
  std::vector<Coordinate> rows(order.size());
  UninitializedVector<std::int32_t> row_of_rank(order.size());
  bool is_canonical = true;
  for (std::size_t row = 0; row < order.size(); ++row) {
    const auto rank = static_cast<std::size_t>(order[row]);
    rows[row] = set.rows()[rank];
    row_of_rank[rank] = static_cast<std::int32_t>(row);
    is_canonical = is_canonical && rank == row;
  }
  RowIndex index;
  index.leaves = set.impl().index();
  if (!is_canonical) index.row_of_rank = std::move(row_of_rank);
  using Impl = CoordinateSet::Impl;
  return CoordinateSet(std::make_shared<const Impl>(
      Impl::content_of(std::move(rows), set.stride(), set.batch_size()), std::move(index)));
}

}  // namespace voxloom
