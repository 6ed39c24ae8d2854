// Weights of other libraries as ours, and published networks as bundles.
//
// The libraries keep the same kernels in different orders. What each stores, K the kernel's volume:
//
//   spconv       2.x   (C_out, k0, k1, k2, C_in)   the last axis fastest
//   spconv1      1.x   (k0, k1, k2, C_in, C_out)   the same; also mmcv's
//   minkowski          (K, C_in, C_out)            the first axis fastest; (C_in, C_out) when K is 1
//   torchsparse        (K, C_in, C_out)            K odd: the first axis fastest; even: the last
//   warpconvnet        (K, C_in, C_out)            the last axis fastest; (K, G, C_in/G, C_out/G) in groups
//   mlx-lattice        (C_out, k0, k1, k2, C_in)   the last axis fastest; (K, C_in, C_out), (C_out, C_in)
//
// All of them correlate, as we do: no kernel is mirrored. The axes k0, k1, k2 are those of the coordinates'
// columns after the batch: x, y, z, or z, y, x where networks keep their coordinates so (OpenPCDet,
// mmdet3d).
//
// A 1x1x1 convolution of spconv 2.x (submanifold, or of stride 1) multiplies with the weight's memory read
// as (C_in, C_out), not transposed as its shape says: a network trained by it means that.
//
// Errors: std::invalid_argument with what was expected and what came; FormatError for a checkpoint that does
// not hold the network, with every key that is missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/artifact.h"
#include "voxloom/checkpoint.h"
#include "voxloom/export.h"
#include "voxloom/triple.h"

namespace VOXLOOM_API voxloom {
namespace checkpoint {

enum class Library : std::uint8_t {
  spconv,
  spconv1,
  minkowski,
  torchsparse,
  warpconvnet,
  mlx_lattice
};
[[nodiscard]] std::string_view name_of(Library library);  // "mlx-lattice"
// std::invalid_argument lists the names.
[[nodiscard]] Library library_named(std::string_view name);

// What the columns of a network's coordinates are, after the batch.
enum class Axes : std::uint8_t { xyz, zyx };

// What the weight of spconv 2.x's 1x1x1 convolutions means: what the library computes with it, or what its
// shape says, for weights that came from elsewhere and never ran in it.
enum class PointwiseWeights : std::uint8_t { as_run, as_declared };

struct LibraryLayout {
  Library library = Library::spconv;
  Triple kernel_size = 3;  // along our x, y, z
  Axes axes = Axes::xyz;
  PointwiseWeights pointwise = PointwiseWeights::as_run;
};

// The weight as our operations take it: (K, C_in, C_out), k = (ix*Ky + iy)*Kz + iz, or (K, G, C_in/G,
// C_out/G) from a grouped one. Element types are kept.
[[nodiscard]] Tensor to_kernel_major(const Tensor& weight, const LibraryLayout& layout);

// The library that made these weights, by the names and shapes of all of them. std::invalid_argument when
// several could have, or none. `among`: the only ones to consider; empty: all.
[[nodiscard]] Library library_of(const TensorMap& tensors, const std::vector<Library>& among = {});

// A network that can be imported by its name.
struct ImportableNetwork {
  std::string name;                // "minkunet34c"
  std::string summary;             // whose, and in which code
  std::vector<Library> libraries;  // that its checkpoints come from
  Axes axes = Axes::xyz;
  bool needs_spatial_shape = false;
};
[[nodiscard]] const std::vector<ImportableNetwork>& importable_networks();

struct ImportOptions {
  std::string network;
  std::optional<Library> from = {};  // empty: library_of
  std::optional<Axes> axes = {};     // empty: the network's
  PointwiseWeights pointwise = PointwiseWeights::as_run;
  // Before the network's names ("backbone."); empty: found out.
  std::optional<std::string> prefix = {};
  // The grid of the input in the order of `axes`, as the network's configuration writes it
  // (sparse_shape: 41, 1600, 1408). Detection networks cut their coordinates off at it.
  std::optional<std::vector<std::int64_t>> spatial_shape = {};
  // Keys below the prefix that the network has no use for are passed over instead of an error.
  bool allow_unused = false;
};

struct ImportReport {
  Library library = Library::spconv;
  Axes axes = Axes::xyz;
  std::string prefix;
  std::size_t used = 0;                 // tensors
  std::vector<std::string> unused;      // names of tensors that have no part in the bundle
  std::vector<std::string> statistics;  // counters of batch norms, which inference has no use for
  std::vector<std::string> notes;       // what else to know, a sentence each
};

struct Import {
  // Input "x", a sparse tensor; output "output", a sparse tensor on rows of the network's output. float32.
  // Weights are named as in the checkpoint, without the prefix, "kernel" called "weight", and without the
  // "bn." of MinkowskiEngine's norms: as nn::MinkUNet names its own.
  artifact::Bundle bundle;
  ImportReport report;
};
[[nodiscard]] Import import_network(const Checkpoint& checkpoint, const ImportOptions& options);

}  // namespace checkpoint
}  // namespace voxloom
