#include "coords/cell_finder.h"

#include <algorithm>

#include "coords/leaf_shift.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::array<std::int32_t, 3> kBranchStep = {9, 3, 1};  // of an axis among the 27 branches

// Whether a position, of a leaf or of a branch, is that of some int32 coordinate.
bool can_exist(std::int64_t position, int levels) {
  const std::int64_t end = std::int64_t{1} << (31 - levels * kLeafShift);
  return position >= -end && position < end;
}

}  // namespace

CellTable::CellTable(const Stencil& stencil, const LeafIndex& out, const LeafIndex& in)
    : cells_(stencil.cell_count()),
      words_((cells_ + 63) / 64),
      numbers_(out.leaves().size() * cells_),
      present_(out.leaves().size() * words_) {
  constexpr std::int64_t kGrain = 512;
  parallel_for(static_cast<std::int64_t>(out.leaves().size()), kGrain,
               [&](std::int64_t begin, std::int64_t end) {
                 CellFinder finder(stencil, in);
                 for (auto leaf = static_cast<std::size_t>(begin);
                      leaf < static_cast<std::size_t>(end); ++leaf) {
                   finder.find(out.leaves()[leaf], numbers_.data() + leaf * cells_,
                               present_.data() + leaf * words_);
                 }
               });
}

CellFinder::CellFinder(const Stencil& stencil, const LeafIndex& in)
    : stencil_(stencil),
      in_(in),
      branch_of_cell_(stencil.cell_count()),
      bit_of_cell_(stencil.cell_count()) {
  for (std::size_t a = 0; a < 3; ++a) steps_[a].resize(stencil.axes()[a].cells.size());
}

void CellFinder::find(const Leaf& leaf, std::int32_t* numbers, std::uint64_t* present) {
  const LeafPosition& p = leaf.position;
  const std::array<std::int64_t, 3> base = {stencil_.base(0, p.x), stencil_.base(1, p.y),
                                            stencil_.base(2, p.z)};
  center_on(p.batch, {base[0] >> kLeafShift, base[1] >> kLeafShift, base[2] >> kLeafShift});
  bool near = true;
  for (std::size_t axis = 0; axis < 3; ++axis) near = find_steps(axis, base[axis]) && near;
  std::fill_n(present, (stencil_.cell_count() + 63) / 64, 0);
  if (near) {
    find_near(leaf, numbers, present);
  } else {
    find_far(leaf, numbers, present);
  }
}

void CellFinder::center_on(std::int32_t batch, const std::array<std::int64_t, 3>& middle) {
  if (batch == batch_ && middle == middle_) return;
  batch_ = batch;
  middle_ = middle;
  for (std::int32_t place = 0; place < kNoBranch; ++place) {
    const std::array<std::int64_t, 3> at = {
        middle[0] + place / 9 - 1, middle[1] + place / 3 % 3 - 1, middle[2] + place % 3 - 1};
    Leaf& branch = around_[static_cast<std::size_t>(place)];
    branch.mask = 0;
    if (!can_exist(at[0], 2) || !can_exist(at[1], 2) || !can_exist(at[2], 2)) continue;
    const std::int32_t number =
        in_.find_branch({batch, static_cast<std::int32_t>(at[0]), static_cast<std::int32_t>(at[1]),
                         static_cast<std::int32_t>(at[2])});
    if (number >= 0) branch = in_.branches()[static_cast<std::size_t>(number)];
  }
}

bool CellFinder::find_steps(std::size_t axis, std::int64_t base) {
  const std::vector<std::int64_t>& cells = stencil_.axes()[axis].cells;
  bool near = true;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::int64_t position = base + cells[i];
    const std::int64_t branch = (position >> kLeafShift) - middle_[axis] + 1;
    const bool exists = can_exist(position, 1);
    Step& step = steps_[axis][i];
    step.position = position;
    step.bit = leaf_shift::bit_of(static_cast<int>(axis), static_cast<int>(position & 3));
    step.branch = exists ? static_cast<std::int32_t>(branch) * kBranchStep[axis] : kNoBranch;
    near = near && (!exists || (branch >= 0 && branch <= 2));
  }
  return near;
}

// First which cells are there, without a branch that would be mispredicted, then their numbers.
void CellFinder::find_near(const Leaf& leaf, std::int32_t* numbers, std::uint64_t* present) {
  const std::uint64_t* sends = stencil_.class_of(leaf.position).sends.data();
  std::size_t cell = 0;
  for (const Step& x : steps_[0]) {
    for (const Step& y : steps_[1]) {
      for (const Step& z : steps_[2]) {
        const std::int32_t branch = std::min(x.branch + y.branch + z.branch, kNoBranch);
        const std::int32_t bit = x.bit + y.bit + z.bit;
        const std::uint64_t mask = around_[static_cast<std::size_t>(branch)].mask;
        const bool wanted = (leaf.mask & sends[cell]) != 0;
        branch_of_cell_[cell] = branch;
        bit_of_cell_[cell] = bit;
        present[cell / 64] |= ((mask >> bit) & std::uint64_t{wanted}) << (cell % 64);
        ++cell;
      }
    }
  }
  for (std::size_t first = 0; first < cell; first += 64) {
    for (std::uint64_t rest = present[first / 64]; rest != 0; rest &= rest - 1) {
      const std::size_t at = first + static_cast<std::size_t>(std::countr_zero(rest));
      numbers[at] =
          around_[static_cast<std::size_t>(branch_of_cell_[at])].rank_of(bit_of_cell_[at]);
    }
  }
}

void CellFinder::find_far(const Leaf& leaf, std::int32_t* numbers, std::uint64_t* present) const {
  const std::uint64_t* sends = stencil_.class_of(leaf.position).sends.data();
  std::size_t cell = 0;
  for (const Step& x : steps_[0]) {
    for (const Step& y : steps_[1]) {
      for (const Step& z : steps_[2]) {
        const bool exists =
            can_exist(x.position, 1) && can_exist(y.position, 1) && can_exist(z.position, 1);
        if (exists && (leaf.mask & sends[cell]) != 0) {
          numbers[cell] = in_.find_leaf({batch_, static_cast<std::int32_t>(x.position),
                                         static_cast<std::int32_t>(y.position),
                                         static_cast<std::int32_t>(z.position)});
          present[cell / 64] |= std::uint64_t{numbers[cell] >= 0} << (cell % 64);
        }
        ++cell;
      }
    }
  }
}

}  // namespace voxloom
