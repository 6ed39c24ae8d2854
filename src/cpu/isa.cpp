#include "cpu/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if VOXLOOM_WITH_AMX
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <array>
#include <atomic>
#include <cstdlib>

#include "core/context_state.h"
#include "core/error.h"
#include "voxloom/isa.h"

namespace voxloom {
namespace cpu {
namespace {

// The compiler's check covers the operating system too: it reads XCR0, so that registers which the
// system does not save count as absent.
#if defined(__x86_64__)
// Clang 14's check does not know F16C by name.
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
bool has_avx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && has_f16c();
}
[[maybe_unused]] bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0;
}
#endif

#if VOXLOOM_WITH_AMX
// Their registers are 8 KiB a thread, so that Linux gives them to a process that asks.
bool may_use_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}
bool has_amx() {
  constexpr unsigned kBrainFloats = 1U << 22, kTiles = 1U << 24;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!has_avx512() || __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (edx & kBrainFloats) != 0 && (edx & kTiles) != 0 && may_use_tiles();
}
#endif

struct Row {
  Isa isa;
  std::string_view name;
  bool (*offered)();  // nullptr: not in this build
};

constexpr std::array kTable = {
#if VOXLOOM_WITH_AVX512
    Row{Isa::avx512, "avx512", has_avx512},
#else
    Row{Isa::avx512, "avx512", nullptr},
#endif
#if VOXLOOM_WITH_AVX2
    Row{Isa::avx2, "avx2", has_avx2},
#else
    Row{Isa::avx2, "avx2", nullptr},
#endif
#if VOXLOOM_WITH_NEON
    Row{Isa::neon, "neon", [] { return true; }},
#else
    Row{Isa::neon, "neon", nullptr},
#endif
    Row{Isa::scalar, "scalar", [] { return true; }},
};

constexpr std::array kKnown = [] {
  std::array<Isa, kTable.size()> isas{};
  for (std::size_t i = 0; i < isas.size(); ++i) isas[i] = kTable[i].isa;
  return isas;
}();

constexpr Row kTiles = {Isa::amx, "amx",
#if VOXLOOM_WITH_AMX
                        [] {
                          static const bool offered = has_amx();
                          return offered;
                        }
#else
                        nullptr
#endif
};

const Row& row_of(Isa isa) {
  if (isa == Isa::amx) return kTiles;
  for (const Row& row : kTable) {
    if (row.isa == isa) return row;
  }
  return kTable.back();
}

std::string listed() {
  std::string names;
  for (const std::string& name : isa_names()) names += (names.empty() ? "" : ", ") + name;
  return names;
}

Isa named(std::string_view op, std::string_view name) {
  for (const Row& row : kTable) {
    if (row.name == name && can_run(row.isa)) return row.isa;
  }
  fail(op, "no instruction set '{}' in this build on this machine; there are: {}", name, listed());
}

Isa initial() {
  if (const char* name = std::getenv("VOXLOOM_ISA"); name != nullptr && *name != '\0') {
    return named("VOXLOOM_ISA", name);
  }
  for (const Isa isa : kKnown) {
    if (can_run(isa)) return isa;
  }
  return Isa::scalar;
}

// Each context has its own. -1: not chosen yet. A name in the environment that does not exist is
// reported at every use, since nothing is kept then.
struct ChosenIsa {
  std::atomic<int> isa = -1;
};

}  // namespace

std::string_view name_of(Isa isa) { return row_of(isa).name; }
std::span<const Isa> known_isas() { return kKnown; }
bool can_run(Isa isa) {
  const Row& row = row_of(isa);
  return row.offered != nullptr && row.offered();
}

Isa current() {
  std::atomic<int>& chosen = current_part<ChosenIsa>().isa;
  int isa = chosen.load(std::memory_order_relaxed);
  if (isa < 0) {
    isa = static_cast<int>(initial());
    chosen.store(isa, std::memory_order_relaxed);
  }
  return static_cast<Isa>(isa);
}

}  // namespace cpu

std::vector<std::string> isa_names() {
  std::vector<std::string> names;
  for (const cpu::Isa isa : cpu::known_isas()) {
    if (cpu::can_run(isa)) names.emplace_back(cpu::name_of(isa));
  }
  return names;
}

void set_isa(std::string_view name) {
  current_part<cpu::ChosenIsa>().isa.store(static_cast<int>(cpu::named("set_isa", name)),
                                           std::memory_order_relaxed);
}

std::string current_isa() { return std::string(cpu::name_of(cpu::current())); }

}  // namespace voxloom
