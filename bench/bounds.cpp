// Weight gradient, depthwise and pointwise products as shares of what binds them: the multiply-add
// peak, or the copy bandwidth over the bytes that must move (features once, 5 bytes per map entry).
//   bench_bounds SCENE [--op wgrad,depthwise,pointwise,depthwise_wgrad,bias] [--channels 16,32x64]
//                [--dtype f32,f16,bf16] [--rows 0] [--sort 0] [--kernel 3] [--stride 1]
//                [--repeat 9] [--algorithm NAME]
// SCENE: .npy (int32 N x 4), .bin (float32 x,y,z,i) or "sheet".
//
// One thread, and the thread's own processor time: what other programs take is not counted. Peak and
// bandwidth are measured before and after each repetition.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "bench/scene.h"
#include "cpu/column_sums.h"
#include "cpu/convolution.h"
#include "cpu/peak.h"
#include "voxloom/kernel_map.h"
#include "voxloom/memory.h"
#include "voxloom/parallel.h"

namespace {

using namespace voxloom;

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

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

// GB/s of a copy of 64 MB, read plus written, in processor time.
class CopyBandwidth {
 public:
  CopyBandwidth() : from_(allocate_bytes(kBytes)), to_(allocate_bytes(kBytes)) {
    std::fill_n(from_.get(), kBytes, std::byte{1});
    std::fill_n(to_.get(), kBytes, std::byte{1});
  }
  [[nodiscard]] double measure() const {
    const double begin = processor_seconds();
    std::copy_n(from_.get(), kBytes, to_.get());
    return 2e-9 * static_cast<double>(kBytes) / (processor_seconds() - begin);
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{64} << 20;
  std::shared_ptr<std::byte> from_, to_;
};

struct Case {
  std::string op;
  std::int64_t in, out;
  DType dtype;
  double flops, bytes;
};

void report(const Case& c, int repeat, const std::function<void()>& body) {
  static const CopyBandwidth copy;
  std::vector<double> seconds, bandwidths, shares;
  double peak = 0.0;
  with_threads(1, [&] {
    body();
    for (int r = 0; r < repeat; ++r) {
      bandwidths.push_back(copy.measure());
      const double before = cpu::measure_fma_peak(cpu::current(), 0.5);
      const double begin = processor_seconds();
      body();
      seconds.push_back(processor_seconds() - begin);
      const double here = std::max(before, cpu::measure_fma_peak(cpu::current(), 0.5));
      shares.push_back(c.flops * 1e-9 / (here * seconds.back()));
      peak = std::max(peak, here);
    }
  });
  std::ranges::sort(seconds);
  std::ranges::sort(bandwidths);
  std::ranges::sort(shares);
  const double bandwidth = bandwidths.back();
  const double best = seconds.front(), median = seconds[seconds.size() / 2];
  const double memory = c.bytes * 1e-9 / bandwidth;
  std::printf(
      "%-16s %4ld -> %4ld %-8s %8.3f ms | peak %3.0f GFLOP/s: best %5.1f %% median %5.1f %%"
      " | copy %4.1f GB/s (median %4.1f): best %5.1f %% median %5.1f %%\n",
      c.op.c_str(), c.in, c.out, std::string(name_of(c.dtype)).c_str(), best * 1e3, peak,
      shares.back() * 100, shares[shares.size() / 2] * 100, bandwidth,
      bandwidths[bandwidths.size() / 2], memory / best * 100, memory / median * 100);
  std::fflush(stdout);
}

struct Sizes {
  KernelMap map;
  std::int64_t in, out;
  DType dtype;
  int repeat;

  [[nodiscard]] double entries() const { return static_cast<double>(map.size()); }
  [[nodiscard]] double bytes(std::int64_t rows, std::int64_t channels) const {
    return static_cast<double>(rows * channels) * static_cast<double>(size_of(dtype));
  }
  [[nodiscard]] double feature_bytes() const {
    return bytes(map.source().size(), in) + bytes(map.target().size(), out);
  }
  [[nodiscard]] Tensor x() const { return random_tensor({map.source().size(), in}, dtype); }
  [[nodiscard]] Tensor dy() const { return random_tensor({map.target().size(), out}, dtype); }
};

constexpr double kEntryBytes = 5.0;

void run_weight_gradient(const Sizes& s, const std::string& op, std::int64_t groups) {
  const Tensor x = s.x(), dy = s.dy();
  Tensor dw = Tensor::empty({s.map.volume(), groups, s.in / groups, s.out / groups}, DType::f32);
  const double products = s.entries() * static_cast<double>(s.in * s.out / groups);
  report({op, s.in, s.out, s.dtype, 2.0 * products, s.feature_bytes() + kEntryBytes * s.entries()},
         s.repeat, [&] {
           cpu::convolve_weight_gradient({blocks_of(s.map), &x, &dy, groups, &dw});
         });
}

void run_forward(const Sizes& s, const std::string& op, std::int64_t groups) {
  const std::int64_t in = s.in / groups, out = s.out / groups, k = s.map.volume();
  const Tensor x = s.x(), w = random_tensor({k, groups, in, out}, s.dtype);
  const cpu::WeightView view{w.raw(), s.dtype,           k,        groups, in,
                             out,     groups * in * out, in * out, out,    1};
  Tensor y = Tensor::empty({s.map.target().size(), s.out}, s.dtype);
  report({op, s.in, s.out, s.dtype, 2.0 * s.entries() * static_cast<double>(s.in * out),
          s.feature_bytes() + kEntryBytes * s.entries()},
         s.repeat, [&] {
           cpu::convolve({blocks_of(s.map), &x, view, nullptr, &y});
         });
}

void run_pointwise(const Sizes& s, const std::string& op) {
  const Tensor x = s.x(), w = random_tensor({s.in, s.out}, s.dtype);
  const cpu::WeightView view{w.raw(), s.dtype, 1, 1, s.in, s.out, 0, 0, s.out, 1};
  const std::int64_t rows = x.dim(0);
  Tensor y = Tensor::empty({rows, s.out}, s.dtype);
  report({op, s.in, s.out, s.dtype, 2.0 * static_cast<double>(rows * s.in * s.out),
          s.bytes(rows, s.in + s.out)},
         s.repeat, [&] {
           cpu::convolve_pointwise({&x, view, nullptr, &y});
         });
}

void run_column_sums(const Sizes& s, const std::string& op) {
  const Tensor x = s.x();
  Tensor sums = Tensor::empty({s.in}, DType::f32);
  report({op, s.in, 1, s.dtype, static_cast<double>(x.size()), s.bytes(x.dim(0), s.in)}, s.repeat,
         [&] { cpu::column_sums(x, sums); });
}

void run(const std::string& op, const Sizes& s) {
  if (op == "pointwise") return run_pointwise(s, op);
  if (op == "bias") return run_column_sums(s, op);
  if (op == "wgrad") return run_weight_gradient(s, op, 1);
  if (op == "depthwise_wgrad") return run_weight_gradient(s, op, s.in);
  if (op == "depthwise") return run_forward(s, op, s.in);
  if (op == "forward") return run_forward(s, op, 1);
  std::printf("no op %s\n", op.c_str());
}

DType dtype_named(const std::string& name) {
  return name == "f16" ? DType::f16 : name == "bf16" ? DType::bf16 : DType::f32;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options{{"--channels", "16,32,64,128"},
                                             {"--op", "wgrad"},
                                             {"--dtype", "f32"},
                                             {"--kernel", "3"},
                                             {"--stride", "1"},
                                             {"--repeat", "9"},
                                             {"--algorithm", ""},
                                             {"--sort", "0"},
                                             {"--rows", "0"}};
  const std::string scene = argc > 1 ? argv[1] : "sheet";
  for (int i = 2; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  std::vector<Coordinate> rows =
      scene == "sheet" ? bench::generated_scene().rows : bench::load_scene(scene).rows;
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
  const KernelMap map =
      forward_map(fine, strided_support(fine, stride),
                  {.kernel_size = std::stoi(options["--kernel"]), .stride = stride});
  std::printf("%s: %ld rows -> %ld, %.2f pairs per output row, %s, %s\n", scene.c_str(),
              map.source().size(), map.target().size(),
              static_cast<double>(map.size()) / static_cast<double>(map.target().size()),
              std::string(cpu::name_of(cpu::current())).c_str(),
              fine.is_canonical() ? "canonical" : "caller's order");
  for (const std::string& op : split(options["--op"], ',')) {
    for (const std::string& type : split(options["--dtype"], ',')) {
      for (const std::string& channels : split(options["--channels"], ',')) {
        const std::vector<std::string> pair = split(channels, 'x');
        run(op, {map, std::stol(pair.front()), std::stol(pair.back()), dtype_named(type),
                 std::stoi(options["--repeat"])});
      }
    }
  }
}
