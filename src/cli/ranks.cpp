#include "cli/ranks.h"

#include <fmt/core.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "voxloom/parallel.h"
#if defined(VOXLOOM_HAS_MPI)
#include "voxloom/mpi.h"
#endif

namespace voxloom::cli {
namespace {

constexpr int kMostRanks = 1 << 20;

// A whole number of the environment; nothing where the variable is not there.
std::optional<int> number_of(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  const std::string_view word(text);
  int value = 0;
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  if (result.ec != std::errc{} || result.ptr != word.data() + word.size() || value < 0 ||
      value > kMostRanks) {
    throw BadUsage(fmt::format("{} is '{}', which is no number of ranks", name, word));
  }
  return value;
}

struct Launcher {
  const char* rank;
  const char* size;
};
// Open MPI's mpirun; MPICH's, and srun where it speaks PMI; srun. In a batch script itself Slurm sets no
// variables of a step.
constexpr std::array kLaunchers = {Launcher{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   Launcher{"PMI_RANK", "PMI_SIZE"},
                                   Launcher{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}};

// On this machine.
int neighbours() {
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}) {
    if (const auto count = number_of(name)) return std::max(1, *count);
  }
  return 1;
}

#if defined(VOXLOOM_HAS_MPI)
// Of the cores that this process may use, as far as its neighbours leave them: ranks that a launcher bound
// to cores of their own use those, others share the machine.
int threads_of_rank() {
  const auto cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t mask;
  CPU_ZERO(&mask);
  const bool is_known = ::sched_getaffinity(0, sizeof(mask), &mask) == 0;
  const int usable = is_known ? CPU_COUNT(&mask) : cores;
  return std::max(1, std::min(usable, cores / neighbours()));
}

double patience() {
  const char* text = std::getenv("VOXLOOM_PATIENCE");
  if (text == nullptr) return mpi::Options{}.patience;
  char* end = nullptr;
  const double seconds = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(seconds >= 0)) {
    throw BadUsage(fmt::format("VOXLOOM_PATIENCE is '{}', which is no number of seconds", text));
  }
  return seconds;
}

[[noreturn]] void leave_after(const dist::RankError& error, const dist::Communicator& ranks) {
  if (ranks.rank() != 0) throw Leave{0};  // rank 0 says it, and its exit code is the job's
  if (error.own() != nullptr) std::rethrow_exception(error.own());
  throw error;
}

void run_on(const Launch& launched, int threads,
            const std::function<void(dist::Communicator&)>& work) {
  const auto ranks = mpi::world({.patience = patience()});
  if (ranks->size() != launched.size) {
    if (launched.rank != 0) throw Leave{kFailure};
    throw std::runtime_error(
        fmt::format("{} says that {} processes were started, but MPI knows of {}: the launcher "
                    "belongs to another "
                    "MPI than the one that voxloom was built with (srun: --mpi=pmix or pmi2), or a "
                    "process of MPI "
                    "started this one (then set VOXLOOM_RANKS=1)",
                    launched.by, launched.size, ranks->size()));
  }
  try {
    with_threads(threads > 0 ? threads : threads_of_rank(), [&] { work(*ranks); });
    ranks->barrier();
  } catch (const Leave&) {  // on rank 0, at the end that all ranks came to
    ranks->barrier();
    throw;
  } catch (const Stopped&) {
    ranks->barrier();
    throw;
  } catch (const dist::RankError& error) {
    leave_after(error, *ranks);
  } catch (const std::exception& error) {
    ranks->abort(error.what());
  }
}
#else
void run_on(const Launch& launched, int /*threads*/,
            const std::function<void(dist::Communicator&)>& /*work*/) {
  if (launched.rank != 0) throw Leave{kFailure};
  throw std::runtime_error(fmt::format(
      "{} says that {} processes were started, but this voxloom was built without MPI: "
      "build it where MPI is, let each label its share with `segment --part auto`, or set "
      "VOXLOOM_RANKS=1 where each is to run by itself",
      launched.by, launched.size));
}
#endif

}  // namespace

std::optional<Launch> launch() {
  if (const auto told = number_of("VOXLOOM_RANKS")) {
    if (*told != 1) {
      throw BadUsage(
          fmt::format("VOXLOOM_RANKS is '{}'; 1 is all it may be: the launcher says how "
                      "many there are",
                      *told));
    }
    return std::nullopt;
  }
  for (const Launcher& launcher : kLaunchers) {
    const auto rank = number_of(launcher.rank), size = number_of(launcher.size);
    if (!rank || !size) continue;
    if (*rank >= *size) {
      throw BadUsage(
          fmt::format("{} is {} and {} is {}", launcher.rank, *rank, launcher.size, *size));
    }
    if (*size == 1) return std::nullopt;
    return Launch{.rank = *rank, .size = *size, .by = launcher.size};
  }
  return std::nullopt;
}

std::size_t ranks_on_this_machine(const dist::Communicator& ranks) {
  return ranks.size() == 1 ? 1 : static_cast<std::size_t>(neighbours());
}

void with_ranks(int threads, const std::function<void(dist::Communicator&)>& work) {
  if (const std::optional<Launch> launched = launch()) return run_on(*launched, threads, work);
  with_threads(threads, [&] { work(dist::one_process()); });
}

}  // namespace voxloom::cli
