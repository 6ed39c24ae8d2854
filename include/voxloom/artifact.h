// Artifacts: model bundles on disk, NAME.lattice/ with graph.mlir and weights.safetensors.
//
//   const auto model = artifact::Model::load("segmenter.lattice");
//   const auto results = model.run({{"x_coords", coords}, {"x_features", features},
//                                   {"x_active", active}});
//
// A bundle is checked as a whole when it is read: FormatError tells the first problem with its place
// and how many there are; verify_bundle lists them all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "voxloom/export.h"
#include "voxloom/graph.h"
#include "voxloom/memory.h"
#include "voxloom/safetensors.h"
#include "voxloom/sparse_tensor.h"

namespace VOXLOOM_API voxloom {
namespace artifact {

struct Bundle {
  Graph graph;
  TensorMap weights;  // by storage key; a packed weight is KEY.weight, KEY.scales and KEY.biases
};

// The text form. Reading throws FormatError, writing std::invalid_argument for a graph that is wrong.
// What is written reads back with the same meaning, floats to the bit.
[[nodiscard]] Graph parse_graph(std::string_view text);
[[nodiscard]] std::string to_text(const Graph& graph);

[[nodiscard]] Bundle read_bundle(const std::filesystem::path& folder);
// The folder appears whole or not at all, with the companions: texts by file name that travel with the
// model. A bundle that stands there already is replaced; a folder that holds anything but a bundle and
// files of the companions' names is refused. Arrays that no weight names are left out.
void write_bundle(const std::filesystem::path& folder, const Bundle& bundle,
                  const std::map<std::string, std::string>& companions = {});

// Every problem and every warning; empty: the bundle is right. Never throws for bad data.
[[nodiscard]] Diagnostics verify_bundle(const std::filesystem::path& folder);
[[nodiscard]] Diagnostics verify_bundle(const Bundle& bundle);

// Where other readers of the format would stop, as warnings: our extensions, and what mlx-lattice cannot
// run. Of a graph that is right; empty: it travels.
[[nodiscard]] Diagnostics portability_of(const Graph& graph);

// How coordinates at the boundary are meant. physical: lattice coordinate times stride; they must be
// divisible. logical: lattice coordinates, whatever the stride.
enum class Coordinates : std::uint8_t { physical, logical };

struct ModelOptions {
  Coordinates coordinates = Coordinates::physical;
  // Sets of coordinates that each entry point remembers: inputs that come again keep their kernel
  // maps. 0: none.
  std::size_t remembered_sets = 4;
  // Batch norms go into the weights before them, additions and rectifiers into a convolution's last
  // store. Off: every operation by itself.
  bool fuse = true;
};

using Result = std::variant<Tensor, SparseTensor>;
using Results = std::map<std::string, Result>;

// As files hold them: NAME, or NAME.coords (lattice coordinates), NAME.features and NAME.active.
[[nodiscard]] TensorMap to_tensors(const Results& results);

// A bundle that runs. Copies share everything; run() may be called from several threads at once.
class Model {
 public:
  [[nodiscard]] static Model load(const std::filesystem::path& folder,
                                  const ModelOptions& options = {});
  [[nodiscard]] static Model from_bundle(Bundle bundle, const ModelOptions& options = {});

  // Inputs by the graph's input names. Buffers may be longer than their content where the graph takes
  // an `active` count. std::invalid_argument for what is missing, unknown or of the wrong type.
  [[nodiscard]] Results run(const TensorMap& inputs) const;

  [[nodiscard]] const Graph& graph() const;
  [[nodiscard]] const TensorMap& weights() const;
  // Where feature memory comes from: a second call takes no new bytes from the system.
  [[nodiscard]] const MemoryPool& pool() const;
  void release_memory() const;  // gives what is kept for the next call back to the system

  class Impl;

 private:
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace artifact
}  // namespace voxloom
