// A command of the program: one file and one row of the table in main.cpp.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace voxloom::cli {

// Exit codes: bad data or a failed check; bad usage; stopped by Ctrl-C, as shells know it.
inline constexpr int kFailure = 1;
inline constexpr int kBadUsage = 2;
inline constexpr int kStoppedByUser = 130;

struct Command {
  const char* name;
  const char* summary;
  // Declares the command's options and what it does. What it does may throw: a message for the user
  // as any std::exception, or Leave.
  void (*add)(Options command);
};

// An option that several commands have: --threads N, 0 for all.
void add_threads_option(Options command, int& threads);

void add_run(Options command);
void add_info(Options command);
void add_verify(Options command);
void add_export(Options command);
void add_bench(Options command);
void add_tune(Options command);
void add_import(Options command);
void add_convert(Options command);
void add_data(Options command);
void add_voxelize(Options command);
void add_simulate(Options command);
void add_train(Options command);
void add_eval(Options command);
void add_segment(Options command);
void add_view(Options command);
void add_manual(Options command);

// All of them, for the manual.
[[nodiscard]] std::vector<Subcommand> subcommands();
[[nodiscard]] Program program_texts();

}  // namespace voxloom::cli
