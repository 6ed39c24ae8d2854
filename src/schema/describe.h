// Options as attributes, in the names of the operations' rows (artifact/ops): the one way from a call to
// a graph, for who traces a network and for who builds a graph by hand.
//
// A target is an operand. Options that hold one are refused: std::invalid_argument.
#pragma once

#include "voxloom/algebra.h"
#include "voxloom/attributes.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"
#include "voxloom/points.h"
#include "voxloom/pool.h"

namespace voxloom::schema {

// Of the operation conv3d; a submanifold convolution is one.
[[nodiscard]] Attributes describe(const ConvOptions& options);
[[nodiscard]] Attributes describe(const SubmConvOptions& options);
// Of conv_transpose3d; a generative convolution is one, and without a target and groups it has a row of
// its own.
[[nodiscard]] Attributes describe(const ConvTransposeOptions& options);
[[nodiscard]] Attributes describe(const GenerativeConvTransposeOptions& options);
[[nodiscard]] Attributes describe_generative(const GenerativeConvTransposeOptions& options);
// Of inverse_conv3d, with the options of the forward convolution.
[[nodiscard]] Attributes describe_inverse(const ConvOptions& forward);
// The same operation, divided by the norm of the weights that were met.
[[nodiscard]] Attributes normalized(Attributes attributes, float eps);

[[nodiscard]] Attributes describe(const PoolOptions& options);         // pool3d
[[nodiscard]] Attributes describe_unpool(const PoolOptions& options);  // max_unpool3d
[[nodiscard]] Attributes describe(const PoolTransposeOptions& options);
[[nodiscard]] Attributes describe(const UpsampleOptions& options);

[[nodiscard]] EnumValue describe(PoolMode mode);
[[nodiscard]] EnumValue describe(Join join);
[[nodiscard]] Attributes describe(BinaryOp op, const JoinOptions& options);  // sparse.binary
[[nodiscard]] Attributes describe(Activation kind, const ActivationOptions& options);
[[nodiscard]] Attributes describe(const VoxelizeOptions& options);
[[nodiscard]] Attributes describe(const DevoxelizeOptions& options);

}  // namespace voxloom::schema
