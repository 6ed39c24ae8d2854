#include "cli/command.h"

namespace voxloom::cli {

void add_threads_option(CLI::App& command, int& threads) {
  command
      .add_option("--threads", threads, "How many threads to use; 0, the default: all there are")
      ->check(CLI::Range(0, 4096).description(""))
      ->type_name("N");
}

void add_format_option(CLI::App& command, const char* option, std::string& format,
                       const char* help) {
  command.add_option(option, format, help)
      ->check(CLI::IsMember({"kitti", "nuscenes", "ply", "pcd", "las", "text", "npy", "npz"}))
      ->type_name("FORMAT");
}

}  // namespace voxloom::cli
