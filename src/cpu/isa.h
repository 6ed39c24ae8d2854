// The library's table of instruction sets, best first; cmake/isa.cmake holds their compiler flags.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace voxloom::cpu {

enum class Isa : std::uint8_t { scalar, avx2, avx512, neon };

[[nodiscard]] std::string_view name_of(Isa isa);
[[nodiscard]] std::span<const Isa> known_isas();  // every one, best first
[[nodiscard]] bool can_run(Isa isa);              // built in, and the machine has it
[[nodiscard]] Isa current();

}  // namespace voxloom::cpu
