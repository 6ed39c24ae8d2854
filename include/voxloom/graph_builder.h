// Builds artifacts in C++: inputs, weights, operations, outputs, then save().
//
//   GraphBuilder b;
//   const ValueRef x = b.sparse_input("x", {.channels = 3});
//   const ValueRef w = b.conv_weight("stem.weight", weight, 3);
//   b.output("output", b.named("stem").subm_conv3d(x, {.weight = w}, {.kernel_size = 3}));
//   b.save("tiny.lattice");
//
// Every step is checked when it is taken: std::invalid_argument with the reason. An operation that
// IR v2 can say is written so that every reader of the format runs it; options beyond that become
// `voxloom.*` operations. Any operation of the format can be added by name with op().
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "voxloom/algebra.h"
#include "voxloom/artifact.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"
#include "voxloom/export.h"
#include "voxloom/points.h"
#include "voxloom/pool.h"

namespace VOXLOOM_API voxloom {
namespace artifact {

// A value of the graph that is being built. One made by default stands for none.
struct ValueRef {
  int id = -1;
  [[nodiscard]] bool defined() const { return id >= 0; }
};

// Operands by the names of the operation's row; those that stand for none are left out.
using NamedRefs = std::vector<std::pair<std::string_view, ValueRef>>;

struct SparseInput {
  std::int64_t channels = 0;
  DType dtype = DType::f32;
  Triple stride = 1;
  std::int64_t batch_size = -1;  // -1: from the data
};

// The operands of a convolution besides its input. `options.target` of the calls below must be
// empty: a graph's target is a value.
struct ConvOperands {
  ValueRef weight;
  ValueRef bias = {};
  ValueRef target = {};
};

struct PointOperands {
  ValueRef points, batch, active;
  ValueRef features = {};  // of voxelize
  ValueRef voxels = {};    // of devoxelize
};

struct NormOperands {
  ValueRef scale;
  ValueRef bias = {}, mean = {}, variance = {};
};

class GraphBuilder {
 public:
  GraphBuilder();
  ~GraphBuilder();
  GraphBuilder(GraphBuilder&&) noexcept;
  GraphBuilder& operator=(GraphBuilder&&) noexcept;

  // --- the boundary ---
  ValueRef tensor_input(const std::string& name, const TensorType& type);
  // Three inputs, NAME_coords, NAME_features and NAME_active, and the tensor made of them.
  ValueRef sparse_input(const std::string& name, const SparseInput& input);
  void output(const std::string& name, ValueRef value);

  // --- weights, stored under `key` ---
  ValueRef weight(const std::string& key, WeightFamily family, const Weight& value);
  // Any layout of weight.h for a kernel of this size; dense ones are stored as (O,X,Y,Z,I/groups).
  ValueRef conv_weight(const std::string& key, const Weight& value, Triple kernel_size,
                       std::int32_t groups = 1);

  // --- operations ---
  // The name that the next operation's (first) result gets in the text.
  GraphBuilder& named(std::string name);
  // By its full name, written as it is. Attributes that are left out take the library's defaults.
  std::vector<ValueRef> op(std::string_view name, const std::vector<ValueRef>& operands,
                           Attributes attributes = {});
  // By its name without a dialect, "conv3d": as IR v2 says it where that has words for it, else as an
  // operation of ours. The functions below are calls.
  std::vector<ValueRef> call(std::string_view name, const NamedRefs& operands,
                             Attributes attributes = {});

  ValueRef features(ValueRef x);  // the feature matrix of a sparse tensor
  ValueRef with_features(ValueRef x, ValueRef features);

  ValueRef conv3d(ValueRef x, const ConvOperands& operands, const ConvOptions& options = {});
  ValueRef subm_conv3d(ValueRef x, const ConvOperands& operands,
                       const SubmConvOptions& options = {});
  ValueRef conv_transpose3d(ValueRef x, const ConvOperands& operands,
                            const ConvTransposeOptions& options = {});
  ValueRef generative_conv_transpose3d(ValueRef x, const ConvOperands& operands,
                                       const GenerativeConvTransposeOptions& options = {});
  ValueRef normalized_subm_conv3d(ValueRef x, const ConvOperands& operands,
                                  const SubmConvOptions& options = {}, float eps = kNormalizedEps);
  ValueRef normalized_conv_transpose3d(ValueRef x, const ConvOperands& operands,
                                       const ConvTransposeOptions& options = {},
                                       float eps = kNormalizedEps);
  ValueRef normalized_generative_conv_transpose3d(
      ValueRef x, const ConvOperands& operands, const GenerativeConvTransposeOptions& options = {},
      float eps = kNormalizedEps);
  // Back to the rows of `reference`, the input of the forward convolution with these options.
  ValueRef inverse_conv3d(ValueRef x, ValueRef reference, const ConvOperands& operands,
                          const ConvOptions& forward = {});

  ValueRef pool3d(ValueRef x, const PoolOptions& options = {});
  ValueRef max_unpool3d(ValueRef x, ValueRef pooled, const PoolOptions& options = {});
  ValueRef pool_transpose3d(ValueRef x, const PoolTransposeOptions& options = {},
                            ValueRef target = {});
  ValueRef trilinear_upsample3d(ValueRef x, const UpsampleOptions& options = {},
                                ValueRef target = {});
  ValueRef global_pool(ValueRef x, PoolMode mode, std::int64_t batch_size = -1);

  ValueRef voxelize(const PointOperands& operands, const VoxelizeOptions& options = {});
  ValueRef devoxelize(const PointOperands& operands, const DevoxelizeOptions& options = {});

  ValueRef binary(BinaryOp kind, ValueRef lhs, ValueRef rhs, const JoinOptions& options);
  ValueRef cat(const std::vector<ValueRef>& tensors, Join join = Join::inner);
  ValueRef reindex(ValueRef x, ValueRef target, float fill = 0);
  ValueRef crop(ValueRef x, Triple lo, Triple hi);
  ValueRef prune(ValueRef x, ValueRef rows);
  ValueRef topk(ValueRef x, std::int64_t count, std::int64_t channel = 0);

  ValueRef linear(ValueRef x, ValueRef weight, ValueRef bias = {});
  ValueRef embedding_lookup(ValueRef indices, ValueRef table);
  ValueRef activate(ValueRef x, Activation kind, const ActivationOptions& options = {});
  ValueRef exp(ValueRef x);
  ValueRef round(ValueRef x);
  ValueRef softmax(ValueRef x);
  ValueRef batch_norm(ValueRef x, const NormOperands& operands, float eps = 1e-5F);
  ValueRef layer_norm(ValueRef x, const NormOperands& operands, float eps = 1e-5F);
  ValueRef rms_norm(ValueRef x, ValueRef scale, float eps = 1e-5F);

  // --- what was built ---
  [[nodiscard]] const ValueType& type(ValueRef value) const;
  [[nodiscard]] std::int64_t channels(ValueRef value) const;         // kDynamic when not known
  [[nodiscard]] std::optional<Triple> stride(ValueRef value) const;  // of a sparse one, when known
  [[nodiscard]] Bundle bundle() const;                   // std::invalid_argument without outputs
  void save(const std::filesystem::path& folder) const;  // write_bundle

 private:
  ValueRef first(std::string_view name, const NamedRefs& operands, Attributes attributes = {});

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace artifact
}  // namespace voxloom
