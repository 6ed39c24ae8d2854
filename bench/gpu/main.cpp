// usage: gpu_bench SCENE.npy OUT.json [--quick]
//
// Measures src/cuda on a card: sets, maps, and convolutions over a lidar scene (int32 rows of batch, x, y,
// z), a sphere and eight scenes side by side. First 20 repeats must agree to the last bit. Times are medians
// in microseconds by the device's clock, inputs rotating, weights packed before. Linked with the emulation
// and with --quick it is a dry run.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/scene.h"
#include "bench/statistics.h"
#include "core/random.h"
#include "cuda/convolution.h"
#include "cuda/coordinate_set.h"
#include "cuda/kernel_map.h"
#include "cuda/matrix_units.h"

namespace {

using namespace voxloom;
constexpr cuda::Stream kStream{};

struct Settings {
  bool quick = false;
  int repeats() const { return quick ? 1 : 30; }
};

struct Report {
  std::string json;

  void add(const std::string& what, const std::string& scene, std::int64_t rows, double us,
           const std::string& more = "") {
    fmt::print("{:<34} {:<9} {:>9} rows {:>11.1f} us  {}\n", what, scene, rows, us, more);
    std::fflush(stdout);
    json += fmt::format(
        "{}\n {{\"what\": \"{}\", \"scene\": \"{}\", \"rows\": {}, \"us\": {:.3f}, \"more\": "
        "\"{}\"}}",
        json.empty() ? "" : ",", what, scene, rows, us, more);
  }
};

double median_of(const Settings& settings, const std::function<void(int)>& call) {
  cuda::Stopwatch watch;
  for (int i = 0; i < (settings.quick ? 0 : 3); ++i) call(i);
  std::vector<double> times;
  for (int i = 0; i < settings.repeats(); ++i) {
    watch.start(kStream);
    call(i);
    times.push_back(watch.stop(kStream));
  }
  return bench::spread_of(times).median;
}

cuda::Array<cuda::Site> upload_shuffled(const std::vector<Coordinate>& rows) {
  std::vector<cuda::Site> sites;
  for (const Coordinate& c : rows) sites.push_back({c.batch, c.x, c.y, c.z});
  Random random(3);
  for (std::size_t i = sites.size(); i > 1; --i) std::swap(sites[i - 1], sites[random.next() % i]);
  cuda::Array<cuda::Site> there(static_cast<std::int64_t>(sites.size()), kStream);
  there.upload(sites.data());
  return there;
}

std::vector<Coordinate> sphere(std::int32_t r) {
  std::vector<Coordinate> rows;
  const double half = r / 2.0;
  for (std::int32_t x = 0; x < r; ++x) {
    for (std::int32_t y = 0; y < r; ++y) {
      for (std::int32_t z = 0; z < r; ++z) {
        const double dx = x - half + .5, dy = y - half + .5, dz = z - half + .5;
        const double d = std::sqrt(dx * dx + dy * dy + dz * dz);
        if (d <= half && d >= half - 1.25) rows.push_back({0, x, y, z});
      }
    }
  }
  return rows;
}

std::vector<Coordinate> eight_times(const std::vector<Coordinate>& rows) {
  std::vector<Coordinate> all;
  for (std::int32_t i = 0; i < 8; ++i) {
    for (const Coordinate& c : rows) all.push_back({c.batch, c.x + 4096 * i, c.y, c.z});
  }
  return all;
}

struct Cube {
  std::vector<cuda::Shift> shifts;
  cuda::Geometry geometry;
  Cube(std::int64_t from, std::int64_t to, std::int32_t stride) {
    for (std::int64_t x = from; x <= to; ++x)
      for (std::int64_t y = from; y <= to; ++y)
        for (std::int64_t z = from; z <= to; ++z) shifts.push_back({x, y, z});
    geometry = {{stride, stride, stride}, shifts.data(), static_cast<std::int64_t>(shifts.size())};
  }
};

cuda::CoordinateSet make_set(const cuda::Array<cuda::Site>& rows) {
  cuda::CoordinateSet::Problem problem;
  cuda::CoordinateSet set =
      cuda::CoordinateSet::from_rows(rows.data(), rows.size(), problem, kStream);
  if (set.size() != rows.size()) throw std::runtime_error("the scene has repeated rows");
  return set;
}

struct Scene {
  std::string name;
  cuda::Array<cuda::Site> rows;
  cuda::CoordinateSet set, coarse;
  Cube cube{-1, 1, 1}, corner{0, 1, 2};
  std::unique_ptr<cuda::KernelMap> map;
  std::int64_t entries = 0;

  Scene(std::string called, const std::vector<Coordinate>& sites)
      : name(std::move(called)),
        rows(upload_shuffled(sites)),
        set(make_set(rows)),
        coarse(strided_support(set, {2, 2, 2}, kStream)),
        map(std::make_unique<cuda::KernelMap>(set, set, cube.geometry, cuda::Side::coarse,
                                              kStream)),
        entries(map->entry_count(kStream)) {}
};

void measure_sets_and_maps(const Settings& settings, Scene& s, Report& report) {
  const std::int64_t n = s.rows.size();
  report.add("set from unsorted rows", s.name, n,
             median_of(settings, [&](int) { make_set(s.rows); }),
             fmt::format("{} leaves", s.set.leaf_count()));
  report.add("map 3x3x3", s.name, n,
             median_of(settings,
                       [&](int) {
                         cuda::KernelMap(s.set, s.set, s.cube.geometry, cuda::Side::coarse,
                                         kStream);
                       }),
             fmt::format("{} entries, {:.2f} a row", s.entries, double(s.entries) / double(n)));
  report.add("set and map", s.name, n, median_of(settings, [&](int) {
               const cuda::CoordinateSet set = make_set(s.rows);
               cuda::KernelMap(set, set, s.cube.geometry, cuda::Side::coarse, kStream);
             }));
  report.add("strided set", s.name, n,
             median_of(settings,
                       [&](int) {
                         (void)strided_support(s.set, {2, 2, 2}, kStream);
                       }),
             fmt::format("{} rows", s.coarse.size()));
  report.add("map 2x2x2 stride 2", s.name, n, median_of(settings, [&](int) {
               cuda::KernelMap(s.set, s.coarse, s.corner.geometry, cuda::Side::coarse, kStream);
             }));
  report.add("map 2x2x2 stride 2, swapped", s.name, n, median_of(settings, [&](int) {
               cuda::KernelMap(s.set, s.coarse, s.corner.geometry, cuda::Side::fine, kStream);
             }));
  report.add("map sorted by mask", s.name, n,
             median_of(settings, [&](int) { (void)s.map->sorted_by_mask(n, kStream); }));
}

// Random values in (-1, 1), as the type stores them.
cuda::Array<char> random_values(std::int64_t count, DType dtype, std::uint64_t seed) {
  Random random(seed);
  Tensor values = Tensor::empty({count}, DType::f32);
  for (float& v : values.mutable_span<float>()) v = random.uniform(-1.0F, 1.0F);
  values = values.to(dtype);
  cuda::Array<char> there(static_cast<std::int64_t>(values.bytes()), kStream);
  there.upload(reinterpret_cast<const char*>(values.raw()));
  return there;
}

double products_done(const cuda::MapView& map, std::int64_t tile) {
  std::vector<std::uint32_t> masks(static_cast<std::size_t>(map.out_rows));
  cuda::copy_to_host(masks.data(), map.masks, masks.size() * 4, kStream);
  double done = 0;
  for (std::size_t first = 0; first < masks.size(); first += static_cast<std::size_t>(tile)) {
    std::uint32_t any = 0;
    for (std::size_t i = first; i < std::min(masks.size(), first + static_cast<std::size_t>(tile));
         ++i)
      any |= masks[i];
    done += static_cast<double>(tile) * __builtin_popcount(any);
  }
  return done;
}

struct Layer {
  const Scene& scene;
  std::int64_t channels;
  DType dtype;
  std::vector<cuda::Array<char>> x, dy;
  cuda::Array<char> weight, y;
  cuda::Array<float> dw;

  Layer(const Scene& s, std::int64_t c, DType type) : scene(s), channels(c), dtype(type) {
    const std::int64_t n = s.set.size();
    for (std::uint64_t i = 0; i < 3; ++i) {
      x.push_back(random_values(n * c, dtype, 10 + i));
      dy.push_back(random_values(n * c, dtype, 20 + i));
    }
    weight = random_values(27 * c * c, dtype, 30);
    y = cuda::Array<char>(n * c * static_cast<std::int64_t>(size_of(dtype)), kStream);
    dw = cuda::Array<float>(27 * c * c, kStream);
  }
  cuda::ConvForward forward(const cuda::MapView& map, int i) {
    const std::int64_t c = channels;
    return {.map = map,
            .x = x[static_cast<std::size_t>(i % 3)].data(),
            .x_dtype = dtype,
            .weight = {weight.data(), dtype, 27, 1, c, c, c * c, c * c, c, 1},
            .y = y.data(),
            .y_dtype = dtype};
  }
  cuda::ConvForward data_gradient(cuda::MapView map, int i) {
    map.mirrored = true;
    cuda::ConvForward p = forward(map, i);
    p.x = dy[static_cast<std::size_t>(i % 3)].data();
    p.weight = p.weight.transposed();
    return p;
  }
  cuda::ConvWeightGradient weight_gradient(const cuda::MapView& map, int i) {
    const auto at = static_cast<std::size_t>(i % 3);
    return {.map = map,
            .x = x[at].data(),
            .dy = dy[at].data(),
            .dtype = dtype,
            .groups = 1,
            .in = channels,
            .out = channels,
            .dw = dw.data()};
  }
};

std::string rate(const Layer& layer, double us) {
  const double flops = 2.0 * double(layer.scene.entries) * double(layer.channels * layer.channels);
  return fmt::format("{:.1f} useful TFLOP/s", flops / us / 1e6);
}

void measure_layer(const Settings& settings, Layer& layer, Report& report) {
  const Scene& s = layer.scene;
  const std::int64_t n = s.set.size();
  const std::string suffix = fmt::format(" {} {}", layer.channels, name_of(layer.dtype));
  const auto add = [&](const std::string& what, double us, const std::string& more = "") {
    report.add(what + suffix, s.name, n, us, rate(layer, us) + more);
  };
  const cuda::ConvForward first = layer.forward(s.map->view(), 0);
  if (suits_matrix_units(first)) {
    const cuda::PackedWeight packed(first.weight, kStream);
    const cuda::PackedWeight transposed(first.weight.transposed(), kStream);
    for (const std::int64_t segment :
         {std::int64_t{0}, std::int64_t{4096}, std::int64_t{32768}, n}) {
      std::unique_ptr<cuda::KernelMap> sorted;
      if (segment > 0)
        sorted = std::make_unique<cuda::KernelMap>(s.map->sorted_by_mask(segment, kStream));
      const cuda::MapView map = (sorted ? *sorted : *s.map).view();
      const std::string order = segment == 0   ? "Z"
                                : segment == n ? "sorted"
                                               : fmt::format("sorted/{}", segment);
      const std::string more =
          fmt::format(", done/needed {:.2f}", products_done(map, 64) / double(s.entries));
      add("forward " + order,
          median_of(settings,
                    [&](int i) { matrix_forward(layer.forward(map, i), packed, kStream); }),
          more);
      if (segment == 0 || segment == n) {
        add("data gradient " + order,
            median_of(
                settings,
                [&](int i) { matrix_forward(layer.data_gradient(map, i), transposed, kStream); }),
            more);
      }
    }
    add("weight gradient", median_of(settings, [&](int i) {
          matrix_weight_gradient(layer.weight_gradient(s.map->view(), i), kStream);
        }));
    return;
  }
  const cuda::MapView map = s.map->view();
  add("forward reference",
      median_of(settings, [&](int i) { reference_forward(layer.forward(map, i), kStream); }));
  add("data gradient reference",
      median_of(settings, [&](int i) { reference_forward(layer.data_gradient(map, i), kStream); }));
  add("weight gradient reference", median_of(settings, [&](int i) {
        reference_weight_gradient(layer.weight_gradient(map, i), kStream);
      }));
}

// Everything of a layer, map included, as one string of bytes.
std::string bits_of(const Scene& scene, Layer& layer) {
  const cuda::CoordinateSet set = make_set(scene.rows);
  const cuda::KernelMap map(set, set, scene.cube.geometry, cuda::Side::coarse, kStream);
  std::string bytes;
  const auto keep = [&](const void* data, std::size_t size) {
    const std::size_t at = bytes.size();
    bytes.resize(at + size);
    cuda::copy_to_host(bytes.data() + at, data, size, kStream);
  };
  keep(map.view().in_row, static_cast<std::size_t>(27 * set.size()) * 4);
  layer.y.fill_bytes(0xFF);
  convolve(layer.forward(map.view(), 0), kStream);
  keep(layer.y.data(), layer.y.bytes());
  layer.y.fill_bytes(0xFF);
  convolve(layer.data_gradient(map.view(), 0), kStream);
  keep(layer.y.data(), layer.y.bytes());
  layer.dw.fill_bytes(0xFF);
  convolve_weight_gradient(layer.weight_gradient(map.view(), 0), kStream);
  keep(layer.dw.data(), layer.dw.bytes());
  return bytes;
}

bool repeats_agree(const Settings& settings, const Scene& scene, DType dtype) {
  Layer layer(scene, 64, dtype);
  const std::string first = bits_of(scene, layer);
  for (int i = 1; i < (settings.quick ? 2 : 20); ++i) {
    if (bits_of(scene, layer) != first) return false;
  }
  return true;
}

void measure_copy(const Settings& settings, Report& report) {
  const std::int64_t bytes = settings.quick ? 1 << 20 : std::int64_t{1} << 30;
  cuda::Array<char> from(bytes, kStream), to(bytes, kStream);
  from.fill_bytes(1);
  const double us = median_of(settings, [&](int) {
    cuda::copy(to.data(), from.data(), static_cast<std::size_t>(bytes), kStream);
  });
  report.add("copy", "-", bytes, us,
             fmt::format("{:.2f} TB/s read and written", 2.0 * double(bytes) / us / 1e6));
}

int run(const std::string& path, const std::string& out, const Settings& settings) {
  fmt::print("{}\n", cuda::device_name());
  Report report;
  measure_copy(settings, report);
  std::vector<Coordinate> lidar_rows = bench::load_scene(path).rows;
  if (settings.quick) lidar_rows.resize(std::min<std::size_t>(lidar_rows.size(), 300));
  Scene lidar("lidar", lidar_rows), dense("sphere", sphere(settings.quick ? 12 : 256));
  Scene eight("8 lidar", eight_times(lidar_rows));
  bool agree = true;
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    const bool same = repeats_agree(settings, lidar, dtype);
    fmt::print("20 repeats, {}: {}\n", name_of(dtype), same ? "the same bits" : "DIFFERENT");
    agree = agree && same;
  }
  for (Scene* scene : {&lidar, &dense, &eight}) measure_sets_and_maps(settings, *scene, report);
  for (const DType dtype : {DType::f16, DType::f32}) {
    for (const std::int64_t channels : {64, 128, 256}) {
      for (Scene* scene : {&lidar, &dense}) {
        if (settings.quick && channels > 64) continue;
        if (dtype == DType::f32 && (channels > 128 || scene == &dense)) continue;
        Layer layer(*scene, channels, dtype);
        measure_layer(settings, layer, report);
      }
    }
  }
  std::FILE* file = std::fopen(out.c_str(), "w");
  if (file == nullptr) throw std::runtime_error("cannot write " + out);
  fmt::print(file, "{{\"device\": \"{}\", \"repeats_agree\": {}, \"results\": [{}\n]}}\n",
             cuda::device_name(), agree, report.json);
  if (std::fclose(file) != 0) throw std::runtime_error("cannot write " + out);
  return agree ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument("usage: gpu_bench SCENE.npy OUT.json [--quick]");
  return run(argv[1], argv[2], {argc > 3 && std::string(argv[3]) == "--quick"});
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
