module attributes {
  lattice.ir_version = 2,
  lattice.schema_digest = "1380f1e819fc0eb1af587202ecec3c14ec2c981d249333c5061f0263f82072ad",
  lattice.input_names = ["x_coords", "x_features", "x_active"],
  lattice.input_roles = ["sparse_coords", "sparse_features", "sparse_active"],
  lattice.output_names = ["classes"],
  lattice.output_roles = ["tensor"],
  lattice.weight_file = "weights.safetensors"
} {
  func.func @forward(
    %x_coords: tensor<?x4xi32>,
    %x_features: tensor<?x4xf32>,
    %x_active: tensor<1xi32>
  ) -> tensor<2x3xf32> {
    %x = lattice.sparse.make %x_coords, %x_features, %x_active {stride = array<i64: 2, 1, 1>, coord_order = #lattice.coord<batch_x_y_z>} : (tensor<?x4xi32>, tensor<?x4xf32>, tensor<1xi32>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>
    %stem_weight = lattice.weight @stem_weight {storage_key = "stem.weight", layout = #lattice.weight_layout<conv3d_o_xyz_i>, packing = #lattice.packing<int4, group_size = 32, scale_dtype = f16, mode = affine>} : !lattice.weight<conv3d, f32>
    %stem_bias = lattice.weight @stem_bias {storage_key = "stem.bias", layout = #lattice.weight_layout<bias_c>, packing = #lattice.packing<dense>} : !lattice.weight<bias, f32>
    %subm_conv3d_3 = lattice.subm_conv3d %x, %stem_weight, %stem_bias {kernel_size = array<i64: 3, 3, 3>, dilation = array<i64: 1, 1, 1>, accumulation = "canonical_f32"} : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>, !lattice.weight<conv3d, f32>, !lattice.weight<bias, f32>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>
    %norm_scale = lattice.weight @norm_scale {storage_key = "norm.scale", layout = #lattice.weight_layout<channel_c>, packing = #lattice.packing<dense>} : !lattice.weight<channel, f32>
    %decompose_5, %decompose_5_1, %decompose_5_2 = lattice.sparse.decompose %subm_conv3d_3 : !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32> -> (tensor<?x4xi32>, tensor<?x6xf32>, tensor<1xi32>)
    %rms_norm_6 = lattice.rms_norm %decompose_5_1, %norm_scale {eps = 1.0e-05 : f32} : (tensor<?x6xf32>, !lattice.weight<channel, f32>) -> tensor<?x6xf32>
    %with_features_7 = lattice.sparse.with_features %subm_conv3d_3, %rms_norm_6 : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>, tensor<?x6xf32>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>
    %pool3d_8 = lattice.pool3d %with_features_7 {mode = #lattice.pool_mode<max>, kernel_size = array<i64: 2, 2, 2>, stride = array<i64: 2, 2, 2>, padding = array<i64: 0, 0, 0>, dilation = array<i64: 1, 1, 1>} : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>
    %global_pool_9 = lattice.global_pool %pool3d_8 {mode = #lattice.pool_mode<avg>, batch_size = 2} : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>) -> tensor<2x6xf32>
    %head_weight = lattice.weight @head_weight {storage_key = "head.weight", layout = #lattice.weight_layout<linear_o_i>, packing = #lattice.packing<int8, group_size = 32, scale_dtype = f32, mode = affine>} : !lattice.weight<linear, f32>
    %linear_11 = lattice.linear %global_pool_9, %head_weight : (tensor<2x6xf32>, !lattice.weight<linear, f32>) -> tensor<2x3xf32>
    %softmax_12 = lattice.softmax %linear_11 {axis = -1} : (tensor<2x3xf32>) -> tensor<2x3xf32>
    return %softmax_12 : tensor<2x3xf32>
  }
}
