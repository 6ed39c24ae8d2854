// Convolution speed as a share of the multiply-add peak measured between the runs. On one thread the
// time is processor time, so that other programs on the machine disturb less.
//   bench_conv SCENE [--channels 16,32,64x128] [--op forward,dgrad,wgrad,depthwise,int8,int4] [--dtype f32]
//              [--rows 0] [--sort 0] [--transposed 0] [--kernel 3] [--stride 1] [--threads 1] [--repeat 7] [--algorithm NAME]
// SCENE: .npy (int32 N x 4), .bin (float32 x,y,z,i) or "sheet".
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "scenes.h"
#include "cpu/convolution.h"
#include "cpu/peak.h"
#include "voxloom/kernel_map.h"
#include "voxloom/parallel.h"

namespace {

using namespace voxloom;
using Clock = std::chrono::steady_clock;

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

Tensor random_tensor(Shape shape, DType dtype) {
  Tensor t = Tensor::empty(std::move(shape), DType::f32);
  std::mt19937 engine(1);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  for (float& value : t.mutable_span<float>()) value = uniform(engine);
  return t.to(dtype);
}

double seconds_of(const std::function<void()>& body, bool processor_time) {
  const auto cpu = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  const double cpu_begin = cpu();
  const auto begin = Clock::now();
  body();
  return processor_time ? cpu() - cpu_begin
                        : std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Case {
  std::string op;
  KernelMap map;
  std::int64_t in, out;
  DType dtype;
  int threads, repeat;
};

// Runs body between peak measurements and prints best and median shares.
template <typename Body>
double report(const Case& c, const Body& body) {
  std::vector<double> seconds, shares;
  double peak = 0.0;
  const double flops = 2.0 * static_cast<double>(
      c.map.size() * c.in * (c.op == "depthwise" ? 1 : c.out));
  with_threads(c.threads, [&] {
    body();
    for (int r = 0; r < c.repeat; ++r) {
      const double before = cpu::measure_fma_peak(cpu::current(), 2.0);
      seconds.push_back(seconds_of(body, c.threads == 1));
      peak = std::max({peak, before, cpu::measure_fma_peak(cpu::current(), 2.0)});
    }
  });
  for (const double s : seconds) shares.push_back(flops / s * 1e-9 / (peak * c.threads));
  const double best = *std::ranges::max_element(shares);
  std::printf("%-8s %4ld -> %4ld %-8s t%d  %9.3f ms  best %5.1f %%  median %5.1f %%  of %.0f GFLOP/s\n",
              c.op.c_str(), c.in, c.out, std::string(name_of(c.dtype)).c_str(), c.threads,
              *std::ranges::min_element(seconds) * 1e3, best * 100, median(shares) * 100, peak);
  std::fflush(stdout);
  return *std::ranges::min_element(seconds);
}

// Compulsory bytes over the copy bandwidth: the bound of what does almost no arithmetic.
void report_bandwidth(const Case& c, double seconds) {
  const double feature_bytes =
      static_cast<double>((c.map.source().size() + c.map.target().size()) * c.in) *
      static_cast<double>(size_of(c.dtype));
  const double bytes = feature_bytes + 5.0 * static_cast<double>(c.map.size());
  const double copy = cpu::measure_copy_bandwidth();
  std::printf("         %.2f GB/s, %.0f %% of the copy bandwidth %.2f GB/s\n",
              bytes / seconds * 1e-9, bytes / seconds * 1e-7 / copy, copy);
}

void run_depthwise(const Case& c) {
  const Tensor x = random_tensor({c.map.source().size(), c.in}, c.dtype);
  const Tensor w = random_tensor({c.map.volume(), c.in}, c.dtype);
  const cpu::WeightView view{w.raw(), c.dtype, c.map.volume(), c.in, 1, 1, c.in, 1, 0, 0};
  Tensor y = Tensor::empty({c.map.target().size(), c.in}, c.dtype);
  report_bandwidth(c, report(c, [&] { cpu::convolve({c.map.blocks(), &x, view, nullptr, &y}); }));
}

void run(const Case& c) {
  if (c.op == "depthwise") return run_depthwise(c);
  const std::int64_t k = c.map.volume();
  const KernelMap map = c.op == "dgrad" ? c.map.swapped() : c.map;
  const Tensor x = random_tensor({map.source().size(), c.in}, c.dtype);
  const Tensor w = random_tensor({k, c.in, c.out}, c.dtype);
  cpu::WeightView view{w.raw(), c.dtype, k, 1, c.in, c.out, c.in * c.out, 0, c.out, 1};
  if (c.op == "dgrad") {  // the gradient comes in with c.in channels: W^T of a (K, out, in) weight
    view = {w.raw(), c.dtype, k, 1, c.in, c.out, c.in * c.out, 0, 1, c.in};
  }
  if (c.op == "wgrad") {
    const Tensor dy = random_tensor({map.target().size(), c.out}, c.dtype);
    Tensor dw = Tensor::empty({k, 1, c.in, c.out}, DType::f32);
    report(c, [&] { cpu::convolve_weight_gradient({map.blocks(), &x, &dy, 1, &dw}); });
    return;
  }
  QuantizedWeight packed;
  if (c.op == "int8" || c.op == "int4") {
    packed = quantize(w.to(DType::f32).reshape({k, c.in, c.out}),
                      {.bits = c.op == "int8" ? 8 : 4, .group_size = 128});
    view = cpu::WeightView::of(packed);
  }
  Tensor y = Tensor::empty({map.target().size(), c.out}, c.dtype);
  const double seconds =
      report(c, [&] { cpu::convolve({map.blocks(), &x, view, nullptr, &y}); });
  if (k == 1) report_bandwidth(c, seconds);
}

DType dtype_named(const std::string& name) {
  return name == "f16" ? DType::f16 : name == "bf16" ? DType::bf16 : DType::f32;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options{
      {"--channels", "16,32,64,128"}, {"--op", "forward"}, {"--dtype", "f32"}, {"--kernel", "3"},
      {"--stride", "1"}, {"--threads", "1"}, {"--repeat", "7"}, {"--algorithm", ""},
      {"--transposed", "0"}, {"--sort", "0"}, {"--rows", "0"}};
  const std::string scene = argc > 1 ? argv[1] : "sheet";
  for (int i = 2; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  std::vector<Coordinate> rows = bench::load_scene(scene);
  if (const std::size_t most = std::stoul(options["--rows"]); most > 0 && most < rows.size()) {
    rows.resize(most);
  }
  if (options["--sort"] != "0") std::ranges::sort(rows, canonical_less);
  if (rows.empty()) {
    std::printf("%s is not there: skipped\n", scene.c_str());
    return 0;
  }
  cpu::pin_algorithm(options["--algorithm"]);
  const CoordinateSet fine = CoordinateSet::from_rows(rows);
  const std::int32_t stride = std::stoi(options["--stride"]);
  const KernelSpec kernel{.kernel_size = std::stoi(options["--kernel"]), .stride = stride};
  KernelMap map = forward_map(fine, strided_support(fine, stride), kernel);
  if (options["--transposed"] != "0") map = map.swapped();
  std::printf("%s: %ld rows -> %ld, %.2f pairs per output row, %s, %s\n", scene.c_str(),
              map.source().size(), map.target().size(),
              static_cast<double>(map.size()) / static_cast<double>(map.target().size()),
              std::string(cpu::name_of(cpu::current())).c_str(),
              fine.is_canonical() ? "canonical" : "caller's order");
  std::printf("copy bandwidth %.1f GB/s\n", cpu::measure_copy_bandwidth());
  for (const std::string& op : split(options["--op"], ',')) {
    for (const std::string& type : split(options["--dtype"], ',')) {
      for (const std::string& channels : split(options["--channels"], ',')) {
        const std::vector<std::string> pair = split(channels, 'x');
        run({op, map, std::stol(pair.front()), std::stol(pair.back()), dtype_named(type),
             std::stoi(options["--threads"]), std::stoi(options["--repeat"])});
      }
    }
  }
}
