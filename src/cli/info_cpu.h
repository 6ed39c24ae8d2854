// voxloom info --cpu: what the library runs with on this machine.
#pragma once

namespace voxloom::cli {

void print_cpu();

}  // namespace voxloom::cli
