// The library's table of instruction sets, best first; cmake/isa.cmake holds their compiler flags.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace voxloom::cpu {

// amx is no level that one could choose: matrix tiles that a processor with avx512 may have besides.
enum class Isa : std::uint8_t { scalar, avx2, avx512, neon, amx };

[[nodiscard]] std::string_view name_of(Isa isa);
[[nodiscard]] std::span<const Isa> known_isas();  // every level, best first
[[nodiscard]] bool can_run(Isa isa);              // built in, and the machine has it
[[nodiscard]] Isa current();

}  // namespace voxloom::cpu
