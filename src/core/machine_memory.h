// How much memory there is for this process to take.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace voxloom {

// What the machine could give now without swapping, and not more than the process's control groups may
// still take (containers, systemd units, batch jobs). The largest size_t where the system does not tell. The system tells
// in `root`/proc and `root`/sys/fs/cgroup.
[[nodiscard]] std::size_t available_memory(const std::filesystem::path& root = "/");

// What the group of `membership` (the text of /proc/self/cgroup, its line of version 2) and all the
// groups around it may still take by memory.max and memory.high; each limits those within. `mount`: where the groups are files,
// /sys/fs/cgroup. Pages of files that can be dropped count as free. The largest size_t: no limit.
[[nodiscard]] std::size_t group_memory_left(const std::filesystem::path& mount,
                                            std::string_view membership);

}  // namespace voxloom
