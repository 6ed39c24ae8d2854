#include "cpu/features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace voxloom::cpu {
namespace {

#if defined(__x86_64__)

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero where the processor has no such leaf.
Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  if (__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

// XCR0: the kinds of registers that the operating system saves.
std::uint64_t saved_state() {
  if ((cpuid(1, 0).ecx & bit_OSXSAVE) == 0) return 0;
  std::uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}
[[maybe_unused]] constexpr std::uint64_t no_state = 0;
[[maybe_unused]] constexpr std::uint64_t ymm_state = 0x6;
[[maybe_unused]] constexpr std::uint64_t zmm_state = 0xe6;
[[maybe_unused]] constexpr std::uint64_t tile_state = 0x60000;

Features detect() {
  const std::uint64_t saved = saved_state();
  Features found;
#define VOXLOOM_X86_FEATURE(name, leaf, subleaf, reg, bit, state)                                \
  if ((cpuid(leaf, subleaf).reg >> (bit)&1U) != 0 && (saved & state##_state) == state##_state) { \
    found |= Feature::name;                                                                      \
  }
#include "cpu/isas.inc"
  return found;
}

#elif defined(__aarch64__)

Features detect() {
#if defined(__linux__)
  const unsigned long offered = getauxval(AT_HWCAP);
#else
  const unsigned long offered = 1UL << 1;  // asimd: every aarch64 processor has it
#endif
  Features found;
#define VOXLOOM_ARM_FEATURE(name, bit) \
  if ((offered >> (bit)&1UL) != 0) found |= Feature::name;
#include "cpu/isas.inc"
  return found;
}

#else

Features detect() { return {}; }

#endif

}  // namespace

Features machine_features() {
  static const Features found = detect();
  return found;
}

std::vector<std::string_view> names_of(Features features) {
  std::vector<std::string_view> names;
#define VOXLOOM_NAME(name) \
  if (features.contains(Feature::name)) names.push_back(#name);
#define VOXLOOM_X86_FEATURE(name, leaf, subleaf, reg, bit, state) VOXLOOM_NAME(name)
#define VOXLOOM_ARM_FEATURE(name, bit) VOXLOOM_NAME(name)
#include "cpu/isas.inc"
#undef VOXLOOM_NAME
  return names;
}

}  // namespace voxloom::cpu
