// A command of the program: one file and one row of the table in main.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace voxloom::cli {

// Exit codes: bad data or a failed check; bad usage; stopped by Ctrl-C, as shells know it.
inline constexpr int kFailure = 1;
inline constexpr int kBadUsage = 2;
inline constexpr int kStoppedByUser = 130;

struct Command {
  const char* name;
  const char* summary;
  // Declares the command's options and what it does. What it does may throw: a message for the user
  // as any std::exception, or CLI::RuntimeError to leave with an exit code and no message.
  void (*add)(CLI::App& command);
};

// Options that several commands have: --threads N, 0 for all; and a format of scans by its name.
void add_threads_option(CLI::App& command, int& threads);
void add_format_option(CLI::App& command, const char* option, std::string& format,
                       const char* help);

void add_run(CLI::App& command);
void add_info(CLI::App& command);
void add_verify(CLI::App& command);
void add_bench(CLI::App& command);
void add_tune(CLI::App& command);
void add_convert(CLI::App& command);
void add_voxelize(CLI::App& command);
void add_simulate(CLI::App& command);
void add_train(CLI::App& command);
void add_eval(CLI::App& command);
void add_segment(CLI::App& command);
void add_view(CLI::App& command);

}  // namespace voxloom::cli
