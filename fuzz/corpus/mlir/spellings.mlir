// Odd spellings.
builtin.module @m attributes {lattice.ir_version = 0x2 : i64, "lattice.schema_digest" = "1380f1e819fc0eb1af587202ecec3c14ec2c981d249333c5061f0263f82072ad",
 lattice.input_names = ["c", "f\22", "\61"], lattice.input_roles = ["tensor", "tensor", "tensor"], lattice.output_names = ["o"],
 lattice.output_roles = ["tensor"], lattice.weight_file = "weights.safetensors"} {
 func.func public @forward(%0: tensor<? x 4 x i32>, %1: tensor<?x?xf16>, %2: tensor<1xi32>) -> (tensor<?x?xf16>) {
  %x = lattice.sparse.make %0, %1, %2 {stride=array<i64:1,1,2>,coord_order=#lattice.coord<batch_x_y_z>} : (tensor<?x4xi32>, tensor<?x?xf16>, tensor<1xi32>) -> !lattice.sparse_tensor<dtype = f16, rank = 3, coord = batch_x_y_z, feature = row_channel>
  %r = lattice.sparse.reindex %x, %x {fill = 0xFF800000 : f32} : (!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f16>, !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f16>) -> !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f16>
  %p:3 = lattice.sparse.decompose %r {} : !lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f16> -> (tensor<?x4xi32>, tensor<?x?xf16>, tensor<1xi32>)
  %s = lattice.softmax %p#1 {axis = -1} : (tensor<?x?xf16>) -> tensor<?x?xf16>
  func.return %s : tensor<?x?xf16>
 }
}
