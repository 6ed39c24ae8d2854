// The ranks that a launcher (mpirun, srun) started this program as.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "voxloom/dist.h"

namespace voxloom::cli {

struct Launch {
  int rank = 0, size = 1;
  std::string by;  // the variable that says so
};
// What the environment says: mpirun of Open MPI and of MPICH, srun. Nothing for a process alone, and with
// VOXLOOM_RANKS=1, which is for commands that each run by themselves under a launcher.
// BadUsage where it says nonsense.
[[nodiscard]] std::optional<Launch> launch();

// Among those that were started; 1 where the launcher does not say.
[[nodiscard]] std::size_t ranks_on_this_machine(const dist::Communicator& ranks);

// Runs `work` on the ranks that were started, or on this process alone. An error that all ranks know of
// (dist::RankError) is said by rank 0, and the others leave in silence; any other ends all ranks with its words.
// Threads: unless `threads` says how many, the machine's cores are shared among the ranks on it.
void with_ranks(int threads, const std::function<void(dist::Communicator&)>& work);

}  // namespace voxloom::cli
