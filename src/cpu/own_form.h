// Rows of algorithms that take a problem in the CPU's own form: with the blocks of its map, say.
#pragma once

namespace voxloom::cpu {

template <auto CanDo, typename Mine, typename Problem>
bool can(const Problem& problem) {
  return CanDo(Mine(problem));
}

template <auto Run, typename Mine, typename Problem>
void run(const Problem& problem) {
  Run(Mine(problem));
}

}  // namespace voxloom::cpu
