#include "coords/cell_finder.h"

#include <algorithm>
#include <numeric>

#include "coords/bits.h"
#include "coords/leaf_shift.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::array<std::int64_t, 3> kBranchStep = {9, 3, 1};  // of an axis among the 27 branches

// Whether a position, of a leaf or of a branch, is that of some int32 coordinate.
bool can_exist(std::int64_t position, int levels) {
  const std::int64_t end = std::int64_t{1} << (31 - levels * kLeafShift);
  return position >= -end && position < end;
}

}  // namespace

CellTable::CellTable(const Stencil& stencil, std::span<const Leaf> out, const LeafIndex& in)
    : words_((stencil.cell_count() + 63) / 64),
      numbers_((out.size() + kGrain - 1) / kGrain),
      first_(out.size()),
      present_(out.size() * words_) {
  const auto find = [&](std::int64_t begin, std::int64_t end) {
    CellFinder finder(stencil, in);
    const std::size_t cells = stencil.cell_count();
    UninitializedVector<std::int32_t>& numbers = numbers_[static_cast<std::size_t>(begin) / kGrain];
    std::size_t count = 0;
    for (auto leaf = static_cast<std::size_t>(begin); leaf < static_cast<std::size_t>(end);
         ++leaf) {
      if (numbers.size() < count + cells) numbers.resize(2 * numbers.size() + cells);
      first_[leaf] = static_cast<std::uint32_t>(count);
      count += finder.find(out[leaf], numbers.data() + count, present_.data() + leaf * words_);
    }
  };
  parallel_for(static_cast<std::int64_t>(out.size()), kGrain, find);
}

CellFinder::CellFinder(const Stencil& stencil, const LeafIndex& in) : stencil_(stencil), in_(in) {
  for (std::size_t a = 0; a < 3; ++a) {
    const std::vector<std::int64_t>& cells = stencil.axes()[a].cells;
    steps_[a].resize(cells.size());
    const std::int64_t last_place = 4 - std::gcd(stencil.base_step(static_cast<int>(a)), 4);
    first_branch_[a] = std::max<std::int64_t>(-1, floor_div(cells.front(), 4));
    last_branch_[a] = std::min<std::int64_t>(1, floor_div(last_place + cells.back(), 4));
    reach_ = std::max({reach_, -cells.front(), cells.back()});
  }
}

std::size_t CellFinder::find(const Leaf& leaf, std::int32_t* numbers, std::uint64_t* present) {
  const LeafPosition& p = leaf.position;
  const std::array<std::int64_t, 3> base = {stencil_.base(0, p.x), stencil_.base(1, p.y),
                                            stencil_.base(2, p.z)};
  center_on(p.batch, {base[0] >> kLeafShift, base[1] >> kLeafShift, base[2] >> kLeafShift});
  if (is_inside(base)) return find_inside(leaf, codes_of(base), numbers, present);
  for (std::size_t axis = 0; axis < 3; ++axis) find_steps(axis, base[axis]);
  std::fill_n(present, (stencil_.cell_count() + 63) / 64, 0);
  return find_far(leaf, numbers, present);
}

void CellFinder::center_on(std::int32_t batch, const std::array<std::int64_t, 3>& middle) {
  if (batch == batch_ && middle == middle_) return;
  batch_ = batch;
  middle_ = middle;
  for (std::int64_t x = first_branch_[0]; x <= last_branch_[0]; ++x) {
    for (std::int64_t y = first_branch_[1]; y <= last_branch_[1]; ++y) {
      for (std::int64_t z = first_branch_[2]; z <= last_branch_[2]; ++z) {
        const std::int64_t place = 13 + kBranchStep[0] * x + kBranchStep[1] * y + z;
        around_[static_cast<std::size_t>(place)] =
            branch_at(batch, {middle[0] + x, middle[1] + y, middle[2] + z});
      }
    }
  }
  for (std::size_t place = 0; place < around_.size(); ++place) masks_[place] = around_[place].mask;
}

Leaf CellFinder::branch_at(std::int32_t batch, const std::array<std::int64_t, 3>& at) const {
  if (!can_exist(at[0], 2) || !can_exist(at[1], 2) || !can_exist(at[2], 2)) return {};
  const std::int32_t number =
      in_.find_branch({batch, static_cast<std::int32_t>(at[0]), static_cast<std::int32_t>(at[1]),
                       static_cast<std::int32_t>(at[2])});
  return number < 0 ? Leaf{} : in_.branches()[static_cast<std::size_t>(number)];
}

bool CellFinder::is_inside(const std::array<std::int64_t, 3>& base) const {
  constexpr std::int64_t kBranchLeaves = std::int64_t{1} << kLeafShift;
  if (reach_ > kBranchLeaves) return false;
  return std::ranges::all_of(base, [](std::int64_t position) {
    return can_exist(position - kBranchLeaves, 1) && can_exist(position + kBranchLeaves, 1);
  });
}

const std::uint16_t* CellFinder::codes_of(const std::array<std::int64_t, 3>& base) {
  const std::size_t cells = stencil_.cell_count();
  std::size_t place = 0;
  for (const std::int64_t position : base)
    place = 4 * place + static_cast<std::size_t>(position & 3);
  if (codes_.empty()) codes_.resize(64 * cells);
  std::uint16_t* codes = codes_.data() + place * cells;
  if (((has_codes_ >> place) & 1U) != 0) return codes;
  has_codes_ |= std::uint64_t{1} << place;
  for (std::size_t axis = 0; axis < 3; ++axis) find_steps(axis, base[axis]);
  std::size_t cell = 0;
  for (const Step& x : steps_[0]) {
    for (const Step& y : steps_[1]) {
      for (const Step& z : steps_[2]) {
        const std::int64_t code = 64 * (x.branch + y.branch + z.branch) + x.bit + y.bit + z.bit;
        codes[cell++] = static_cast<std::uint16_t>(code);
      }
    }
  }
  return codes;
}

// First which cells are there, without a branch that would be mispredicted, then their numbers.
VOXLOOM_BIT_CLONES std::size_t CellFinder::find_inside(const Leaf& leaf, const std::uint16_t* codes,
                                                       std::int32_t* numbers,
                                                       std::uint64_t* present) const {
  const std::vector<std::uint64_t>& sends = stencil_.class_of(leaf.position).sends;
  std::int32_t* to = numbers;
  for (std::size_t first = 0; first < sends.size(); first += 64) {
    const std::size_t last = std::min(sends.size(), first + 64);
    std::uint64_t there = 0;
    for (std::size_t cell = first; cell < last; ++cell) {
      const std::uint64_t is_there = (masks_[codes[cell] / 64U] >> (codes[cell] % 64U)) & 1U;
      const std::uint64_t is_wanted = (leaf.mask & sends[cell]) != 0 ? 1 : 0;
      there |= (is_there & is_wanted) << (cell - first);
    }
    present[first / 64] = there;
    for (std::uint64_t rest = there; rest != 0; rest &= rest - 1) {
      const std::size_t cell = first + static_cast<std::size_t>(std::countr_zero(rest));
      *to++ = around_[codes[cell] / 64U].rank_of(codes[cell] % 64);
    }
  }
  return static_cast<std::size_t>(to - numbers);
}

void CellFinder::find_steps(std::size_t axis, std::int64_t base) {
  const std::vector<std::int64_t>& cells = stencil_.axes()[axis].cells;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    Step& step = steps_[axis][i];
    step.position = base + cells[i];
    step.bit = leaf_shift::bit_of(static_cast<int>(axis), static_cast<int>(step.position & 3));
    const std::int64_t branch = (step.position >> kLeafShift) - middle_[axis] + 1;
    step.branch = branch * kBranchStep[axis];
  }
}

// One by one, where a cell may lie beyond the 27 branches or beyond what exists.
std::size_t CellFinder::find_far(const Leaf& leaf, std::int32_t* numbers,
                                 std::uint64_t* present) const {
  const std::uint64_t* sends = stencil_.class_of(leaf.position).sends.data();
  std::int32_t* to = numbers;
  std::size_t cell = 0;
  for (const Step& x : steps_[0]) {
    for (const Step& y : steps_[1]) {
      for (const Step& z : steps_[2]) {
        const bool exists =
            can_exist(x.position, 1) && can_exist(y.position, 1) && can_exist(z.position, 1);
        if (exists && (leaf.mask & sends[cell]) != 0) {
          const std::int32_t number = in_.find_leaf({batch_, static_cast<std::int32_t>(x.position),
                                                     static_cast<std::int32_t>(y.position),
                                                     static_cast<std::int32_t>(z.position)});
          if (number >= 0) {
            present[cell / 64] |= std::uint64_t{1} << (cell % 64);
            *to++ = number;
          }
        }
        ++cell;
      }
    }
  }
  return static_cast<std::size_t>(to - numbers);
}

}  // namespace voxloom
