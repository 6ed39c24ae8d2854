// A small bundle as text, to spoil in many ways.
#pragma once

#include <fstream>
#include <string>

#include "artifact/helpers.h"

namespace voxloom::test {

inline const std::string kSparse =
    "!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>";

// conv3d 3 -> 4 with bias, relu, pool, global pool, linear 4 -> 2.
inline std::string sample_text() {
  std::string text = R"mlir(// A classifier.
module attributes {
  lattice.ir_version = 2,
  lattice.schema_digest = "1380f1e819fc0eb1af587202ecec3c14ec2c981d249333c5061f0263f82072ad",
  lattice.input_names = ["coords", "features", "active"],
  lattice.input_roles = ["sparse_coords", "sparse_features", "sparse_active"],
  lattice.output_names = ["output"],
  lattice.output_roles = ["tensor"],
  lattice.weight_file = "weights.safetensors"
} {
  func.func @forward(%c: tensor<?x4xi32>, %f: tensor<?x3xf32>, %a: tensor<1xi32>) -> tensor<?x2xf32> {
    %x = lattice.sparse.make %c, %f, %a {stride = array<i64: 1, 1, 1>, coord_order = #lattice.coord<batch_x_y_z>} : (tensor<?x4xi32>, tensor<?x3xf32>, tensor<1xi32>) -> SPARSE
    %w = lattice.weight @w {storage_key = "conv.weight", layout = #lattice.weight_layout<conv3d_o_xyz_i>, packing = #lattice.packing<dense>} : !lattice.weight<conv3d, f32>
    %b = lattice.weight @b {storage_key = "conv.bias", layout = #lattice.weight_layout<bias_c>, packing = #lattice.packing<dense>} : !lattice.weight<bias, f32>
    %y = lattice.conv3d %x, %w, %b {kernel_size = array<i64: 2, 1, 1>, stride = array<i64: 2, 1, 1>, padding = array<i64: 0, 0, 0>, dilation = array<i64: 1, 1, 1>, accumulation = "canonical_f32"} : (SPARSE, !lattice.weight<conv3d, f32>, !lattice.weight<bias, f32>) -> SPARSE
    %yc, %yf, %ya = lattice.sparse.decompose %y : SPARSE -> (tensor<?x4xi32>, tensor<?x4xf32>, tensor<1xi32>)
    %r = lattice.activation %yf {kind = #lattice.activation<relu>, approximate = #lattice.gelu_approx<none>, alpha = 0.01 : f32, beta = 1.0 : f32, threshold = 20.0 : f32} : (tensor<?x4xf32>) -> tensor<?x4xf32>
    %z = lattice.sparse.with_features %y, %r : (SPARSE, tensor<?x4xf32>) -> SPARSE
    %g = lattice.global_pool %z {mode = #lattice.pool_mode<avg>, batch_size = 2} : (SPARSE) -> tensor<?x4xf32>
    %hw = lattice.weight @hw {storage_key = "head.weight", layout = #lattice.weight_layout<linear_o_i>, packing = #lattice.packing<int8, group_size = 32, scale_dtype = f16, mode = affine>} : !lattice.weight<linear, i8>
    %o = lattice.linear %g, %hw {} : (tensor<?x4xf32>, !lattice.weight<linear, i8>) -> tensor<?x2xf32>
    return %o : tensor<?x2xf32>
  }
}
)mlir";
  for (std::size_t at = 0; (at = text.find("SPARSE", at)) != std::string::npos;) {
    text.replace(at, 6, kSparse);
  }
  return text;
}

inline TensorMap sample_weights() {
  return {{"conv.weight", Tensor::full({4, 2, 1, 1, 3}, DType::f32, 0.5F)},
          {"conv.bias", Tensor::full({4}, DType::f32, 0.25F)},
          {"head.weight.weight", Tensor::zeros({1, 2, 8}, DType::u32)},
          {"head.weight.scales", Tensor::full({1, 2, 1}, DType::f16, 1)},
          {"head.weight.biases", Tensor::full({1, 2, 1}, DType::f16, 0.5F)}};
}

inline TensorMap sample_inputs() {
  return {{"coords", Tensor::from(std::vector<std::int32_t>{0, 0, 0, 0, 0, 1, 0, 0, 1, 5, 0, 0,  //
                                                            0, 0, 0, 0},
                                  {4, 4})},
          {"features", Tensor::full({4, 3}, DType::f32, 1)},
          {"active", Tensor::from(std::vector<std::int32_t>{3}, {1})}};
}

// The text with its first `what` replaced.
inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

inline void write_sample(const fs::path& folder, const std::string& text,
                         const TensorMap& weights) {
  fs::create_directories(folder);
  std::ofstream(folder / "graph.mlir") << text;
  write_safetensors(folder / "weights.safetensors", weights);
}

// Everything that verify_bundle says of it.
inline std::string problems_of(const std::string& text,
                               const TensorMap& weights = sample_weights()) {
  const TemporaryFolder folder;
  write_sample(folder / "x.lattice", text, weights);
  return messages(artifact::verify_bundle(folder / "x.lattice"));
}

}  // namespace voxloom::test
