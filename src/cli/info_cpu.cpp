#include "cli/info_cpu.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "cpu/cpu_name.h"
#include "cpu/isa.h"
#include "cpu/kernel_table.h"
#include "voxloom/isa.h"
#include "voxloom/parallel.h"
#include "voxloom/plans.h"

namespace voxloom::cli {
namespace {

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// The part of a kernel's name that says what it does: "gemm" of "gemm_f32_6x16_avx2".
std::string_view kind_of(std::string_view kernel) { return kernel.substr(0, kernel.find('_')); }

// A line or more for each kind.
void print_kernels() {
  constexpr std::size_t kWidth = 96;
  std::string_view kind;
  std::size_t column = 0;
  for (const std::string_view kernel : cpu::kernel_names(cpu::current())) {
    const bool is_new = kind_of(kernel) != kind;
    if (is_new || column + 1 + kernel.size() > kWidth) {
      kind = kind_of(kernel);
      fmt::print("\n  {:<8}", is_new ? kind : "");
      column = 10;
    }
    fmt::print(" {}", kernel);
    column += 1 + kernel.size();
  }
  fmt::print("\n");
}

}  // namespace

void print_cpu() {
  fmt::print("processor         {}\n", cpu::cpu_name());
  fmt::print("threads           {}\n", available_threads());
  fmt::print("instruction sets  {} (in use: {})\n", joined(isa_names()), current_isa());
  fmt::print("feature bits      {}\n", fmt::join(cpu::names_of(cpu::machine_features()), ", "));
  fmt::print("algorithms        {}\n", joined(algorithm_names()));
  fmt::print("tuned plans       {}\n", default_plan_path().string());
  fmt::print("kernels of {}", current_isa());
  print_kernels();
}

}  // namespace voxloom::cli
