// The processor's name, as the system tells it: measurements and tuned plans belong to one model.
#pragma once

#include <string>

namespace voxloom::cpu {

// "AMD EPYC 7R13 Processor", "ARM implementer 0x41 part 0xd0c"; "unknown" where the system is mute.
[[nodiscard]] std::string cpu_name();

}  // namespace voxloom::cpu
