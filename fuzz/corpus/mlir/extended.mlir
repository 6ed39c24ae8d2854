module attributes {
  lattice.ir_version = 2,
  lattice.schema_digest = "1380f1e819fc0eb1af587202ecec3c14ec2c981d249333c5061f0263f82072ad",
  voxloom.extensions = 1,
  lattice.input_names = ["x_coords", "x_features", "x_active"],
  lattice.input_roles = ["sparse_coords", "sparse_features", "sparse_active"],
  lattice.output_names = ["all", "best"],
  lattice.output_roles = ["sparse_tensor", "sparse_tensor"],
  lattice.weight_file = "weights.safetensors"
} {
  func.func @forward(
    %x_coords: tensor<?x4xi32>,
    %x_features: tensor<?x4xbf16>,
    %x_active: tensor<1xi32>
  ) -> (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>, !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>) {
    %x = lattice.sparse.make %x_coords, %x_features, %x_active {stride = array<i64: 1, 1, 1>, coord_order = #lattice.coord<batch_x_y_z>} : (tensor<?x4xi32>, tensor<?x4xbf16>, tensor<1xi32>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>
    %grow_weight = lattice.weight @grow_weight {storage_key = "grow.weight", layout = #lattice.weight_layout<conv3d_o_xyz_i>, packing = #lattice.packing<dense>} : !lattice.weight<conv3d, bf16>
    %conv3d_2 = voxloom.conv3d %x, %grow_weight {support = #voxloom.support<reachable>, groups = 2, bounds = array<i64: -2, -2, -2, 2, 2, 2>} : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>, !lattice.weight<conv3d, bf16>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>
    %cross_weight = lattice.weight @cross_weight {storage_key = "cross.weight", layout = #voxloom.weight_layout<kernel_major>, packing = #lattice.packing<dense>} : !lattice.weight<kernel, bf16>
    %conv3d_4 = voxloom.conv3d %conv3d_2, %cross_weight {offsets = array<i64: 0, 0, 0, 1, 0, 0, 0, -1, 0>} : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>, !lattice.weight<kernel, bf16>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>
    %topk_5 = voxloom.sparse.topk %conv3d_4 {count = 4} : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>) -> tensor<?xi32>
    %prune_6 = voxloom.sparse.prune %conv3d_4, %topk_5 : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>, tensor<?xi32>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>
    return %conv3d_4, %prune_6 : !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>, !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = bf16>
  }
}
