// The program: `voxloom COMMAND ...`. Errors are one line on stderr.
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/closest.h"
#include "cli/command.h"
#include "cli/error_words.h"
#include "cli/interrupt.h"
#include "voxloom/version.h"

namespace voxloom::cli {
namespace {

constexpr std::array kCommands = {
    Command{"segment", "Label the points of scans, and draw them", add_segment},
    Command{"view", "Make a page that shows a point cloud in the browser", add_view},
    Command{"run", "Run a model on arrays from a file", add_run},
    Command{"info", "Show what a model takes and gives, or what a scan holds", add_info},
    Command{"verify", "Find everything that is wrong with a model", add_verify},
    Command{"export", "Write a model so that other readers of the format run it", add_export},
    Command{"import", "Make a model of a published network's checkpoint", add_import},
    Command{"convert", "Turn a scan from one file format into another", add_convert},
    Command{"voxelize", "Put a scan onto a grid and write the voxels", add_voxelize},
    Command{"simulate", "Make labelled scans of made-up streets, rooms and towns", add_simulate},
    Command{"data", "Look at the scans that a network is to be trained on", add_data},
    Command{"train", "Train a network that labels the points of scans", add_train},
    Command{"eval", "Measure how well a model labels the points of a dataset", add_eval},
    Command{"bench", "Measure the library on this machine", add_bench},
    Command{"tune", "Find the fastest algorithms for this machine", add_tune},
    Command{"manual", "Print the manual page, or completions for a shell", add_manual},
};

constexpr const char* kDescription =
    "voxloom runs spatially sparse convolutional networks on the CPU.\n"
    "A model is a folder NAME.lattice with graph.mlir and weights.safetensors.";

constexpr const char* kExamples =
    "\nExamples:\n"
    "  voxloom info classifier.lattice\n"
    "  voxloom run classifier.lattice --inputs scan.safetensors --output result.safetensors\n"
    "  voxloom verify classifier.lattice\n"
    "\n"
    "`voxloom COMMAND --help` tells more about a command.\n"
    "Exit codes: 0 success, 1 bad data or a failed check, 2 bad usage, 130 stopped by\n"
    "Ctrl-C.\n";

// CLI11 breaks some messages into lines; ours are one.
std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

int complain(const std::string& message, int code) {
  fmt::print(stderr, "voxloom: {}\n", one_line(message));
  return code;
}

// CLI11 would only say that a command is missing.
bool is_unknown_command(std::string_view word) {
  return !word.starts_with('-') &&
         std::ranges::none_of(kCommands, [&](const Command& c) { return word == c.name; });
}

// `voxloom help` and `voxloom help COMMAND`, as many programs have it.
std::vector<char*> without_help(int argc, char** argv) {
  static char option[] = "--help";
  std::vector<char*> words(argv, argv + argc);
  if (argc < 2 || argc > 3 || std::string_view(argv[1]) != "help") return words;
  if (argc == 2) return {argv[0], option};
  return {argv[0], argv[2], option};
}

int run_program(int argc, char** argv) {
  if (argc > 1 && is_unknown_command(argv[1])) {
    std::vector<std::string> names;
    for (const Command& command : kCommands) names.emplace_back(command.name);
    return complain(fmt::format("there is no command '{}'{} (see voxloom --help)", argv[1],
                                did_you_mean(argv[1], names)),
                    kBadUsage);
  }
  try {
    return parse_and_run(program_texts(), subcommands(), argc, argv);
  } catch (const Leave& leave) {
    return leave.code;
  } catch (const BadUsage& error) {
    return complain(fmt::format("{} (see voxloom --help)", one_line(error.what())), kBadUsage);
  } catch (const Stopped& stop) {
    return complain(stop.what(), kStoppedByUser);
  } catch (const std::exception& error) {
    return complain(error_words(error), kFailure);
  }
}

// A standard stream that the caller has closed would be the first file that is opened, which would then get
// what is printed. Held by something that cannot be written to, it is an error like a full disk.
void hold_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY));
  }
}

}  // namespace

std::vector<Subcommand> subcommands() {
  std::vector<Subcommand> commands;
  for (const Command& command : kCommands) {
    commands.push_back({command.name, command.summary, command.add});
  }
  return commands;
}

Program program_texts() {
  return {.description = kDescription,
          .version = fmt::format("voxloom {}", version()),
          .footer = kExamples};
}

}  // namespace voxloom::cli

int main(int argc, char** argv) {
  try {
    voxloom::cli::hold_standard_streams();
    voxloom::cli::leave_nothing_when_ended();
    std::vector<char*> words = voxloom::cli::without_help(argc, argv);
    const int code = voxloom::cli::run_program(static_cast<int>(words.size()), words.data());
    // What was printed may lie in a buffer still, and the disk behind it be full.
    const bool is_whole = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (is_whole || code != 0) return code;
    std::perror("voxloom: cannot write to the standard output");
    return voxloom::cli::kFailure;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "voxloom: %s\n", error.what());
  } catch (...) {
    std::fputs("voxloom: an unknown error\n", stderr);
  }
  return voxloom::cli::kFailure;
}
