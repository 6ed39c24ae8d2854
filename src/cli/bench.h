// voxloom bench: how fast the library is here, as shares of what the machine can do.
#pragma once

#include <string>
#include <vector>

namespace voxloom::cli {

struct BenchOptions {
  std::string what = "all";              // conv, map, net or all
  std::vector<std::string> scenes;       // files; none: the generated scene
  std::vector<std::string> channels;     // "64" or "32x64"
  std::vector<std::string> ops, dtypes;  // none: the default cases
  int kernel = 0, stride = 0;            // 0: the default cases
  std::vector<int> threads;              // none: one, and all
  std::string isa, json;                 // empty: the current one; no file
  double seconds = 0.5;                  // per case, at least
  int repeat = 5;                        // per case, at least
};

// Prints the table to standard output; returns the process's exit code. Throws what the library
// throws: std::invalid_argument for options that make no sense.
int run_bench(const BenchOptions& options);

}  // namespace voxloom::cli
