#include "cli/command.h"

#include "voxloom/parallel.h"

namespace voxloom::cli {

void add_threads_option(Options command, int& threads) {
  command.add_option("--threads", threads, "How many threads to use; 0, the default: all there are")
      .check(in_range(0, kMostThreads))
      .type_name("N");
}

}  // namespace voxloom::cli
