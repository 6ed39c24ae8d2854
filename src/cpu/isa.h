// Instruction sets: named sets of feature bits, best first (isas.inc). A kernel belongs to one and may
// run wherever its bits are in use; cmake/isa.cmake holds the compiler flags.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "cpu/features.h"

namespace voxloom::cpu {

enum class Isa : std::uint8_t {
#define VOXLOOM_ISA(name, base, bits, choice) name,
#include "cpu/isas.inc"
};

[[nodiscard]] std::string_view name_of(Isa isa);
[[nodiscard]] std::span<const Isa> known_isas();  // every one, best first
[[nodiscard]] Features needs_of(Isa isa);
[[nodiscard]] bool can_run(Isa isa);  // built in, and the machine has it

// The one in use. It bounds what kernels may need; kernel_table.h says which of them run.
[[nodiscard]] Isa current();

// Matrix registers are 8 KiB a thread, which Linux gives to a process that asks: true once it has.
[[nodiscard]] bool may_use_tile_registers();

}  // namespace voxloom::cpu
