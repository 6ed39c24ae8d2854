#include "cpu/isa.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <array>
#include <atomic>
#include <cstdlib>

#include "core/context_state.h"
#include "core/error.h"
#include "cpu/kernel_table.h"
#include "voxloom/isa.h"

namespace voxloom {
namespace cpu {
namespace {

enum class Choice : std::uint8_t { chosen, named };

struct Row {
  Isa isa;
  std::string_view name;
  Features needs;
  Choice choice;
};

namespace bits {
constexpr Features none;
#define VOXLOOM_X86_FEATURE(name, leaf, subleaf, reg, bit, state) \
  [[maybe_unused]] constexpr Features name = Feature::name;
#define VOXLOOM_ARM_FEATURE(name, bit) [[maybe_unused]] constexpr Features name = Feature::name;
#include "cpu/isas.inc"

constexpr std::array kOwn = {
#define VOXLOOM_ISA(name, base, bits, choice) Row{Isa::name, #name, bits, Choice::choice},
#include "cpu/isas.inc"
};
}  // namespace bits

constexpr std::array kBase = {
#define VOXLOOM_ISA(name, base, bits, choice) Isa::base,
#include "cpu/isas.inc"
};

// With what their bases need.
constexpr std::array kTable = [] {
  auto table = bits::kOwn;
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (Isa base = kBase[i]; base != Isa::scalar; base = kBase[static_cast<std::size_t>(base)]) {
      table[i].needs |= bits::kOwn[static_cast<std::size_t>(base)].needs;
    }
  }
  return table;
}();

constexpr std::array kKnown = [] {
  std::array<Isa, kTable.size()> isas{};
  for (std::size_t i = 0; i < isas.size(); ++i) isas[i] = kTable[i].isa;
  return isas;
}();

// Rows stand in the order of the enumeration.
const Row& row_of(Isa isa) { return kTable[static_cast<std::size_t>(isa)]; }

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
  for (const Row& row : kTable) {
    if (row.choice == Choice::chosen && can_run(row.isa)) return row.isa;
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
Features needs_of(Isa isa) { return row_of(isa).needs; }
bool can_run(Isa isa) { return has_kernels(isa) && machine_features().contains(row_of(isa).needs); }

Isa current() {
  std::atomic<int>& chosen = current_part<ChosenIsa>().isa;
  int isa = chosen.load(std::memory_order_relaxed);
  if (isa < 0) {
    isa = static_cast<int>(initial());
    chosen.store(isa, std::memory_order_relaxed);
  }
  return static_cast<Isa>(isa);
}

bool may_use_tile_registers() {
#if defined(__linux__) && defined(__x86_64__)
  static const bool granted = [] {
    constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
    return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return granted;
#else
  return false;
#endif
}

}  // namespace cpu

std::vector<std::string> isa_names() {
  std::vector<std::string> names;
  std::vector<std::string> only_named;  // the first stays the one that is chosen
  for (const cpu::Isa isa : cpu::known_isas()) {
    if (!cpu::can_run(isa)) continue;
    const bool chosen = cpu::row_of(isa).choice == cpu::Choice::chosen;
    (chosen ? names : only_named).emplace_back(cpu::name_of(isa));
  }
  names.insert(names.end() - 1, only_named.begin(), only_named.end());
  return names;
}

void set_isa(std::string_view name) {
  current_part<cpu::ChosenIsa>().isa.store(static_cast<int>(cpu::named("set_isa", name)),
                                           std::memory_order_relaxed);
}

std::string current_isa() { return std::string(cpu::name_of(cpu::current())); }

}  // namespace voxloom
