// Ranks that MPI started: `mpirun -n 4 program`, `srun program`. In voxloom::mpi, a library of its own that
// is there where the build found MPI (find_package(voxloom COMPONENTS mpi)); nothing else needs MPI.
//
//   int main() {
//     const auto ranks = mpi::world();
//     try {
//       train::Trainer trainer(net, data, options, *ranks);
//       ...
//     } catch (const std::exception& error) {
//       ranks->abort(error.what());   // or the others would wait
//     }
//   }
//
// Waiting ranks sleep between looks, so that more ranks than cores do not stand in each other's way, and a
// wait ends: with the words of MPI where it tells of a failure, else after `patience`.
//
// Errors: std::runtime_error with the words of MPI.
#pragma once

#include <memory>

#include "voxloom/dist.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {
namespace mpi {

struct Options {
  // Seconds that a call waits for the other ranks; 0: for ever. It has to cover whatever one rank may do
  // while the others wait for it: a pass, reading its scans, rank 0's writing.
  double patience = 1800;
};

// All ranks that were started. Initialises MPI unless that was done, and then ends it when the communicator
// goes: each rank has to come there, or abort().
[[nodiscard]] std::unique_ptr<dist::Communicator> world(const Options& options = {});

// Those of a communicator of the caller's own, as MPI_Comm_c2f gives its handle. MPI must be initialised, for calls from any one thread at a time (MPI_THREAD_SERIALIZED or more).
[[nodiscard]] std::unique_ptr<dist::Communicator> from_handle(int handle,
                                                              const Options& options = {});

}  // namespace mpi
}  // namespace voxloom
