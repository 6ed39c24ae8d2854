// Builds a point classifier as a model bundle, saves it, loads it and runs it.
//
//   example_export_model [FOLDER]
//
// With a FOLDER, the bundle (FOLDER/points.lattice) and a scan to try it on (FOLDER/scan.safetensors)
// stay there for `voxloom run`.
#include <voxloom/voxloom.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

namespace {

using namespace voxloom;
namespace fs = std::filesystem;

constexpr int kSide = 64;

// A hilly square of 4096 points, one intensity each.
TensorMap make_scan() {
  std::vector<float> xyz;
  std::vector<float> intensity;
  for (int i = 0; i < kSide * kSide; ++i) {
    const float x = 0.25F * static_cast<float>(i % kSide);
    const float y = 0.25F * static_cast<float>(i / kSide);
    xyz.insert(xyz.end(), {x, y, std::sin(x) + std::cos(y)});
    intensity.push_back(0.5F + 0.5F * std::sin(x * y));
  }
  const std::int64_t count = kSide * kSide;
  Tensor batch = Tensor::zeros({count}, DType::i32);
  return {{"points", Tensor::from(xyz, {count, 3})},
          {"intensity", Tensor::from(intensity, {count, 1})},
          {"batch", batch},
          {"count", Tensor::from<std::int32_t>({kSide * kSide}, {1})}};
}

artifact::Bundle build_model() {
  artifact::GraphBuilder b;
  const auto points =
      b.tensor_input("points", {{artifact::kDynamic, 3}, artifact::ElementType::f32});
  const auto intensity =
      b.tensor_input("intensity", {{artifact::kDynamic, 1}, artifact::ElementType::f32});
  const auto batch = b.tensor_input("batch", {{artifact::kDynamic}, artifact::ElementType::i32});
  const auto count = b.tensor_input("count", {{1}, artifact::ElementType::i32});

  // Weights of modules: here fresh from a seed, in real life trained.
  const nn::SubmConv3d stem({.in = 1, .out = 16, .seed = 1});
  const nn::Conv3d down({.in = 16, .out = 32, .seed = 2}, {.kernel_size = 2, .stride = 2});
  const nn::ConvTranspose3d up({.in = 32, .out = 5, .seed = 3});

  const Grid grid{.voxel_size = {0.5, 0.5, 0.5}};
  const auto x = b.voxelize(
      {.points = points, .batch = batch, .active = count, .features = intensity}, {.grid = grid});
  const auto conv = [&](const std::string& name, const Weight& weight, Triple size) {
    return artifact::ConvOperands{.weight = b.conv_weight(name + ".weight", weight, size)};
  };
  const auto relu = [&](artifact::ValueRef v) {
    return b.with_features(v, b.activate(b.features(v), Activation::relu));
  };
  const auto fine = relu(b.subm_conv3d(x, conv("stem", stem.weight, 3)));
  const auto coarse = relu(b.conv3d(fine, conv("down", down.weight, 2), down.options));
  auto back = conv("up", up.weight, 2);
  back.target = fine;
  const auto scores = b.conv_transpose3d(coarse, back);
  b.output("scores",
           b.devoxelize({.points = points, .batch = batch, .active = count, .voxels = scores},
                        {.grid = grid, .nearest = NearestMode::lattice}));
  return b.bundle();
}

}  // namespace

int main(int argc, char** argv) {
  const bool keep = argc > 1;
  const fs::path folder = keep ? fs::path(argv[1]) : fs::temp_directory_path() / "voxloom_export";
  fs::create_directories(folder);
  artifact::write_bundle(folder / "points.lattice", build_model());
  const TensorMap scan = make_scan();
  write_safetensors(folder / "scan.safetensors", scan);

  const auto model = artifact::Model::load(folder / "points.lattice");
  const auto results = model.run(scan);
  const Tensor& scores = std::get<Tensor>(results.at("scores"));
  std::printf("%s: %lld points, %lld scores each\n", (folder / "points.lattice").c_str(),
              static_cast<long long>(scores.dim(0)), static_cast<long long>(scores.dim(1)));
  if (!keep) fs::remove_all(folder);
  return scores.dim(0) == kSide * kSide && scores.dim(1) == 5 ? 0 : 1;
}
